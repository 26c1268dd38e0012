"""The verbs about consumers."""

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import tenant_context
from endusers import operations
from endusers.models import EndUser, EndUserTier, StandingChange
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def tools():
    return cast.open_tenant("alex-tools", "alex@alex-tools.example")


@pytest.fixture
def ed(tools):
    return cast.end_user(tools, "ed@lanternworks.example")


def verb(name: str, end_user: EndUser, **rest):
    with tenant_context(end_user.tenant_id):
        return getattr(operations, name)(
            tenant_id=end_user.tenant_id, user_id=end_user.user_id, actor=SYSTEM, now=timezone.now(), **rest
        )


def events(end_user: EndUser, action: str) -> list[Event]:
    with tenant_context(end_user.tenant_id):
        return list(Event.objects.filter(target_id=end_user.user_id, action=action))


def row(end_user: EndUser) -> EndUser:
    with tenant_context(end_user.tenant_id):
        return EndUser.objects.get(pk=end_user.pk)


def test_a_first_consent_gives_the_default_tier_and_one_event(tools, ed):
    verb("ensure", ed)
    assert len(events(ed, "end_user.appeared")) == 1
    with tenant_context(tools.id):
        assert EndUserTier.objects.filter(user_id=ed.user_id, to_at=None).count() == 1
        assert row(ed).plan_tier.key == "free"


def test_a_listed_person_has_no_consent_until_the_first_one(tools):
    user = cast.user_of(tools, "new@example.test")
    with tenant_context(tools.id):
        common = {"tenant_id": tools.id, "user_id": user.id, "actor": SYSTEM, "now": timezone.now()}
        assert operations.ensure(**common, first_consent=False).first_consent_at is None
        assert operations.ensure(**common).first_consent_at is not None


def test_suspending_touches_the_status_and_nothing_else(ed):
    before = row(ed)
    verb("suspend", ed, reason="leaked key")
    after = row(ed)
    assert (after.status, after.suspended_reason) == ("suspended", "leaked key")
    untouched = ("plan_tier_id", "rate_limit_override", "first_consent_at", "last_seen_at", "created_at")
    assert [getattr(before, name) for name in untouched] == [getattr(after, name) for name in untouched]
    verb("reactivate", ed)
    again = row(ed)
    assert (again.status, again.suspended_at, again.suspended_reason) == ("active", None, "")


def test_suspending_twice_is_one_suspension(tools, ed):
    for _ in range(2):
        verb("suspend", ed, reason="leaked key")
        verb("suspend", ed, reason="another reason")
    assert [event.reason for event in events(ed, "end_user.suspended")] == ["leaked key"]
    for _ in range(2):
        verb("reactivate", ed)
    assert len(events(ed, "end_user.reactivated")) == 1
    with tenant_context(tools.id):
        changes = StandingChange.objects.filter(user_id=ed.user_id).order_by("at")
        assert [change.to_status for change in changes] == ["active", "suspended", "active"]


@pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
def test_a_suspension_needs_a_reason(ed, reason):
    with pytest.raises(operations.ReasonRequired):
        verb("suspend", ed, reason=reason)
    assert row(ed).status == "active"


def test_a_change_that_fails_takes_its_event_with_it(ed):
    with pytest.raises(ZeroDivisionError), tenant_context(ed.tenant_id):
        operations.suspend(
            tenant_id=ed.tenant_id, user_id=ed.user_id, reason="x", actor=SYSTEM, now=timezone.now()
        )
        raise ZeroDivisionError
    assert row(ed).status == "active"
    assert events(ed, "end_user.suspended") == []


def test_a_tier_change_keeps_its_history(tools, ed):
    verb("set_plan_tier", ed, tier_key="pro")
    verb("set_plan_tier", ed, tier_key="pro")
    with tenant_context(tools.id):
        history = EndUserTier.objects.filter(user_id=ed.user_id).order_by("from_at")
        assert [(line.plan_tier.key, line.to_at is None) for line in history] == [
            ("free", False),
            ("pro", True),
        ]
    assert len(events(ed, "end_user.tier_changed")) == 1
    with pytest.raises(operations.UnknownTier):
        verb("set_plan_tier", ed, tier_key="platinum")


def test_a_pure_member_is_no_end_user(tools):
    member = cast.member(tools, "ann@alex-tools.example")
    with pytest.raises(operations.NotAnEndUser), tenant_context(tools.id):
        operations.suspend(
            tenant_id=tools.id, user_id=member.id, reason="x", actor=SYSTEM, now=timezone.now()
        )
