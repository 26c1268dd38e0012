"""What of the past is deleted when its time has come, by which index, and what of it stays."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.audit.operations import record
from authsec.console import schedule
from authsec.database.context import system_context, tenant_context
from authz import binding_changes, bindings, groups
from authz.effective.horizon import BeforeHistory, check_moment
from authz.forms.as_if import AsIfForm
from authz.models import Binding, GroupMember
from endusers import operations as endusers
from endusers.models import EndUserTier, StandingChange
from oauth import retention
from oauth.models import Decision
from tests.authz.cast import DAY, NOW, World, world

pytestmark = pytest.mark.django_db
LATER = NOW + 100 * DAY


@pytest.fixture
def acme() -> World:
    acme = world()
    acme.member("alice")
    acme.end_user("alice")
    acme.tier("pro")
    return acme


@pytest.mark.parametrize("name", retention.HISTORY)
def test_closed_rows_are_found_by_an_index(name: str) -> None:
    table, column, condition = retention.HISTORY[name]
    with system_context(), connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off; set local enable_sort = off")
        values = {"before": timezone.now(), "batch": 5_000}
        cursor.execute(f"explain {retention.found_in(table, column, condition)}", values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert f"Index Cond: ({column} <" in plan
    assert f"Seq Scan on {table}" not in plan
    assert "Sort" not in plan


def test_events_and_decisions_are_found_by_an_index() -> None:
    with system_context(), connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off; set local enable_sort = off")
        values = {"before": timezone.now(), "batch": 5_000}
        for statement, index in (
            (retention.EVENTS, "audit_event_at_idx"),
            (retention.found_in("oauth_decision", "at"), "oauth_decision_at_idx"),
        ):
            cursor.execute(f"explain {statement}", values)
            assert index in "\n".join(row[0] for row in cursor.fetchall())


def test_every_one_is_scheduled_and_by_default_only_decisions_go(acme: World, settings: Any) -> None:
    done = {entry.does for entry in schedule.SCHEDULE}
    assert {value for name, value in vars(retention).items() if name.startswith("delete_")} <= done
    assert (settings.KEEP_HISTORY_DAYS, settings.KEEP_DECISIONS_DAYS, settings.KEEP_EVENTS_DAYS) == (
        0,
        400,
        0,
    )
    acme.bind(acme.role("Reader", "a:x"), user_id=acme.users["alice"])
    with tenant_context(acme.id):
        before = Event.objects.count()
    assert retention.delete_history(now=LATER + 9_000 * DAY) == {}
    assert retention.delete_events(now=LATER + 9_000 * DAY) == 0
    with tenant_context(acme.id):
        assert Event.objects.count() == before > 0


def test_what_was_closed_before_the_horizon_goes_and_what_stands_stays(acme: World, settings: Any) -> None:
    settings.KEEP_HISTORY_DAYS = 30
    alice, role, crew = acme.users["alice"], acme.role("Reader", "a:x"), acme.group("crew", "alice")
    does = {"tenant_id": acme.id, "actor": SYSTEM}
    lives = acme.bind(role, group_id=crew.pk)
    binding_changes.change(binding_id=lives.pk, reason="anew", now=NOW + DAY, **does)
    ended = acme.bind(role, user_id=alice)
    # Changed and ended at one moment: the former terms and what they name go together.
    binding_changes.change(binding_id=ended.pk, reason="anew", now=NOW + DAY, **does)
    bindings.end(binding_id=ended.pk, now=NOW + DAY, **does)
    recent = acme.bind(role, user_id=alice, expires_at=NOW + DAY)
    bindings.end(binding_id=recent.pk, now=LATER - 10 * DAY, **does)
    groups.remove_member(group_id=crew.pk, user_id=alice, now=NOW + DAY, **does)
    with tenant_context(acme.id):
        for key, days in (("pro", 1), ("free", 2)):
            endusers.set_plan_tier(user_id=alice, tier_key=key, now=NOW + days * DAY, **does)
    gone = retention.delete_history(now=LATER, batch=1)
    assert (gone["former terms"], gone["bindings"], gone["group members"], gone["plan tiers"]) == (2, 1, 1, 1)
    with tenant_context(acme.id):
        own = Binding.terms.filter(tenant_id=acme.id, role=role)
        assert set(own.values_list("pk", flat=True)) == {lives.pk, recent.pk}
        assert not GroupMember.objects.filter(tenant_id=acme.id).exists()
        assert EndUserTier.objects.filter(tenant_id=acme.id, to_at=None).count() == 1
        assert not StandingChange.objects.filter(tenant_id=acme.id).exists()
    assert not any(retention.delete_history(now=LATER).values())


def test_decisions_and_events_are_kept_as_long_as_is_said(acme: World, settings: Any) -> None:
    settings.KEEP_EVENTS_DAYS = 30
    facts = {"tenant": acme.tenant, "token_id": acme.id, "subject": acme.id, "client_id": acme.id}
    with tenant_context(acme.id):
        for at in (NOW, NOW + 2 * DAY):
            Decision.objects.create(**facts, application_id=acme.id, grant_type="x", at=at)
            record(
                tenant_id=acme.id, actor=SYSTEM, action="group.created", target_kind="group",
                target_id=None, target_name="x", now=at + 398 * DAY,
            )  # fmt: skip
    assert retention.delete_decisions(now=NOW + 401 * DAY, batch=1) == 1
    retention.delete_events(now=NOW + 429 * DAY, batch=2)
    with tenant_context(acme.id):
        assert [row.at for row in Decision.objects.filter(tenant_id=acme.id)] == [NOW + 2 * DAY]
        assert [row.at for row in Event.objects.filter(tenant_id=acme.id)] == [NOW + 400 * DAY]


def test_a_moment_before_what_is_kept_is_refused_with_the_first_one_that_is(settings: Any) -> None:
    now = timezone.now()
    check_moment(now - 9_000 * DAY, now)
    settings.KEEP_HISTORY_DAYS = 30
    check_moment(now - 30 * DAY, now)
    check_moment(now + DAY, now)
    with pytest.raises(BeforeHistory, match="kept for 30 days: ask about"):
        check_moment(now - 30 * DAY - timedelta(seconds=1), now)
    for name in ("at", "compare"):
        form = AsIfForm({name: (now - 31 * DAY).strftime("%Y-%m-%dT%H:%M")})
        assert "History is kept for 30 days" in str(form.errors[name])
