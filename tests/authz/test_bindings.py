"""Giving a role and ending it: what is refused, by which field, and what nobody may give."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authz import applications, binding_changes, bindings, groups, roles, service_accounts
from authz.conditions import Conditions, from_json
from authz.models import Binding
from authz.refusals import Escalation, Refused
from tenants.operations import LastOwner
from tests.authz.cast import DAY, NOW, World, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> World:
    acme = world()
    acme.member("olga", "owner")
    acme.member("adam", "admin")
    acme.member("alice")
    return acme


def test_a_binding_is_written_with_its_event(acme: World) -> None:
    app = acme.application("deploy-mcp", "deploy:run")
    binding = acme.bind(
        acme.role("Deploy Operator", "deploy:run"),
        actor=acme.actor("adam"),
        user_id=acme.users["alice"],
        application_id=app.pk,
        conditions=Conditions(mfa_required=True, mfa_max_age_s=3600, allowed_ip_cidrs=("203.0.113.0/24",)),
        expires_at=NOW + 7 * DAY,
        reason="on-call rota",
    )
    with tenant_context(acme.id):
        assert Binding.objects.get(pk=binding.pk).mfa_max_age == timedelta(hours=1)
        event = Event.objects.get(action="binding.created", target_id=binding.pk)
    assert event.target_name == "Deploy Operator on deploy-mcp for Alice"
    assert event.actor_id == acme.users["adam"]
    assert event.reason == "on-call rota"
    assert event.after["conditions"] == {
        "mfa_required": True,
        "mfa_max_age_s": 3600,
        "allowed_ip_cidrs": ["203.0.113.0/24"],
    }


def test_an_identical_binding_is_not_written_twice(acme: World) -> None:
    role = acme.role("Reader", "pr:read")
    one = acme.bind(role, user_id=acme.users["alice"])
    assert acme.bind(role, user_id=acme.users["alice"]) == one
    assert acme.bind(role, user_id=acme.users["alice"], expires_at=NOW + DAY) != one


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"expires_at": NOW - DAY}, "expires_at"),
        ({"expires_at": NOW + DAY, "conditions": Conditions(not_before=NOW + 2 * DAY)}, "expires_at"),
        ({"expires_at": (NOW + DAY).replace(tzinfo=None)}, "expires_at"),
        ({"conditions": Conditions(mfa_max_age_s=3600)}, "conditions.mfa_max_age_s"),
        ({"conditions": Conditions(mfa_required=True, mfa_max_age_s=0)}, "conditions.mfa_max_age_s"),
        ({"conditions": Conditions(mfa_required=True, mfa_max_age_s=10**12)}, "conditions.mfa_max_age_s"),
        ({"conditions": Conditions(allowed_ip_cidrs=("198.51.100.300/24",))}, "conditions.allowed_ip_cidrs"),
        ({"conditions": Conditions(allowed_ip_cidrs=("198.51.100.7/24",))}, "conditions.allowed_ip_cidrs"),
        ({"conditions": Conditions(allowed_ip_cidrs=("\x00",))}, "conditions.allowed_ip_cidrs"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "a\x00b"}, "reason"),
        ({"reason": "paid\u202eeerf"}, "reason"),
        ({"role_id": uuid4()}, "role_id"),
        ({"application_id": uuid4()}, "application_id"),
        ({"user_id": uuid4()}, "user_id"),
        ({"user_id": None}, "user_id"),
        ({"group_id": uuid4()}, "group_id"),
        ({"user_id": None, "plan_tier_id": uuid4()}, "plan_tier_id"),
    ],
)
def test_what_contradicts_itself_or_names_nothing_is_refused_by_field(
    acme: World, given: dict[str, object], field: str
) -> None:
    role = acme.role("Reader", "pr:read")
    facts = {"role_id": role.pk, "user_id": acme.users["alice"]} | given
    with pytest.raises(Refused) as refusal:
        bindings.bind(tenant_id=acme.id, actor=acme.actor("adam"), now=NOW, **facts)
    assert field in refusal.value.errors
    with tenant_context(acme.id):
        assert not Binding.objects.filter(role=role).exists()


def test_unknown_condition_keys_are_refused_by_name() -> None:
    with pytest.raises(Refused) as refusal:
        from_json({"mfa_required": True, "weekday": "monday", "allowed_ip_cidrs": "10.0.0.0/8"})
    assert set(refusal.value.errors) == {"conditions.weekday", "conditions.allowed_ip_cidrs"}


def test_archived_roles_groups_and_applications_and_left_people_are_refused(acme: World) -> None:
    role, group, app = (
        acme.role("Reader", "pr:read"),
        acme.group("old"),
        acme.application("old-mcp", "pr:read"),
    )
    actor = acme.actor("adam")
    groups.archive(tenant_id=acme.id, group_id=group.pk, actor=actor, now=NOW)
    applications.archive(tenant_id=acme.id, application_id=app.pk, actor=actor, now=NOW)
    acme.member("carl", status="left")
    alice = acme.users["alice"]
    for field, given in {
        "group_id": {"group_id": group.pk},
        "application_id": {"user_id": alice, "application_id": app.pk},
        "user_id": {"user_id": acme.users["carl"]},
    }.items():
        with pytest.raises(Refused) as refusal:
            acme.bind(role, actor=actor, **given)
        assert set(refusal.value.errors) == {field}
    roles.archive(tenant_id=acme.id, role_id=role.pk, actor=actor, now=NOW)
    with pytest.raises(Refused) as refusal:
        acme.bind(role, actor=actor, user_id=alice)
    assert set(refusal.value.errors) == {"role_id"}


def test_another_tenants_rows_do_not_exist(acme: World) -> None:
    other = world("other")
    other.member("dana", "owner")
    role = acme.role("Reader", "pr:read")
    for given in (
        {"user_id": other.users["dana"]},
        {"group_id": other.group("theirs").pk},
        {"user_id": acme.users["alice"], "application_id": other.application("their-mcp").pk},
    ):
        with pytest.raises(Refused):
            acme.bind(role, **given)
    with pytest.raises(Refused):
        acme.bind(other.role("Theirs"), user_id=acme.users["alice"])


def test_nobody_gives_console_permissions_that_they_do_not_hold(acme: World) -> None:
    owner = acme.system_role("tenant-owner")
    with pytest.raises(Escalation) as refusal:
        acme.bind(owner, actor=acme.actor("adam"), user_id=acme.users["alice"])
    assert "org:transfer" in refusal.value.missing
    acme.bind(owner, actor=acme.actor("olga"), user_id=acme.users["alice"])


def test_a_permission_held_on_one_application_is_given_on_that_application_only(acme: World) -> None:
    here, there = acme.application("here-mcp"), acme.application("there-mcp")
    auditor = acme.role("App auditor", console=("audit:read",))
    acme.bind(auditor, user_id=acme.users["alice"], application_id=here.pk)
    acme.member("carl", "contractor")
    carl, alice = acme.users["carl"], acme.actor("alice")
    acme.bind(auditor, actor=alice, user_id=carl, application_id=here.pk)
    for place in (there.pk, None):
        with pytest.raises(Escalation):
            acme.bind(auditor, actor=alice, user_id=carl, application_id=place)


def test_the_binding_that_makes_the_last_owner_one_stays(acme: World) -> None:  # Rule 6
    with tenant_context(acme.id):
        owners = Binding.objects.filter(tenant_id=acme.id, role__system_key="tenant-owner", ended_at=None)
        only = owners.get()
    with pytest.raises(LastOwner):
        bindings.end(tenant_id=acme.id, binding_id=only.pk, actor=acme.actor("adam"), now=NOW)
    with tenant_context(acme.id):
        assert owners.get() == only


def test_ending_a_binding_is_written_once(acme: World) -> None:
    binding = acme.bind(acme.role("Reader", "pr:read"), user_id=acme.users["alice"])
    for _ in range(2):
        ended = bindings.end(
            tenant_id=acme.id, binding_id=binding.pk, actor=acme.actor("adam"), now=NOW, reason="done"
        )
    assert ended.ended_at == NOW
    with tenant_context(acme.id):
        assert Event.objects.filter(action="binding.ended", target_id=binding.pk).count() == 1
    with pytest.raises(Refused):
        bindings.end(tenant_id=acme.id, binding_id=uuid4(), actor=acme.actor("adam"), now=NOW)


OFFICE = Conditions(
    mfa_required=True, mfa_max_age_s=3600, allowed_ip_cidrs=("10.0.0.0/8",), not_before=NOW + DAY
)
FREE = {"conditions": Conditions(), "expires_at": None}
BOUND = {"conditions": OFFICE, "expires_at": NOW + 3 * DAY}


@pytest.mark.parametrize(
    ("before", "after", "tightens"),
    [
        (FREE, {"expires_at": NOW + DAY}, True),
        (FREE, {"conditions": Conditions(mfa_required=True)}, True),
        (FREE, {"conditions": Conditions(allowed_ip_cidrs=("0.0.0.0/0",))}, True),
        (FREE, {"conditions": Conditions(not_before=NOW + DAY)}, True),
        (FREE, {"reason": "INC-7"}, False),
        (BOUND, FREE, False),
        (BOUND, {"expires_at": NOW + 4 * DAY}, False),
        (BOUND, {"expires_at": NOW + 2 * DAY}, True),
        (BOUND, {"conditions": replace(OFFICE, mfa_max_age_s=7200, not_before=NOW)}, False),
        (BOUND, {"conditions": replace(OFFICE, mfa_max_age_s=1800)}, True),
        (BOUND, {"conditions": replace(OFFICE, not_before=NOW + 2 * DAY)}, True),
        (BOUND, {"conditions": replace(OFFICE, allowed_ip_cidrs=("10.0.0.0/7", "2001:db8::/32"))}, False),
        (BOUND, {"conditions": replace(OFFICE, allowed_ip_cidrs=("10.1.0.0/16", "2001:db8::/32"))}, True),
    ],
)
def test_terms_are_tightened_only_by_those_who_may_end_a_binding(
    acme: World, before: dict[str, Any], after: dict[str, Any], tightens: bool
) -> None:
    acme.bind(acme.role("Giver", console=("bindings:create",)), user_id=acme.users["alice"])
    given = acme.bind(acme.role("Reader", "pr:read"), user_id=acme.users["alice"], **before)

    def change(who: str) -> None:
        binding_changes.change(
            tenant_id=acme.id,
            binding_id=given.pk,
            actor=acme.actor(who),
            now=NOW + timedelta(hours=1),
            **after,
        )

    if tightens:
        with pytest.raises(PermissionDenied, match="bindings:end"):
            change("alice")
        change("adam")
    else:
        change("alice")


def test_what_makes_owners_of_many_is_closed_by_those_who_may_make_owners(acme: World) -> None:  # Rule 7
    owner = acme.system_role("tenant-owner")
    group, account = acme.group("founders", "alice"), acme.account("deputy", "alice")
    acme.bind(owner, group_id=group.pk)
    acme.bind(owner, service_account_id=account.pk)
    alice = {"user_id": acme.users["alice"]}
    closing: list[tuple[Any, dict[str, Any]]] = [
        (groups.remove_member, {"group_id": group.pk, **alice}),
        (groups.archive, {"group_id": group.pk}),
        (service_accounts.remove_operator, {"service_account_id": account.pk, **alice}),
        (service_accounts.end, {"service_account_id": account.pk}),
    ]
    for verb, what in closing:
        with pytest.raises(PermissionDenied, match="make owners"):
            verb(tenant_id=acme.id, actor=acme.actor("adam"), now=NOW, **what)
        verb(tenant_id=acme.id, actor=acme.actor("olga"), now=NOW, **what)
