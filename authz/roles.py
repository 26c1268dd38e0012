"""The verbs of roles: create, edit, archive. System roles are data and refuse them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from authsec.database.context import tenant_context
from authz.cedar import engine
from authz.console import forbid_escalation
from authz.contents import CONSOLE, SCOPE, TENANT_GROUP, Contents
from authz.models import Role, RoleScope
from authz.refusals import Findings, Refused
from authz.scopes import SCOPE_TOKEN

MAX_NAMES = 500
FIELDS = {"scopes": SCOPE, "console_permissions": CONSOLE, "tenant_groups": TENANT_GROUP}
Names = set[tuple[str, str]]  # kind and name


def create(
    *,
    tenant_id: UUID,
    name: str,
    description: str = "",
    scopes: Iterable[str] = (),
    console_permissions: Iterable[str] = (),
    tenant_groups: Iterable[str] = (),
    actor: Actor,
    now: datetime,
) -> Role:
    """Create a role from scope names, console permissions and the tenant groups that its holders are in.

    Raises Refused, or Escalation (Rule 7): a tenant group counts as everything that the policies give it.
    """
    facts, wanted = _checked(
        name,
        description,
        {"scopes": scopes, "console_permissions": console_permissions, "tenant_groups": tenant_groups},
    )
    with tenant_context(tenant_id):
        _forbid_more_than_held(tenant_id, actor, _power(wanted), now)
        role = Role(tenant_id=tenant_id, **facts, created_at=now, created_by=actor.id)
        _save(role)
        _add(role, wanted, actor, now)
        _record("role.created", role, actor, now, after=facts | _as_json(wanted))
    return role


def edit(
    *,
    tenant_id: UUID,
    role_id: UUID,
    name: str | None = None,
    description: str | None = None,
    scopes: Iterable[str] | None = None,
    console_permissions: Iterable[str] | None = None,
    tenant_groups: Iterable[str] | None = None,
    actor: Actor,
    now: datetime,
) -> Role:
    """Change what is given; None leaves a part as it is. System roles refuse. The change reaches every binding."""
    given = {"scopes": scopes, "console_permissions": console_permissions, "tenant_groups": tenant_groups}
    with tenant_context(tenant_id):
        role = _editable(tenant_id, role_id)
        held = _held(role)
        facts, wanted = _checked(
            role.name if name is None else name,
            role.description if description is None else description,
            _completed(given, held),
        )
        before = {"name": role.name, "description": role.description} | _as_json(held)
        after = facts | _as_json(wanted)
        changed = [key for key in after if before[key] != after[key]]
        if not changed:
            return role
        _forbid_more_than_held(tenant_id, actor, _power(wanted) - _power(held), now)
        role.name, role.description = facts["name"], facts["description"]
        _save(role)
        _close(role, held - wanted, actor, now)
        _add(role, wanted - held, actor, now)
        said = {
            "before": {key: before[key] for key in changed},
            "after": {key: after[key] for key in changed},
        }
        _record("role.edited", role, actor, now, **said)
    return role


def _completed(given: dict[str, Iterable[str] | None], held: Names) -> dict[str, Iterable[str]]:
    """What is given, and for each part that isn't, what the role holds of it."""
    return {
        field: [name for kind, name in held if kind == FIELDS[field]] if names is None else names
        for field, names in given.items()
    }


def archive(*, tenant_id: UUID, role_id: UUID, actor: Actor, now: datetime, reason: str = "") -> Role:
    """Close a role: its bindings stay as history and give nothing. System roles refuse."""
    with tenant_context(tenant_id):
        role = _editable(tenant_id, role_id, archived=True)
        if role.ended_at:
            return role
        role.ended_at, role.ended_by = now, actor.id
        role.save(update_fields=["ended_at", "ended_by"])
        _record(
            "role.archived",
            role,
            actor,
            now,
            reason=reason,
            before={"archived": False},
            after={"archived": True},
        )
    return role


def _checked(name: str, description: str, given: dict[str, Iterable[str]]) -> tuple[dict[str, str], Names]:
    findings = Findings()
    facts = {
        "name": findings.text("name", name, 100),
        "description": findings.text("description", description, 300, required=False),
    }
    names = {field: list(those) for field, those in given.items()}
    if bad := [scope for scope in names["scopes"] if not SCOPE_TOKEN.fullmatch(scope)]:
        findings.add(
            "scopes", f"{bad[0][:40]!r} is no scope name: signs without blanks, quotes or backslashes."
        )
    if unknown := [name for name in names["console_permissions"] if name not in engine.actions()]:
        findings.add("console_permissions", f"{unknown[0][:60]!r} is no console permission.")
    if unknown := [name for name in names["tenant_groups"] if name not in engine.tenant_groups()]:
        findings.add("tenant_groups", f"{unknown[0][:60]!r} is no tenant group.")
    for field, those in names.items():
        if len(those) > MAX_NAMES:
            findings.add(field, f"At most {MAX_NAMES}.")
    findings.stop()
    return facts, {(FIELDS[field], name) for field, those in names.items() for name in those}


def _editable(tenant_id: UUID, role_id: UUID, *, archived: bool = False) -> Role:
    role = Role.objects.select_for_update().filter(tenant_id=tenant_id, pk=role_id).first()
    if role is None:
        raise Refused({"role_id": "There is no such role here."})
    if role.system_key:
        raise Refused({"role_id": f"{role.name} is a system role. Copy it to change it."})
    if role.ended_at and not archived:
        raise Refused({"role_id": f"{role.name} is archived."})
    return role


def _held(role: Role) -> Names:
    rows = RoleScope.objects.filter(tenant_id=role.tenant_id, role=role, ended_at=None)
    return set(rows.values_list("kind", "name"))


def _add(role: Role, wanted: Names, actor: Actor, now: datetime) -> None:
    RoleScope.objects.bulk_create(
        RoleScope(tenant_id=role.tenant_id, role=role, kind=kind, name=name, added_at=now, added_by=actor.id)
        for kind, name in sorted(wanted)
    )


def _close(role: Role, gone: Names, actor: Actor, now: datetime) -> None:
    for kind in FIELDS.values():
        names = [name for its, name in gone if its == kind]
        live = RoleScope.objects.filter(tenant_id=role.tenant_id, role=role, kind=kind, ended_at=None)
        live.filter(name__in=names).update(ended_at=now, ended_by=actor.id)


def _power(names: Names) -> frozenset[str]:
    """Everything that these names come to in the console."""
    by_kind = {kind: [name for its, name in names if its == kind] for kind in (CONSOLE, TENANT_GROUP)}
    return Contents("", "", [], by_kind[CONSOLE], by_kind[TENANT_GROUP]).console_permissions


def _forbid_more_than_held(tenant_id: UUID, actor: Actor, gained: frozenset[str], now: datetime) -> None:
    """Whoever writes a role must hold what it gains tenant-wide: it may be bound there."""
    permissions = [(name, None) for name in gained]
    forbid_escalation(tenant_id=tenant_id, actor=actor, permissions=permissions, now=now)


def _as_json(names: Names) -> dict[str, list[str]]:
    return {field: sorted(name for its, name in names if its == kind) for field, kind in FIELDS.items()}


def _save(role: Role) -> None:
    try:
        with transaction.atomic():
            role.save()
    except IntegrityError as error:
        raise Refused({"name": "Another role here has this name."}) from error


def _record(action: str, role: Role, actor: Actor, now: datetime, **more: Any) -> None:
    record(
        tenant_id=role.tenant_id,
        actor=actor,
        action=action,
        target_kind="role",
        target_id=role.pk,
        target_name=role.name,
        now=now,
        **more,
    )
