"""The audit log page: who did what, newest first."""

import csv
import json
from datetime import timedelta
from io import BytesIO, StringIO
from uuid import uuid4

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM, Actor
from authsec.audit.catalog import describe
from authsec.audit.filters import Filter
from authsec.audit.jobs import export
from authsec.audit.models import Event
from authsec.audit.operations import record
from authsec.database.context import tenant_context
from authsec.jobs.kinds import kind_of
from tests import cast
from tests.console.api import Api, token_of
from tests.statements import statements

pytestmark = pytest.mark.django_db
LOG = "/t/acme-corp/audit/"


@pytest.fixture
def acme():
    return cast.open_tenant()


@pytest.fixture
def olga(acme):
    return cast.signed_in(cast.owner_of(acme))


def write(tenant, action="group.created", target="on-call", actor=SYSTEM, now=None, **rest) -> Event:
    with tenant_context(tenant.id):
        return record(
            tenant_id=tenant.id,
            actor=actor,
            action=action,
            target_kind="group",
            target_id=uuid4(),
            target_name=target,
            now=now or timezone.now(),
            **rest,
        )


def test_events_read_as_sentences_and_open_to_what_was_recorded(acme, olga):
    adam = Actor(kind="member", id=uuid4(), name="Adam", capacity="admin", via="console", ip="203.0.113.7")
    write(acme, "group.member_added", actor=adam, after={"user": "Alice"}, reason="joins the rota")
    page = olga.get(LOG).text
    assert "<b>Adam</b> added <b>Alice</b> to <b>on-call</b>" in page
    for shown in ("joins the rota", "203.0.113.7", "&quot;action&quot;: &quot;group.member_added&quot;"):
        assert shown in page


def test_names_in_events_are_text(acme, olga):
    write(acme, target="<img src=x>", after={"user": "<i>"}, action="group.member_added")
    page = olga.get(LOG).text
    assert "<img src=x" not in page
    assert "<i>" not in page


def test_an_event_with_an_unknown_action_or_missing_words_still_reads(acme):
    assert "comet.landed" in describe(write(acme, "comet.landed")).sentence
    assert "—" in describe(write(acme, "group.member_added")).sentence


def test_filters_by_action_actor_target_and_day(acme, olga):
    adam = Actor(kind="member", id=uuid4(), name="Adam Lindqvist")
    kept = write(acme, "group.created", "engineering", adam)
    write(acme, "role.created", "Deployer")
    today = f"{timezone.now():%Y-%m-%d}"
    for query in (
        "action=group.created",
        "actor=lindq",
        f"actor={adam.id}",
        "target=engin",
        f"target={kept.target_id}",
        f"target=engin&since={today}&until={today}",
    ):
        page = olga.get(f"{LOG}?{query}").text
        assert "engineering</b>" in page, query
        assert "Deployer" not in page, query
    assert "No event matches" in olga.get(f"{LOG}?until=2001-01-01").text
    assert "No event matches" in olga.get(f"{LOG}?since=9999-12-31&until=0001-01-01").text


@pytest.mark.parametrize(
    "query",
    ["action=nothing", "since=yesterday", "until=2026-02-30", "cursor=x", "actor=%00", "target=" + "a" * 201],
)
def test_a_filter_that_does_not_exist_is_a_400(olga, query):
    assert olga.get(f"{LOG}?{query}").status_code == 400


def test_pages_run_forth_and_back_over_events_of_one_moment(acme, olga):
    now = timezone.now()
    for number in range(120):
        write(acme, target=f"group {number:03}", now=now)
    seen, address = [], f"{LOG}?action=group.created"
    while address:
        answer = olga.get(address)
        seen.append([line.event.target_name for line in answer.context["lines"]])
        cursor = answer.context["page"].next
        address = cursor and f"{LOG}?action=group.created&cursor={cursor}"
    assert [len(page) for page in seen] == [50, 50, 20]
    assert len({name for page in seen for name in page}) == 120
    back = olga.get(f"{LOG}?action=group.created&cursor={answer.context['page'].previous}")
    assert [line.event.target_name for line in back.context["lines"]] == seen[1]


def test_the_log_takes_six_statements(acme, olga):
    for number in range(60):
        write(acme, target=f"group {number}")
    olga.get(LOG)
    with statements() as sent:
        assert olga.get(LOG).status_code == 200
    assert len(sent) == 6


def test_members_without_the_right_and_neighbours_do_not_read_it(acme):
    alice = cast.signed_in(cast.member(acme, "alice@acme.example"))
    assert alice.get(LOG).status_code == 403
    cast.open_tenant("alex-tools", "alex@alex-tools.example")
    assert cast.signed_in(cast.person("alex@alex-tools.example")).get(LOG).status_code == 404
    rita = cast.signed_in(cast.member(acme, "rita@example.test", "readonly_auditor"))
    assert rita.get(LOG).status_code == 200


HOSTILE = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1", " =1+1", "\uff1d1+1"]


def lines_of(tenant, format="csv", **filters) -> bytes:
    """What an export writes, step by step, without a worker."""
    who = Actor(kind="member", id=cast.owner_of(tenant).pk, name="Olga")
    with tenant_context(tenant.id):
        job = export(
            tenant_id=tenant.id, filter=Filter(**filters), format=format, actor=who, now=timezone.now()
        )
        out, kind = BytesIO(), kind_of(job)
        while True:
            step = kind.step(job, out)
            job.cursor = step.cursor
            if step.finished:
                return out.getvalue()


def test_no_cell_of_an_export_is_a_formula(acme):
    for text in HOSTILE:
        write(acme, target=text, reason=text, actor=Actor(kind="member", id=uuid4(), name=text))
    rows = list(csv.reader(StringIO(lines_of(acme, action="group.created").decode(), newline="")))
    assert len(rows) == 1 + len(HOSTILE)
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if cell.strip().startswith(("=", "+", "-", "@", "\uff1d"))] == []
    assert {f"'{text}" for text in HOSTILE} <= set(cells)


def test_an_export_holds_what_the_page_shows_in_its_order(acme, olga, monkeypatch):
    monkeypatch.setattr("authsec.audit.jobs.CHUNK", 7)
    now = timezone.now()
    for number in range(20):
        write(acme, target=f"group {number}", now=now - timedelta(seconds=number // 3), after={"n": "é"})
    shown = [str(line.event.pk) for line in olga.get(f"{LOG}?target=group").context["lines"]]
    assert len(shown) == 20
    assert [row["id"] for row in csv.DictReader(StringIO(lines_of(acme, target="group").decode()))] == shown
    parsed = [json.loads(line) for line in lines_of(acme, "jsonl", target="group").splitlines()]
    assert [row["id"] for row in parsed] == shown
    assert parsed[0]["after"] == {"n": "é"}
    excel = lines_of(acme, "csv-excel", target="group")
    assert excel.startswith(b"\xef\xbb\xbfat,")
    assert "é" in excel.decode("utf-8-sig")


def test_what_happens_later_is_not_in_the_export(acme):
    who = Actor(kind="member", id=cast.owner_of(acme).pk, name="Olga")
    with tenant_context(acme.id):
        job = export(tenant_id=acme.id, filter=Filter(), format="csv", actor=who, now=timezone.now())
        before = kind_of(job).total(job)
    write(acme)
    with tenant_context(acme.id):
        assert kind_of(job).total(job) == before


def test_asking_for_an_export_says_what_it_holds_and_starts_a_job(acme, olga):
    write(acme, target="engineering")
    page = olga.get(f"{LOG}export/?target=engin")
    assert "Export 1 matching events of acme-corp?" in page.text
    assert "engin" in page.text
    answer = olga.post(f"{LOG}export/?target=engin", {"format": "jsonl"})
    assert answer.status_code == 302
    job = olga.get(answer["Location"]).context["job"]
    assert job.params == {"filter": {"target": "engin"}, "format": "jsonl"}
    assert olga.post(f"{LOG}export/", {"format": "exe"}).status_code == 422
    rita = cast.signed_in(cast.member(acme, "rita@acme.example", "readonly_auditor"))
    assert "Export 1" not in rita.get(LOG).text
    assert rita.get(f"{LOG}export/").status_code == 403


def test_the_api_filters_as_the_page_does(acme):
    adam = Actor(kind="member", id=uuid4(), name="Adam Lindqvist")
    kept = write(acme, "group.created", "engineering", adam)
    write(acme, "role.created", "Deployer")
    call = Api(token_of(cast.owner_of(acme)), acme)
    for query in ("actor=lindq", f"actor={adam.id}", "target=engin", f"target={kept.target_id}"):
        items = call.get(f"/uflow/v2/audit-events?{query}").json()["items"]
        assert [item["id"] for item in items] == [str(kept.pk)], query
    for body in ({"format": "exe"}, {"since": "yesterday"}, {"since": "2026-01-01T00:00:00"}, {"who": "x"}):
        assert call.post("/uflow/v2/audit-events/export", body).status_code == 422, body
