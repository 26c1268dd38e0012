"""The audit log page: who did what, newest first."""

from uuid import uuid4

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM, Actor
from authsec.audit.catalog import describe
from authsec.audit.models import Event
from authsec.audit.operations import record
from authsec.database.context import tenant_context
from tests import cast
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
