"""The verbs of roles: create, edit, archive; and the system roles, which are data."""

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
from authz.models import Role, RoleScope
from authz.refusals import Findings, Refused
from authz.scopes import SCOPE_TOKEN

SCOPE, CONSOLE = RoleScope.Kind.SCOPE.value, RoleScope.Kind.CONSOLE.value
MAX_NAMES = 500


def create(
    *,
    tenant_id: UUID,
    name: str,
    description: str = "",
    scopes: Iterable[str] = (),
    console_permissions: Iterable[str] = (),
    actor: Actor,
    now: datetime,
) -> Role:
    """Create a role from scope names and console permissions. Raises Refused, or Escalation (Rule 7)."""
    facts, wanted = _checked(name, description, scopes, console_permissions)
    with tenant_context(tenant_id):
        _forbid_more_than_held(tenant_id, actor, wanted, now)
        role = Role(tenant_id=tenant_id, **facts, created_at=now, created_by=actor.id)
        _save(role)
        _add(role, wanted, now)
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
    actor: Actor,
    now: datetime,
) -> Role:
    """Change what is given; None leaves a part as it is. System roles refuse. The change reaches every binding."""
    with tenant_context(tenant_id):
        role = _editable(tenant_id, role_id)
        held = _held(role)
        facts, wanted = _checked(
            role.name if name is None else name,
            role.description if description is None else description,
            [n for k, n in held if k == SCOPE] if scopes is None else scopes,
            [n for k, n in held if k == CONSOLE] if console_permissions is None else console_permissions,
        )
        old = {"name": role.name, "description": role.description}
        if facts == old and wanted == held:
            return role
        _forbid_more_than_held(tenant_id, actor, wanted - held, now)
        role.name, role.description = facts["name"], facts["description"]
        _save(role)
        _close(role, held - wanted, actor, now)
        _add(role, wanted - held, now)
        before, after = old | _as_json(held), facts | _as_json(wanted)
        changed = [key for key in after if before[key] != after[key]]
        _record(
            "role.edited",
            role,
            actor,
            now,
            before={key: before[key] for key in changed},
            after={key: after[key] for key in changed},
        )
    return role


def archive(*, tenant_id: UUID, role_id: UUID, actor: Actor, now: datetime, reason: str = "") -> Role:
    """Close a role: its bindings stay as history and give nothing. System roles refuse."""
    with tenant_context(tenant_id):
        role = _editable(tenant_id, role_id, archived=True)
        if role.ended_at:
            return role
        role.ended_at, role.ended_by = now, actor.id
        role.save(update_fields=["ended_at", "ended_by"])
        _record("role.archived", role, actor, now, reason=reason)
    return role


def _checked(
    name: str, description: str, scopes: Iterable[str], console_permissions: Iterable[str]
) -> tuple[dict[str, str], set[tuple[str, str]]]:
    findings = Findings()
    facts = {
        "name": findings.text("name", name, 100),
        "description": findings.text("description", description, 300, required=False),
    }
    scopes, console_permissions = list(scopes), list(console_permissions)
    if bad := [scope for scope in scopes if not SCOPE_TOKEN.fullmatch(scope)]:
        findings.add(
            "scopes", f"{bad[0][:40]!r} is no scope name: signs without blanks, quotes or backslashes."
        )
    if unknown := [name for name in console_permissions if name not in engine.actions()]:
        findings.add("console_permissions", f"{unknown[0][:60]!r} is no console permission.")
    for field, names in (("scopes", scopes), ("console_permissions", console_permissions)):
        if len(names) > MAX_NAMES:
            findings.add(field, f"At most {MAX_NAMES}.")
    findings.stop()
    return facts, {(SCOPE, name) for name in scopes} | {(CONSOLE, name) for name in console_permissions}


def _editable(tenant_id: UUID, role_id: UUID, *, archived: bool = False) -> Role:
    role = Role.objects.select_for_update().filter(tenant_id=tenant_id, pk=role_id).first()
    if role is None:
        raise Refused({"role_id": "There is no such role here."})
    if role.system_key:
        raise Refused({"role_id": f"{role.name} is a system role. Copy it to change it."})
    if role.ended_at and not archived:
        raise Refused({"role_id": f"{role.name} is archived."})
    return role


def _held(role: Role) -> set[tuple[str, str]]:
    rows = RoleScope.objects.filter(tenant_id=role.tenant_id, role=role, ended_at=None)
    return set(rows.values_list("kind", "name"))


def _add(role: Role, wanted: Iterable[tuple[str, str]], now: datetime) -> None:
    RoleScope.objects.bulk_create(
        RoleScope(tenant_id=role.tenant_id, role=role, kind=kind, name=name, added_at=now)
        for kind, name in sorted(wanted)
    )


def _close(role: Role, gone: set[tuple[str, str]], actor: Actor, now: datetime) -> None:
    for kind in (SCOPE, CONSOLE):
        names = [name for its, name in gone if its == kind]
        live = RoleScope.objects.filter(tenant_id=role.tenant_id, role=role, kind=kind, ended_at=None)
        live.filter(name__in=names).update(ended_at=now, ended_by=actor.id)


def _forbid_more_than_held(
    tenant_id: UUID, actor: Actor, gained: Iterable[tuple[str, str]], now: datetime
) -> None:
    """Whoever writes a role must hold its console permissions tenant-wide: it may be bound there."""
    permissions = [(name, None) for kind, name in gained if kind == CONSOLE]
    forbid_escalation(tenant_id=tenant_id, actor=actor, permissions=permissions, now=now)


def _as_json(names: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    names = list(names)
    return {
        "scopes": sorted(name for kind, name in names if kind == SCOPE),
        "console_permissions": sorted(name for kind, name in names if kind == CONSOLE),
    }


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
