"""Where a binding is in its life, and why one can never give anything: in lists, pages and the API alike."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from authsec.database.context import tenant_context
from authz import applications, binding_changes, bindings, groups, roles
from authz.binding_states import REASONS, STATES, in_state, never_gives, state_of
from authz.models import Binding
from authz.scope_changes import set_scopes
from authz.scopes import ScopeSpec
from endusers import plan_tiers
from tests.authz.cast import DAY, NOW, World, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> World:
    acme = world()
    acme.member("olga", "owner")
    acme.member("alice")
    return acme


def state(acme: World, binding: Binding, now: Any = NOW) -> tuple[str, str]:
    """The binding's state, which the list of that state shows as well, and why it never gives."""
    with tenant_context(acme.id):
        rows = Binding.objects.filter(tenant_id=acme.id)
        row = rows.annotate(never=never_gives()).get(pk=binding.pk)
        key = state_of(row, row.never, now)
        shown = [name for name in STATES if in_state(acme.id, rows, name, now).filter(pk=binding.pk).exists()]
    assert (key if key != "expired" else "ended") in shown
    assert ("never_gives" in shown) == (key == "never_gives")
    assert "live" not in shown or key in ("live", "ending_soon")
    return key, row.never


def spoilt(acme: World) -> dict[str, Callable[[], Binding]]:
    """Bindings that nobody can get anything through, by the key of the reason."""
    facts: dict[str, Any] = {"tenant_id": acme.id, "actor": acme.actor("olga"), "now": NOW}
    app = acme.application("deploy-mcp", "deploy:run")
    role, alice = acme.role("Operator", "deploy:run"), acme.users["alice"]

    def after(verb: Callable[..., Any], binding: Binding, **about: Any) -> Binding:
        verb(**facts, **about)
        return binding

    def of_tier() -> Binding:
        both = acme.role("Both", "deploy:run")
        binding = acme.bind(both, plan_tier_id=acme.tier("pro").pk)
        return after(roles.edit, binding, role_id=both.pk, scopes=[], console_permissions=["apps:read"])

    def of_group() -> Binding:
        group = acme.group("old")
        return after(groups.archive, acme.bind(role, group_id=group.pk), group_id=group.pk)

    def of_account() -> Binding:
        bot = acme.account("bot")
        bound = acme.bind(role, service_account_id=bot.pk)
        with tenant_context(acme.id):
            type(bot).objects.filter(pk=bot.pk).update(ended_at=NOW)
        return bound

    def of_one_who_left() -> Binding:
        bound = acme.bind(role, user_id=acme.member("carl"))
        with tenant_context(acme.id):
            bound.user.memberships.update(status="left")
        return bound

    def backwards() -> Binding:
        bound = acme.bind(role, user_id=alice)
        with tenant_context(acme.id):  # no verb writes this
            Binding.objects.filter(pk=bound.pk).update(not_before=NOW + 9 * DAY, expires_at=NOW + 8 * DAY)
        return bound

    def on_archived() -> Binding:
        other = acme.application("old-mcp", "deploy:run")
        bound = acme.bind(role, user_id=alice, application_id=other.pk)
        return after(applications.archive, bound, application_id=other.pk)

    def on_disabled() -> Binding:
        bound = acme.bind(role, user_id=alice, application_id=app.pk)
        return after(applications.disable, bound, application_id=app.pk)

    def of_retired() -> Binding:
        tier = acme.tier("custom")
        bound = acme.bind(role, plan_tier_id=tier.pk)
        with tenant_context(acme.id):
            return after(plan_tiers.retire, bound, tier_id=tier.pk)

    def of_archived() -> Binding:
        gone = acme.role("Gone", "deploy:run")
        return after(roles.archive, acme.bind(gone, user_id=alice), role_id=gone.pk)

    return {
        "contradictory": backwards,
        "role_archived": of_archived,
        "group_archived": of_group,
        "account_ended": of_account,
        "user_left": of_one_who_left,
        "application_archived": on_archived,
        "application_disabled": on_disabled,
        "tier_retired": of_retired,
        "role_empty": lambda: acme.bind(acme.role("Empty"), user_id=alice),
        "no_scopes_for_tier": of_tier,
        "unsupported": lambda: acme.bind(
            acme.role("Other", "other"), user_id=alice, application_id=acme.application("new-mcp").pk
        ),
    }


def test_each_reason_why_a_binding_never_gives_is_found(acme: World) -> None:
    cases = spoilt(acme)
    assert set(cases) == set(REASONS)
    for reason, spoil in cases.items():
        assert state(acme, spoil()) == ("never_gives", reason)


def test_a_binding_that_may_give_something_one_day_is_no_such_one(acme: World) -> None:
    app = acme.application("deploy-mcp", "deploy:run")
    role, reader = acme.role("Operator", "deploy:run"), acme.role("Reader", console=("apps:read",))
    alice = acme.users["alice"]
    for given in (
        acme.bind(role, group_id=acme.group("nobody yet").pk),
        acme.bind(role, service_account_id=acme.account("bot").pk),
        acme.bind(role, plan_tier_id=acme.tier("pro").pk),
        acme.bind(role, user_id=alice, application_id=app.pk),
        acme.bind(reader, user_id=alice, application_id=app.pk),  # no scope, and power all the same
        acme.bind(acme.system_role("contractor"), user_id=alice),
    ):
        assert state(acme, given) == ("live", "")


def test_it_gives_again_when_the_application_understands_the_scope(acme: World) -> None:
    app = acme.application("deploy-mcp")
    wide = acme.bind(acme.role("Operator", "deploy:run"), user_id=acme.users["alice"])
    assert state(acme, wide) == ("never_gives", "unsupported")
    set_scopes(
        tenant_id=acme.id,
        application_id=app.pk,
        scopes=[ScopeSpec("deploy:run")],
        actor=acme.actor("olga"),
        now=NOW,
    )
    assert state(acme, wide) == ("live", "")


def test_a_binding_for_four_hours_begins_runs_out_and_is_history(acme: World) -> None:
    acme.application("deploy-mcp", "deploy:run")
    hours = timedelta(hours=4)
    binding = acme.bind(
        acme.role("Operator", "deploy:run"), user_id=acme.users["alice"], expires_at=NOW + hours
    )
    assert state(acme, binding)[0] == "ending_soon"
    assert state(acme, binding, NOW + hours) == ("expired", "")
    extended = {"expires_at": NOW + 30 * DAY}
    binding_changes.change(
        tenant_id=acme.id, binding_id=binding.pk, actor=acme.actor("olga"), now=NOW, **extended
    )
    assert state(acme, binding, NOW + hours)[0] == "live"
    bindings.end(tenant_id=acme.id, binding_id=binding.pk, actor=acme.actor("olga"), now=NOW + hours)
    assert state(acme, binding, NOW + hours)[0] == "ended"
