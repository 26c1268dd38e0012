"""One end user's page: what this context says there of a person's history, plan and other capacity."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from authsec.audit import queries as audit
from authsec.audit.actor import SYSTEM, Actor
from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authsec.web.pagination import BadCursor
from authz import group_members
from endusers import operations, person
from oauth.models import Decision
from tenants.models import Tenant
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def tools() -> Tenant:
    return cast.open_tenant("alex-tools", "alex@alex-tools.example")


@pytest.fixture
def ed(tools: Tenant) -> Any:
    return cast.end_user(tools, "ed@lanternworks.example", name="Ed Okafor")


@pytest.fixture
def alex(tools: Tenant) -> Client:
    return cast.signed_in(cast.owner_of(tools))


def url(end_user: Any, rest: str = "") -> str:
    return f"/t/alex-tools/end-users/{end_user.user_id}/{rest}"


def everything(tenant: Tenant, user_id: Any, kind: str = "", limit: int = 2) -> list[Event]:
    """The whole history, read page by page."""
    found: list[Event] = []
    cursor: str | None = ""
    with tenant_context(tenant.pk):
        while cursor is not None:
            page = audit.history(
                tenant.pk, user_id, kind=audit.KINDS_OF_PERSON[kind], cursor=cursor, limit=limit
            )
            found += page.items
            cursor = page.next
    return found


def test_a_history_holds_each_event_once_from_every_side_and_pages_both_ways(tools: Tenant, ed: Any) -> None:
    now, own = timezone.now(), Actor("end_user", ed.user_id, "Ed Okafor")
    crew = cast.group(tools, "crew")
    with tenant_context(tools.pk):
        told: dict[str, Any] = {"tenant_id": tools.pk, "actor": SYSTEM}
        group_members.add_members(**told, group_id=crew.pk, user_ids=[ed.user_id], now=now)  # about them
        operations.suspend(**told, user_id=ed.user_id, reason="x", now=now)  # done to them
        operations.reactivate(tenant_id=tools.pk, actor=own, user_id=ed.user_id, now=now)  # to and by them
    actions = [event.action for event in everything(tools, ed.user_id)]
    assert sorted(actions) == [
        "end_user.appeared",
        "end_user.reactivated",
        "end_user.suspended",
        "group.member_added",
    ]
    assert [event.action for event in everything(tools, ed.user_id, "own")] == ["end_user.reactivated"]
    assert [event.action for event in everything(tools, ed.user_id, "access")] == ["group.member_added"]
    with tenant_context(tools.pk):
        kind = audit.KINDS_OF_PERSON[""]
        first = audit.history(tools.pk, ed.user_id, kind=kind, limit=2)
        second = audit.history(tools.pk, ed.user_id, kind=kind, limit=2, cursor=first.next or "")
        back = audit.history(tools.pk, ed.user_id, kind=kind, limit=2, cursor=second.previous or "")
        assert list(back.items) == list(first.items)
        with pytest.raises(BadCursor):
            audit.history(tools.pk, ed.user_id, kind=kind, cursor="x")


def test_the_activity_tab_opens_to_the_payload_and_narrows(alex: Client, ed: Any) -> None:
    alex.post(url(ed, "suspend/"), {"reason": "leaked key"})
    page = alex.get(url(ed, "activity/")).text
    for shown in (
        "suspended <b>Ed Okafor</b>",
        "leaked key",
        "&quot;action&quot;: &quot;end_user.suspended&quot;",
    ):
        assert shown in page, shown
    assert "Nothing of this kind" in alex.get(url(ed, "activity/?kind=tokens")).text
    assert alex.get(url(ed, "activity/?cursor=x")).status_code == 400


def test_the_plan_tab_tells_which_tier_was_held_from_when_to_when_and_who_gave_it(
    alex: Client, ed: Any, tools: Tenant
) -> None:
    alex.post(url(ed, "plan-tier/"), {"plan_tier": "pro", "reason": "upgraded by card"})
    page = alex.get(url(ed, "limits/")).text
    rows = page.split("Tiers until now")[1].split("<tbody>")[1].split("<tr>")[1:]
    assert len(rows) == 2
    assert "Pro" in rows[0]
    assert "upgraded by card" in rows[0]
    assert "alex@alex-tools.example" in rows[0] or "Alex" in rows[0]
    assert "Free" in rows[1]
    assert f"?user={ed.user_id}&amp;kind=set_plan_tier&amp;object=free" in page
    assert "object=pro" not in page  # what they hold changes nothing
    assert "Set by</dt>" not in page


def test_the_plan_tab_says_who_gave_the_limit(alex: Client, ed: Any) -> None:
    override = operations.RateLimit(limit=7, window_s=60, reason="a script gone wild")
    with tenant_context(ed.tenant_id):
        operations.set_rate_limit(
            tenant_id=ed.tenant_id,
            user_id=ed.user_id,
            override=override,
            actor=Actor("member", None, "Mia Gatekeeper"),
            now=timezone.now(),
        )
    page = alex.get(url(ed, "limits/")).text
    for shown in ("7 calls in 60 s", "a script gone wild", "Mia Gatekeeper"):
        assert shown in page, shown


def test_who_set_a_tier_and_why_is_for_those_who_may_read_the_log(
    alex: Client, ed: Any, tools: Tenant
) -> None:
    alex.post(url(ed, "plan-tier/"), {"plan_tier": "pro", "reason": "upgraded by card"})
    support = cast.member(tools, "sue@alex-tools.example", "contractor")
    cast.bind(tools, cast.role(tools, "Support", console=["endusers:read"]), support)
    page = cast.signed_in(support).get(url(ed, "limits/")).text
    assert "Tiers until now" in page
    for kept_back in ("upgraded by card", "Set by", "Alex"):
        assert kept_back not in page.split("<main")[1], kept_back


def test_the_page_and_the_teams_name_each_other(alex: Client, tools: Tenant, ed: Any) -> None:
    assert "end user only" in alex.get(url(ed)).text
    both = cast.member(tools, "ed@lanternworks.example", "service_operator")
    assert both.pk == ed.user_id
    team = f"/t/alex-tools/settings/team/{ed.user_id}/"
    page = alex.get(url(ed)).text
    assert f'href="{team}"' in page
    assert "service operator of the team" in page
    assert f'href="{url(ed)}"' in alex.get(team).text


def test_every_tab_says_that_they_are_suspended(alex: Client, ed: Any) -> None:
    alex.post(url(ed, "suspend/"), {"reason": "leaked key"})
    for tab in ("", "access/", "connections/", "tokens/", "activity/", "limits/", "json/"):
        part = alex.get(url(ed, tab), headers={"HX-Request": "true"}).text
        assert "leaked key" in part, tab


def test_who_may_not_read_the_log_gets_no_tab_and_no_events(tools: Tenant, ed: Any) -> None:
    mia = cast.signed_in(cast.member(tools, "mia@example.test"))
    page = mia.get(url(ed)).text
    assert url(ed, "activity/") not in page
    assert "became an end user" not in page
    assert mia.get(url(ed, "activity/")).status_code == 403


def test_the_month_counts_tokens_by_day(tools: Tenant, ed: Any) -> None:
    now = timezone.now()
    given = {"tenant": tools, "subject": ed.user_id, "client_id": uuid4(), "application_id": uuid4()}
    with tenant_context(tools.pk):
        for days in (0, 0, 3, 29, 30):
            Decision.objects.create(**given, token_id=uuid4(), at=now - timedelta(days=days))
        seen = person.find(tools.pk, ed.user_id, now, closely=True).seen
    days = person.month(seen["days"])
    assert (days[-1], days[-4], days[0], sum(days), len(days)) == (2, 1, 1, 4, 30)
