"""Bulk actions, exports and imports as an operator's browser gets them."""

import csv
import io
import json
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authsec.jobs import files
from authsec.jobs.models import Job
from endusers.models import EndUser, Upload
from tests import cast
from tests.endusers.jobs import asked, done, people
from tests.statements import statements

pytestmark = pytest.mark.django_db
LIST = "/t/alex-tools/end-users/"
BULK = f"{LIST}bulk/"


@pytest.fixture
def tools():
    return cast.open_tenant("alex-tools", "alex@alex-tools.example")


@pytest.fixture
def owner(tools):
    return cast.owner_of(tools)


@pytest.fixture
def alex(owner):
    return cast.signed_in(owner)


@pytest.fixture(autouse=True)
def var(tmp_path, settings):
    settings.VAR = tmp_path


def job_of(browser, answer) -> Job:
    """The job that the answer leads to, after a worker took it."""
    assert answer.status_code == 302, answer.content.decode()[:2000]
    return done(browser.get(answer["Location"]).context["job"])


def statuses(tenant) -> dict:
    with tenant_context(tenant.id):
        return dict(EndUser.objects.filter(tenant=tenant).values_list("user_id", "status"))


def test_the_list_offers_boxes_a_bar_and_everybody_who_matches(tools, alex):
    people(tools, 3)
    page = alex.get(LIST).text
    assert page.count('name="user"') == 3
    assert "Select all" not in page, "one page holds them all"
    for label in ("Suspend…", "Change plan tier…", "Set rate limit…", "Revoke tokens…", "Add to group…"):
        assert label in page
    everybody = alex.get(f"{LIST}?plan_tier=free&q=example&select=all").text
    assert "All 3 selected" in everybody
    assert '<input type="hidden" name="plan_tier" value="free" form="bulk">' in everybody
    assert 'name="user"' not in everybody


def test_choosing_asking_and_doing_it(tools, alex):
    ids = people(tools, 3)
    query = f"action=suspend&user={ids[0]}&user={ids[1]}"
    page = alex.get(f"{BULK}?{query}").text
    assert "Suspend 2 end users in alex-tools?" in page
    assert "tokens answer inactive" in page
    refused = alex.post(f"{BULK}?{query}", {"reason": " "})
    assert refused.status_code == 422
    assert "Say why" in refused.text
    job = job_of(alex, alex.post(f"{BULK}?{query}", {"reason": "leaked keys"}))
    assert [statuses(tools)[key] for key in ids] == ["suspended", "suspended", "active"]
    panel = alex.get(f"{LIST}jobs/{job.pk}/").text
    assert "Take it back…" in panel
    undone = job_of(alex, alex.post(f"{LIST}jobs/{job.pk}/undo/"))
    assert set(statuses(tools).values()) == {"active"}
    assert "Take it back…" not in alex.get(f"{LIST}jobs/{undone.pk}/").text


def test_everybody_who_matches_means_the_filters_of_the_address(tools, alex):
    people(tools, 3)
    pro = cast.end_user(tools, "pro@example.test", tier="pro").user_id
    address = f"{BULK}?action=set_plan_tier&all=1&plan_tier=pro"
    assert "Change the plan tier of 1 end user in alex-tools?" in alex.get(address).text
    told = alex.get(
        f"{address}&to-plan_tier=pro", headers={"HX-Request": "true", "HX-Target": "numbers"}
    ).text
    assert "left out: on this tier already" in told
    assert "<h1>" not in told
    job_of(alex, alex.post(address, {"to-plan_tier": "custom"}))
    with tenant_context(tools.id):
        assert EndUser.objects.get(plan_tier__key="custom").user_id == pro


def test_what_cant_be_undone_wants_the_slug_typed(tools, alex):
    people(tools, 1)
    address = f"{BULK}?action=revoke_tokens&all=1"
    assert "Type alex-tools to do it" in alex.get(address).text
    assert alex.post(address, {"typed": "alex"}).status_code == 422
    assert alex.post(address, {"typed": "alex-tools"}).status_code == 302


def test_who_was_left_out_is_listed_with_why(tools, owner, alex):
    ids = people(tools, 2)
    done(asked(owner, "suspend", ids=ids[:1]))
    job = done(asked(owner, "suspend", ids=[*ids, uuid4()]))
    page = alex.get(f"{LIST}jobs/{job.pk}/").text
    assert "suspended already" in page
    assert "no end user here" in page
    assert "P 0" in page
    assert "P 1" not in page
    assert "P 1" in alex.get(f"{LIST}jobs/{job.pk}/?show=changed").text
    assert alex.get(f"{LIST}jobs/{job.pk}/?show=x").status_code == 400
    assert "What it did" in alex.get(f"/t/alex-tools/jobs/{job.pk}/").text


@pytest.mark.parametrize(
    "query",
    ["", "action=fly&all=1", "action=suspend&user=1", "action=suspend&all=1&status=gone", "action=%00&all=1"],
)
def test_an_address_that_means_nothing_is_a_400(alex, query):
    assert alex.get(f"{BULK}?{query}").status_code == 400


def test_naming_nobody_leads_back(tools, alex):
    answer = alex.get(f"{BULK}?action=suspend", follow=True)
    assert "Choose somebody first." in answer.text


def test_an_operator_hears_in_words_what_they_may_not(tools, alex):
    people(tools, 1)
    mia = cast.signed_in(cast.member(tools, "mia@alex-tools.example"))
    assert 'id="bulk"' not in mia.get(LIST).text
    refused = mia.post(f"{BULK}?action=suspend&all=1", {"reason": "why"})
    assert refused.status_code == 403
    assert "None of your roles gives endusers:suspend" in refused.text
    helper = cast.member(tools, "hal@alex-tools.example")
    cast.bind(tools, cast.role(tools, "Helpers", console=["endusers:update", "groups:manage"]), helper)
    admins = cast.group(tools, "admins")
    cast.bind(tools, cast.system_role(tools, "tenant-admin"), admins)
    hal = cast.signed_in(helper)
    assert "Suspend…" not in hal.get(LIST).text
    answer = hal.post(f"{BULK}?action=add_to_group&all=1", {"to-group_id": str(admins.pk)})
    assert answer.status_code == 422
    assert "You can&#x27;t give what you don&#x27;t hold" in answer.text


def test_a_question_costs_six_statements_however_many_match(tools, alex):
    people(tools, 30)
    alex.get(f"{BULK}?action=suspend&all=1")
    with statements() as sent:
        assert alex.get(f"{BULK}?action=suspend&all=1").status_code == 200
    assert len(sent) <= 6, sent


def exported(alex, format: str, query: str = "all=1") -> str:
    job = job_of(alex, alex.post(f"{BULK}?action=export&{query}", {"to-format": format}))
    assert job.status == "done", job.error
    return files.path_of(job).read_text()


def test_an_export_holds_exactly_who_matches_once_each(tools, alex, monkeypatch):
    monkeypatch.setattr("endusers.export.CHUNK", 2)
    ids = people(tools, 5)
    cast.end_user(tools, "evil@example.test", name="=1+1", tier="pro")
    rows = list(csv.DictReader(io.StringIO(exported(alex, "csv"))))
    assert len({row["user_id"] for row in rows}) == len(rows) == 6
    assert [row["display_name"] for row in rows if row["plan_tier"] == "pro"] == ["'=1+1"]
    lines = [json.loads(line) for line in exported(alex, "jsonl", "all=1&plan_tier=free").splitlines()]
    assert {line["user_id"] for line in lines} == {str(key) for key in ids}
    assert set(lines[0]) == set(rows[0])
    assert lines[0]["applications"] == []
    with tenant_context(tools.id):
        told = Event.objects.filter(tenant=tools, action="end_users.exported").order_by("id")
        assert [event.after["people"] for event in told] == [6, 5]
        assert told[1].after["filter"] == {"plan_tier": "free"}


def bring(alex, text: str):
    return alex.post(f"{LIST}import/", {"file": SimpleUploadedFile("tiers.csv", text.encode())}, follow=True)


def test_a_file_shows_each_lines_fate_and_then_does_it(tools, alex):
    ids = people(tools, 4)
    text = (
        "email,user_id,plan_tier,status\n"
        "p0@example.test,,pro,\n"
        f",{ids[1]},pro,suspended\n"
        "P2@Example.test,,free,active\n"
        "nobody@example.test,,pro,\n"
        "p0@example.test,,custom,\n"
        "p3@example.test,,platinum,\n"
        ",,pro,\n"
        "p3@example.test,,,gone\n"
        "short\n"
    )
    page = bring(alex, text)
    lines = {line.number: line for line in page.context["lines"]}
    assert {number: line.fate for number, line in lines.items()} == {
        2: "changed",
        3: "changed",
        4: "already",
        5: "unknown",
        6: "malformed",
        7: "malformed",
        8: "malformed",
        9: "malformed",
        10: "malformed",
    }
    assert "An earlier line names the same person." in page.text
    assert set(statuses(tools).values()) == {"active"}
    address = page.redirect_chain[-1][0]
    assert alex.post(address, {}).status_code == 422
    job = job_of(alex, alex.post(address, {"reason": "from billing"}))
    assert (job.status, job.total, job.done, job.failed) == ("done", 9, 9, 6)
    with tenant_context(tools.id):
        tiers = dict(EndUser.objects.filter(tenant=tools).values_list("user_id", "plan_tier__key"))
    assert [tiers[key] for key in ids] == ["pro", "pro", "free", "free"]
    assert statuses(tools)[ids[1]] == "suspended"
    assert alex.get(f"{address}?fate=changed").context["lines"] == []


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffUser ID;Plan tier\r\n{};pro\r\n".encode(),
        b"sep=;\n\nuser_id;plan_tier\n{};pro\n",
        "user_id\tplan_tier\n{}\tpro\n".encode("utf-16"),
        b"E-mail,Plan tier\rp0@example.test,pro\r",
    ],
)
def test_a_file_is_read_as_spreadsheets_write_it(tools, alex, content):
    (person,) = people(tools, 1)
    made = content.replace(b"{}", str(person).encode())
    if content.startswith(b"\xff\xfe"):
        made = content.decode("utf-16").replace("{}", str(person)).encode("utf-16")
    page = alex.post(f"{LIST}import/", {"file": SimpleUploadedFile("t.csv", made)}, follow=True)
    (line,) = page.context["lines"]
    assert (line.user_id, line.plan_tier, line.fate) == (person, "pro", "changed")


def test_a_look_at_a_file_judges_it_once_and_says_when(tools, alex):
    ids = people(tools, 2)
    bring(alex, f"user_id,plan_tier\n{ids[0]},pro\n{ids[1]},free\n,pro\n")
    with tenant_context(tools.id):
        upload = Upload.objects.get()
    with statements() as sent:
        page = alex.get(f"{LIST}import/{upload.pk}/?fate=unknown")
    assert sum("endusers_uploadline" in sql for sql in sent) == 1
    assert page.context["tally"].lines == {"changed": 1, "already": 1, "unknown": 0, "malformed": 1}
    assert page.context["lines"] == []
    assert "judged <time" in page.text


def test_only_so_many_files_are_kept_and_none_that_a_job_works_on(tools, alex, monkeypatch):
    monkeypatch.setattr("endusers.imports.MOST_UPLOADS", 2)
    (person,) = people(tools, 1)
    addresses = []
    for _ in range(4):
        page = bring(alex, f"user_id,plan_tier\n{person},pro\n")
        addresses.append(page.redirect_chain[-1][0])
        if len(addresses) == 1:
            assert alex.post(addresses[0], {}).status_code == 302
    assert [alex.get(address).status_code for address in addresses] == [200, 404, 200, 200]


def test_a_group_is_created_before_anybody_can_be_added_to_one(tools, alex):
    people(tools, 1)
    page = alex.get(f"{BULK}?action=add_to_group&all=1").text
    assert "There is no group here yet." in page
    assert "/authz/groups/new/" in page
    cast.group(tools, "Beta")
    assert "There is no group" not in alex.get(f"{BULK}?action=add_to_group&all=1").text


def test_the_question_counts_for_what_its_lists_show_at_first(tools, alex):
    people(tools, 3)
    page = alex.get(f"{BULK}?action=set_plan_tier&all=1")
    assert page.context["form"].fields["plan_tier"].choices[0][0] == "free"
    assert str(page.context["seen"].changing) == "0"
    assert "left out: on this tier already" in page.text


def test_a_file_that_is_none_is_refused_with_why(tools, alex):
    for text, why in (
        (" ", "user_id or email is missing"),
        ("email,name\na@b.example,x\n", "plan_tier or status is missing"),
        ("email,plan_tier\n", "no lines below"),
        ("email,email,status\na,b,c\n", "twice"),
        ("email,plan_tier\na\x00,b\n", "NUL"),
    ):
        answer = alex.post(f"{LIST}import/", {"file": SimpleUploadedFile("x.csv", text.encode())})
        assert answer.status_code == 422, text
        assert why in answer.text


def test_what_a_job_did_costs_six_statements_however_much_it_was(tools, owner, alex):
    ids = people(tools, 60)
    job = done(asked(owner, "set_plan_tier", {"plan_tier": "pro"}, ids=ids))
    alex.get(f"{LIST}jobs/{job.pk}/")
    with statements() as sent:
        page = alex.get(f"{LIST}jobs/{job.pk}/")
    assert page.context["page"].next
    assert str(page.context["page"].count) == "60"
    assert len(sent) <= 6, sent
