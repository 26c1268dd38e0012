"""The End Users pages, as an owner's browser gets them."""

import html
import re
from uuid import uuid4

import pytest
from django.utils import timezone

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from endusers import queries
from endusers.models import EndUser, PlanTier
from tests import cast
from tests.statements import statements

pytestmark = pytest.mark.django_db
LIST = "/t/alex-tools/end-users/"


@pytest.fixture
def tools():
    return cast.open_tenant("alex-tools", "alex@alex-tools.example")


@pytest.fixture
def ed(tools):
    return cast.end_user(tools, "ed@lanternworks.example", name="Ed Okafor")


@pytest.fixture
def alex(tools):
    return cast.signed_in(cast.owner_of(tools))


def row(end_user: EndUser) -> EndUser:
    with tenant_context(end_user.tenant_id):
        return EndUser.objects.get(pk=end_user.pk)


def url(end_user: EndUser, rest: str = "") -> str:
    return f"{LIST}{end_user.user_id}/{rest}"


def test_the_list_shows_name_address_tier_and_id(alex, ed):
    page = alex.get(LIST).text
    for shown in ("Ed Okafor", "ed@lanternworks.example", "Free", str(ed.user_id)):
        assert shown in page


def test_the_list_takes_six_statements_whatever_its_length(tools, alex):
    counts = []
    for more in (1, 60):
        for number in range(more):
            cast.end_user(tools, f"person{more}x{number}@example.test")
        for address in (LIST, f"{LIST}?q=example&status=active&plan_tier=free&seen=7d"):
            alex.get(address)
            with statements() as sent:
                assert alex.get(address).status_code == 200
            counts.append(len(sent))
    assert counts == [6, 6, 6, 6]


def test_the_other_pages_keep_to_six_statements_too(alex, ed):
    alex.get(LIST)  # the first request of a visit writes it down
    for address in (
        f"{LIST}overview/",
        url(ed),
        url(ed, "suspend/"),
        url(ed, "reactivate/"),
        url(ed, "plan-tier/"),
    ):
        with statements() as sent:
            assert alex.get(address).status_code == 200
        assert len(sent) <= 6, (address, sent)


def test_htmx_gets_the_table_and_what_counts_it(alex, ed):
    answer = alex.get(f"{LIST}?q=okafor", headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert "Ed Okafor" in answer.text
    for target in ("#count", "#dock", "#chips", "#views", "#said"):
        assert f"innerHTML:{target}" in answer.text
    assert "HX-Request" in answer.headers["Vary"]


def test_a_number_that_takes_long_comes_behind_the_page_or_for_whoever_asks(tools, alex, monkeypatch):
    monkeypatch.setattr(queries, "CAP", 60)
    for number in range(55):
        cast.end_user(tools, f"tanaka{number}@example.test")
    cast.analyzed("endusers_enduser")
    page = alex.get(f"{LIST}?q=tanaka").text
    assert "Export <span" in page
    assert ">over 50</span> matching" in page
    behind = re.search(r'hx-get="([^"]+count=alone)" hx-trigger="load"', page)[1]
    told = alex.get(LIST + html.unescape(behind)).text
    place = re.search(r"innerHTML:\.(counted-\w+)\">55<", told)[1]
    assert (
        page.count(f'class="{place}"') == 4
    )  # in the head, the pager, the bulk bar and the button that exports
    for asked in ("count=1", "select=all"):
        assert "over 50" not in alex.get(f"{LIST}?q=tanaka&{asked}").text


def test_a_retired_tier_is_offered_while_somebody_holds_it_and_kept_views_of_it_go_on(tools, alex, ed):
    with tenant_context(tools.id):
        PlanTier.objects.filter(tenant=tools, key__in=["pro", "free"]).update(
            ended_at=timezone.now(), is_default=False
        )
    page = alex.get(LIST).text
    assert '<option value="free">' in page
    assert '<option value="pro">' not in page
    assert '<option value="pro" selected>' in alex.get(f"{LIST}?plan_tier=pro").text


def test_an_empty_tenant_explains_and_an_empty_search_offers_to_clear(alex):
    assert "No end users yet" in alex.get(LIST).text
    assert "Nobody matches" in alex.get(f"{LIST}?q=nobody").text


def test_active_filters_show_as_chips_with_a_way_out(alex, ed):
    page = alex.get(f"{LIST}?status=active&plan_tier=free&q=ed").text
    assert "Remove filter: Status is Active" in page
    assert "?plan_tier=free&amp;q=ed" in page


def test_days_of_ones_own_count_instead_of_a_preset_and_include_the_last_one(alex, ed):
    with tenant_context(ed.tenant_id):
        EndUser.objects.filter(pk=ed.pk).update(last_seen_at="2026-03-05T23:59:59Z")
    page = alex.get(f"{LIST}?seen=1d&seen_from=2026-03-01&seen_to=2026-03-05").text
    assert "Ed Okafor" in page
    assert "from 1 Mar 2026 to 5 Mar 2026" in page
    assert "within 24 hours</b>" not in page
    assert "Ed Okafor" not in alex.get(f"{LIST}?seen_to=2026-03-04").text
    assert "on 5 Mar 2026" in alex.get(f"{LIST}?seen_from=2026-03-05&seen_to=2026-03-05").text


def test_a_sorted_column_turns_round_and_the_choice_of_all_ends_with_another_filter(alex, ed):
    page = alex.get(f"{LIST}?status=active&select=all").text
    assert "?status=active&amp;select=all&amp;order=asc" in page
    assert 'aria-sort="ascending"' in alex.get(f"{LIST}?order=asc").text
    assert "All 1 selected" in page
    assert 'href="?"' in page  # the chip's way out chooses nobody


@pytest.mark.parametrize(
    "query",
    [
        "status=gone",
        "plan_tier=platinum",
        "application=1",
        "application=00000000-0000-0000-0000-000000000000",
        "seen=yesterday",
        "client=claude",
        "order=up",
        "seen_from=yesterday",
        "seen_from=2026-13-01",
        "seen_to=9999-12-31",
        "consent_from=0001-01-01",
        "seen_from=2026-03-02&seen_to=2026-03-01",
        "sort=email",
        "cursor=x",
        "cursor=%00",
        "q=%00",
        "q=" + "a" * 201,
        "status=%ff",
    ],
)
def test_a_filter_that_does_not_exist_is_a_400(alex, ed, query):
    assert alex.get(f"{LIST}?{query}").status_code == 400


@pytest.mark.parametrize(
    "query", ["q=%25", "q=_", "q=%ff", "status=&q=", "q=ed&q=xx", "unknown=1", "q=%F0%9F%98%80"]
)
def test_odd_but_harmless_queries_are_answered(alex, ed, query):
    assert alex.get(f"{LIST}?{query}").status_code == 200


def test_a_member_only_an_unknown_id_and_a_neighbours_user_are_404(tools, alex):
    acme = cast.open_tenant()
    theirs = cast.end_user(acme, "carol@example.test")
    for user_id in (cast.owner_of(tools).id, uuid4(), theirs.user_id):
        for rest in ("", "suspend/", "reactivate/", "plan-tier/"):
            assert alex.get(f"{LIST}{user_id}/{rest}").status_code == 404
            assert alex.post(f"{LIST}{user_id}/{rest}", {"reason": "x"}).status_code in (404, 405)
    assert alex.get(f"{LIST}not-an-id/").status_code == 404
    assert row(theirs).status == "active"


def test_suspending_asks_first_and_then_does_it(alex, ed):
    question = alex.get(url(ed, "suspend/")).text
    assert "Suspend Ed Okafor in alex-tools?" in question
    assert "Reversible" in question
    answer = alex.post(url(ed, "suspend/"), {"reason": "leaked key"}, follow=True)
    assert answer.redirect_chain == [(url(ed), 302)]
    assert "Ed Okafor suspended in alex-tools" in answer.text
    assert "leaked key" in answer.text
    assert (row(ed).status, row(ed).suspended_reason) == ("suspended", "leaked key")
    with tenant_context(ed.tenant_id):
        event = Event.objects.get(action="end_user.suspended")
    assert (event.actor_capacity, event.via, event.ip) == ("owner", "console", "127.0.0.1")
    assert event.policies


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "a\x00b"])
def test_a_bad_reason_is_a_422_beside_the_field(alex, ed, reason):
    for headers in ({}, {"HX-Request": "true"}):
        answer = alex.post(url(ed, "suspend/"), {"reason": reason}, headers=headers)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
    assert row(ed).status == "active"


def test_htmx_is_sent_back_to_the_person_after_a_change(alex, ed):
    answer = alex.post(url(ed, "suspend/"), {"reason": "x"}, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == url(ed)


def test_reactivating_needs_no_reason(alex, ed):
    alex.post(url(ed, "suspend/"), {"reason": "x"})
    assert "Reactivate Ed Okafor" in alex.get(url(ed, "reactivate/")).text
    alex.post(url(ed, "reactivate/"))
    assert row(ed).status == "active"


def test_moving_to_another_tier(alex, ed):
    alex.post(url(ed, "plan-tier/"), {"plan_tier": "pro", "reason": "upgraded"})
    with tenant_context(ed.tenant_id):
        assert row(ed).plan_tier.key == "pro"
    assert alex.post(url(ed, "plan-tier/"), {"plan_tier": "platinum"}).status_code == 422
    assert "from <b>Free</b> to <b>Pro</b>" in alex.get(url(ed)).text


def test_an_auditor_reads_and_may_not_suspend(tools, ed):
    rita = cast.signed_in(cast.member(tools, "rita@example.test", "readonly_auditor"))
    listed = rita.get(LIST).text
    assert "Effective Access" in listed
    for absent in ("Suspend…", "Change plan tier…", 'name="user"', "Export", "Import", "bulkbar"):
        assert absent not in listed
    page = rita.get(url(ed))
    assert page.status_code == 200
    assert "Suspend…" not in page.text
    assert rita.get(url(ed, "suspend/")).status_code == 403
    assert rita.post(url(ed, "suspend/"), {"reason": "x"}).status_code == 403
    assert row(ed).status == "active"


def test_what_people_call_themselves_is_text(tools, alex):
    eve = cast.end_user(tools, "eve@example.test", name="<script>alert(1)</script>")
    alex.post(url(eve, "suspend/"), {"reason": "<b>bold</b>"})
    for address in (LIST, url(eve), url(eve, "reactivate/")):
        page = alex.get(address).text
        assert "<script>alert" not in page
        assert "<b>bold" not in page
