"""Two moments side by side: what somebody gained and lost in between, and by what."""

from datetime import datetime

import pytest

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authz import applications, binding_changes, bindings, groups, roles
from authz.conditions import Conditions
from authz.effective.comparison import Comparison, compare
from authz.effective.comparison_words import SENTENCES, sentence
from authz.effective.explanation import Explanation, explain
from authz.scope_changes import set_scopes
from authz.scopes import ScopeSpec
from tenants import operations as tenants
from tests.authz.cast import DAY, NOW, World, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> World:
    acme = world()
    acme.member("olga", "owner")
    acme.member("alice")
    return acme


def ask(acme: World, at: datetime) -> Explanation:
    with tenant_context(acme.id):
        found = explain(
            tenant_id=acme.id,
            subject_kind="user",
            subject_id=acme.users["alice"],
            at=at,
            mfa_at=None,
            ip=None,
        )
    assert found is not None
    return found


def between(acme: World, one: datetime, other: datetime) -> Comparison:
    return compare(ask(acme, one), ask(acme, other))


def told(comparison: Comparison) -> dict[str, tuple[str, str, str, list[str]]]:
    """Scope → kind, before, after, kinds of reasons; the console is another test's."""
    for change in comparison.changes:
        assert all(sentence(reason) for reason in change.reasons)
    return {
        change.name: (change.kind, change.before, change.after, [reason.kind for reason in change.reasons])
        for change in comparison.changes
        if change.application_id
    }


def test_each_change_is_told_with_what_made_it(acme: World) -> None:
    app = acme.application("one-mcp", "a:x", "b:x", "c:x", "d:x", "e:x")
    crew, alice = acme.group("crew"), acme.users["alice"]
    first, later = acme.role("First", "a:x"), acme.role("Later", "b:x")
    edited, shared = acme.role("Edited", "c:x"), acme.role("Shared", "d:x", "e:x")
    ending = acme.bind(first, user_id=alice)
    acme.bind(edited, user_id=alice)
    acme.bind(shared, group_id=crew.pk)
    does = {"tenant_id": acme.id, "actor": SYSTEM, "now": NOW + DAY}
    bindings.end(binding_id=ending.pk, **does)
    given = bindings.bind(role_id=later.pk, user_id=alice, **does)
    roles.edit(role_id=edited.pk, scopes=[], **does)
    groups.add_members(group_id=crew.pk, user_ids=[alice], **does)
    assert told(between(acme, NOW, NOW + DAY)) == {
        "a:x": ("lost", "active", "ended", ["ended"]),
        "b:x": ("gained", "none", "active", ["bound"]),
        "c:x": ("lost", "active", "none", ["role_takes"]),
        "d:x": ("gained", "none", "active", ["joined"]),
        "e:x": ("gained", "none", "active", ["joined"]),
    }
    does["now"] = NOW + 2 * DAY
    binding_changes.change(binding_id=given.pk, conditions=Conditions(mfa_required=True), **does)
    groups.remove_member(group_id=crew.pk, user_id=alice, **does)
    set_scopes(application_id=app.pk, scopes=[ScopeSpec("b:x", "b"), ScopeSpec("d:x", "d")], **does)
    assert told(between(acme, NOW + DAY, NOW + 2 * DAY)) == {
        "b:x": ("lost", "active", "pending_step_up", ["terms_changed"]),
        "d:x": ("lost", "active", "none", ["left_group"]),
        "e:x": ("lost", "active", "none", ["scope_dropped", "left_group"]),
    }
    assert told(between(acme, NOW + DAY, NOW + DAY)) == {}


def test_standing_and_a_switched_application_speak_for_everything_below_them(acme: World) -> None:
    app = acme.application("one-mcp", "a:x")
    acme.bind(acme.role("First", "a:x", console=("audit:read",)), user_id=acme.users["alice"])
    does = {"tenant_id": acme.id, "actor": SYSTEM}
    with tenant_context(acme.id):
        suspended = {**does, "user_id": acme.users["alice"]}
        tenants.suspend_member(**suspended, reason="away", now=NOW + DAY)
        tenants.reactivate_member(**suspended, now=NOW + 2 * DAY)
    applications.disable(application_id=app.pk, **does, now=NOW + 3 * DAY)
    lost = between(acme, NOW, NOW + DAY)
    assert told(lost) == {"a:x": ("lost", "active", "suspended", ["standing_lost"])}
    assert lost.standing_come == ("membership_suspended",)
    assert "audit:read" in {change.name for change in lost.of_kind("lost") if change.application_id is None}
    back = between(acme, NOW + DAY, NOW + 2 * DAY)
    assert told(back) == {"a:x": ("gained", "suspended", "active", ["standing_back"])}
    switched = between(acme, NOW + 2 * DAY, NOW + 3 * DAY)
    assert told(switched) == {"a:x": ("lost", "active", "disabled", ["application_disabled"])}
    joined = between(acme, NOW - DAY, NOW)
    assert told(joined) == {"a:x": ("gained", "none", "active", ["application_new", "bound"])}
    assert joined.standing_gone == ("not_there_yet",)
    assert {
        reason.kind for one in (lost, back, switched) for c in one.changes for reason in c.reasons
    } <= set(SENTENCES)
