"""A random change of access in a random town, of each kind that *what if* knows."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from authz.conditions import Conditions
from authz.scopes import ScopeSpec
from authz.what_if import changes
from tests.authz.naive import Town
from tests.authz.random_worlds import NETWORKS, PERMISSIONS, SCOPES

Draw = Callable[[Random, Town, datetime], changes.Change]


def draw_change(pick: Random, town: Town, kind: str, now: datetime) -> changes.Change | None:
    """A change of this kind, None where the town has nothing that it could be about."""
    try:
        return DRAWS[kind](pick, town, now)
    except IndexError:
        return None


def _conditions(pick: Random, now: datetime) -> Conditions:
    return Conditions(
        mfa_required=pick.random() < 0.4,
        allowed_ip_cidrs=(pick.choice(NETWORKS),) if pick.random() < 0.3 else (),
        not_before=now + timedelta(days=1) if pick.random() < 0.2 else None,
    )


def _bind(pick: Random, town: Town, now: datetime) -> changes.Bind:
    kinds: list[tuple[str, list[UUID]]] = [
        ("user_id", list(town.people)),
        ("group_id", list(town.groups)),
        ("service_account_id", list(town.accounts)),
        ("plan_tier_id", town.tiers),
    ]
    name, keys = pick.choice([pair for pair in kinds if pair[1]])
    return changes.Bind(
        role_id=pick.choice(list(town.roles)),
        application_id=pick.choice([None, *town.apps]),
        conditions=_conditions(pick, now),
        **{name: pick.choice(keys)},
    )


def _change_binding(pick: Random, town: Town, now: datetime) -> changes.ChangeBinding:
    given: dict[str, Any] = {"conditions": _conditions(pick, now)}
    return changes.ChangeBinding(binding_id=pick.choice(town.bindings).id, given=given)


def _member(pick: Random, crowds: dict[UUID, Any]) -> tuple[UUID, UUID]:
    crowd = pick.choice([one for one in crowds.values() if one.people])
    return crowd.id, pick.choice(crowd.people)[0]


def _names(pick: Random) -> tuple[str, ...]:
    return tuple(pick.sample(SCOPES, pick.randint(0, len(SCOPES))))


def _of_person(kind: type[changes.Change], **more: Callable[[Random], Any]) -> Draw:
    def draw(pick: Random, town: Town, now: datetime) -> changes.Change:
        said = {name: choose(pick) for name, choose in more.items()}
        return kind(user_id=pick.choice(list(town.people)), **said)

    return draw


def _of(kind: type[changes.Change], field: str, among: str) -> Draw:
    return lambda pick, town, now: kind(**{field: pick.choice(list(getattr(town, among)))})


DRAWS: dict[str, Draw] = {
    "bind": _bind,
    "end_binding": lambda pick, town, now: changes.EndBinding(binding_id=pick.choice(town.bindings).id),
    "change_binding": _change_binding,
    "add_to_group": lambda pick, town, now: changes.AddToGroup(
        group_id=pick.choice(list(town.groups)), user_ids=(pick.choice(list(town.people)),)
    ),
    "remove_from_group": lambda pick, town, now: changes.RemoveFromGroup(
        **dict(zip(("group_id", "user_id"), _member(pick, town.groups), strict=True))
    ),
    "archive_group": _of(changes.ArchiveGroup, "group_id", "groups"),
    "end_group_access": _of(changes.EndGroupAccess, "group_id", "groups"),
    "add_operators": lambda pick, town, now: changes.AddOperators(
        service_account_id=pick.choice(list(town.accounts)), user_ids=(pick.choice(list(town.people)),)
    ),
    "remove_operator": lambda pick, town, now: changes.RemoveOperator(
        **dict(zip(("service_account_id", "user_id"), _member(pick, town.accounts), strict=True))
    ),
    "end_service_account": _of(changes.EndServiceAccount, "service_account_id", "accounts"),
    "suspend_member": _of_person(changes.SuspendMember),
    "reactivate_member": _of_person(changes.ReactivateMember),
    "remove_member": _of_person(changes.RemoveMember),
    "suspend_end_user": _of_person(changes.SuspendEndUser),
    "reactivate_end_user": _of_person(changes.ReactivateEndUser),
    "set_plan_tier": _of_person(changes.SetPlanTier, plan_tier=lambda pick: pick.choice(["k0", "k1"])),
    "edit_role": lambda pick, town, now: changes.EditRole(
        role_id=pick.choice(list(town.roles)),
        scopes=_names(pick),
        console_permissions=tuple(pick.sample(PERMISSIONS, 1)),
    ),
    "change_role_scopes": lambda pick, town, now: changes.ChangeRoleScopes(
        role_id=pick.choice(list(town.roles)), added=_names(pick)[:1], withdrawn=_names(pick)[:2]
    ),
    "archive_role": _of(changes.ArchiveRole, "role_id", "roles"),
    "set_scopes": lambda pick, town, now: changes.SetScopes(
        application_id=pick.choice(list(town.apps)), scopes=tuple(ScopeSpec(name) for name in _names(pick))
    ),
    "change_scopes": lambda pick, town, now: changes.ChangeScopes(
        application_id=pick.choice(list(town.apps)), withdrawn=_names(pick)[:2]
    ),
    "disable_application": _of(changes.DisableApplication, "application_id", "apps"),
    "enable_application": _of(changes.EnableApplication, "application_id", "apps"),
    "archive_application": _of(changes.ArchiveApplication, "application_id", "apps"),
}
