"""What somebody may be asked to have: a scope of an Application, a console permission, a role, what a group gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from authz.cedar import engine
from authz.console import HeldRole, power_of
from authz.effective.supported import Supported, supported_by
from authz.models import Application, Group, Role
from authz.system_roles import TABLE

# Of each role that stands: whether it gives one of the scopes, or the permission to people and to service accounts.
ROLES = """
select o.id,
       exists (select from authz_rolescope r
                where r.tenant_id = %(tenant)s and r.role_id = o.id and r.kind = 'scope' and r.name = any (%(scopes)s)
                  and r.added_at <= %(at)s and (r.ended_at is null or r.ended_at > %(at)s)),
       o.system_key,
       array(select r.name from authz_rolescope r
              where o.system_key = '' and r.tenant_id = %(tenant)s and r.role_id = o.id
                and (r.kind = 'group' and r.name = any (%(groups)s) or r.kind = 'console' and r.name = %(permission)s)
                and r.added_at <= %(at)s and (r.ended_at is null or r.ended_at > %(at)s))
  from authz_role o
 where o.tenant_id = %(tenant)s and (o.ended_at is null or o.ended_at > %(at)s)
   and (%(role)s::uuid is null or o.id = %(role)s)
"""


class Unclear(ValueError):
    """Asked about nothing, two things at once, or what the tenant does not have. ``field`` names what is wrong."""

    def __init__(self, field: str, sentence: str) -> None:
        self.field = field
        super().__init__(sentence)


@dataclass(frozen=True)
class Wanted:
    """What is looked for; at least one of them. An Application narrows a permission and a role to itself; alone it
    means any scope of it. A group means what its own bindings give, narrowed by the rest.
    """

    application_id: UUID | None = None
    scope: str = ""
    permission: str = ""
    role_id: UUID | None = None
    group_id: UUID | None = None

    @property
    def is_empty(self) -> bool:
        return not any((self.application_id, self.scope, self.permission, self.role_id, self.group_id))


@dataclass(frozen=True)
class Found:
    """What the functions of ``sql/who_has.sql`` are told. ``roles`` None: whatever role; ``anywhere``: bindings limited
    to any Application count. ``enabled``, ``verified``, ``supported``: of the Application, where one is asked about.
    """

    roles: list[UUID] | None
    account_roles: list[UUID] | None
    application: UUID | None
    anywhere: bool
    group: UUID | None
    console: bool
    enabled: bool = True
    verified: bool = True
    supported: bool = True


def find(*, tenant_id: UUID, wanted: Wanted, at: datetime) -> Found:
    """Which roles give it, at a moment. One to four statements, however many people there are. Raises Unclear."""
    _check(tenant_id, wanted)
    group, application = wanted.group_id, wanted.application_id
    if not (application or wanted.permission or wanted.role_id):
        return Found(None, None, None, True, group, False)
    place = _application(tenant_id, application, at) if application else None
    scopes = {wanted.scope} if wanted.scope else set(place.scopes) if place else set()
    people, accounts = _roles(tenant_id, wanted, scopes, at)
    console = bool(wanted.permission)
    if application is None or console:
        return Found(people, accounts, application, not (application or console), group, console)
    return Found(
        people,
        accounts,
        application,
        False,
        group,
        False,
        enabled=place is None or place.enabled,
        verified=place is None or place.verified,
        supported=place is not None and (not wanted.scope or wanted.scope in place.scopes),
    )


def _check(tenant_id: UUID, wanted: Wanted) -> None:
    if wanted.is_empty:
        raise Unclear("application", "Say what: an Application and a scope, a permission, a role or a group.")
    if wanted.scope and not wanted.application_id:
        raise Unclear("application", "A scope is one of an Application: say which.")
    if wanted.scope and (wanted.permission or wanted.role_id):
        raise Unclear("scope", "Ask for a scope, a permission or a role, one at a time.")
    if wanted.permission and wanted.role_id:
        raise Unclear("permission", "Ask for a scope, a permission or a role, one at a time.")
    if wanted.permission and wanted.permission not in engine.actions():
        raise Unclear("permission", "There is no such permission.")
    for model, key, field in ((Role, wanted.role_id, "role"), (Group, wanted.group_id, "group")):
        if key and not model.objects.filter(tenant_id=tenant_id, pk=key).exists():
            raise Unclear(field, f"There is no such {field} here.")


def _application(tenant_id: UUID, application_id: UUID, at: datetime) -> Supported | None:
    """The Application as it was then; None when it did not stand."""
    if not Application.objects.filter(tenant_id=tenant_id, pk=application_id).exists():
        raise Unclear("application", "There is no such Application here.")
    return supported_by(tenant_id=tenant_id, at=at).get(application_id)


def _roles(tenant_id: UUID, wanted: Wanted, scopes: set[str], at: datetime) -> tuple[list[UUID], list[UUID]]:
    """Roles that give it to people, and to service accounts: what Cedar allows differs between them."""
    power = {kind: _power(kind, wanted.permission) for kind in ("user", "service_account")}
    groups = sorted({name for gives in power.values() for name in gives["groups"]})
    with connection.cursor() as cursor:
        cursor.execute(
            ROLES,
            {
                "tenant": tenant_id,
                "at": at,
                "scopes": sorted(scopes),
                "groups": groups,
                "permission": wanted.permission,
                "role": wanted.role_id,
            },
        )
        rows = cursor.fetchall()
    if wanted.role_id:
        ids = [row[0] for row in rows]
        return ids, ids
    found = {
        kind: [
            id
            for id, gives_scope, key, names in rows
            if (gives_scope if not wanted.permission else key in gives["keys"] or gives["names"] & set(names))
        ]
        for kind, gives in power.items()
    }
    return found["user"], found["service_account"]


def _power(kind: str, permission: str) -> Mapping[str, frozenset[str]]:
    """What brings a permission to this kind of subject: system roles, tenant groups, and its own name when listed."""
    if not permission:
        return {"keys": frozenset(), "groups": frozenset(), "names": frozenset()}
    groups = frozenset(
        name
        for name in engine.tenant_groups()
        if permission in power_of(kind, [HeldRole("", tenant_groups=frozenset({name}))])
    )
    listed = permission in power_of(kind, [HeldRole("", permissions=frozenset({permission}))])
    return {
        "keys": frozenset(one.key for one in TABLE if permission in power_of(kind, [HeldRole("", one.key)])),
        "groups": groups,
        "names": groups | (frozenset({permission}) if listed else frozenset()),
    }
