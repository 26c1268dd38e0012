"""May this subject do this in the console or the API? A decision with its reasons.

Power comes from bindings (``effective_console``, one statement) or, where a signed claim vouches for them, from the
keys of system roles; Cedar decides over it. Absence is no.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from authsec.audit.actor import Actor
from authz import system_roles
from authz.cedar import engine, entities
from authz.refusals import Escalation

# What a statement selects from ``effective_console(…) c`` for ``held_role``; no row, or nulls, when nothing is held.
HELD_ROLE = "c.role_name, c.system_key, c.application_id, c.tenant_groups, c.permissions"

# One row at least: standing, with empty columns behind it when no binding gives any power.
POWERS = f"""
select coalesce(s.active, false), {HELD_ROLE}
  from (values (1)) one
  left join lateral (
    select t.status = 'open' and m.status = 'active' as active
      from tenants_membership m join tenants_tenant t on t.id = m.tenant_id
     where %(kind)s = 'user' and m.tenant_id = %(tenant)s and m.user_id = %(subject)s
     union all
    select t.status = 'open' and a.created_at <= %(at)s and (a.ended_at is null or a.ended_at > %(at)s)
      from authz_serviceaccount a join tenants_tenant t on t.id = a.tenant_id
     where %(kind)s = 'service_account' and a.tenant_id = %(tenant)s and a.id = %(subject)s
  ) s on true
  left join lateral effective_console(%(tenant)s, %(kind)s, %(subject)s, %(at)s, %(mfa_at)s, %(ip)s) c on true
"""  # noqa: S608 - constants of this file


@dataclass(frozen=True)
class HeldRole:
    """A role that a live binding gives, where it counts (``application_id`` None: tenant-wide), and what of its power
    is its own: the ``tenant_groups`` it is in and the ``permissions`` it lists. A system role's stand in its table.
    """

    name: str
    system_key: str = ""
    application_id: UUID | None = None
    tenant_groups: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()

    def counts_on(self, application_id: UUID | None) -> bool:
        """Whether it counts on the tenant (None), or on this Application."""
        return self.application_id in (None, application_id)


@dataclass(frozen=True)
class Held:
    """One console permission, where it counts (``application_id`` None: tenant-wide) and the role that gives it."""

    permission: str
    application_id: UUID | None
    role_name: str
    system_key: str = ""


@dataclass(frozen=True)
class Powers:
    """A subject's console power at one moment: standing and the roles that live bindings give."""

    tenant_id: UUID
    subject_kind: str
    subject_id: UUID
    active: bool
    roles: tuple[HeldRole, ...] = ()

    @cached_property
    def held(self) -> tuple[Held, ...]:
        """Each console permission of each role, as Cedar allows it to this kind of subject. Standing is beside it."""
        return tuple(
            Held(name, role.application_id, role.name, role.system_key)
            for role in self.roles
            for name in sorted(power_of(self.subject_kind, [role]))
        )

    def permissions(self, application_id: UUID | None = None) -> frozenset[str]:
        """Names held tenant-wide; with an Application, those limited to it as well."""
        return power_of(self.subject_kind, self._here(application_id))

    def decide(self, action: str, *, application_id: UUID | None = None) -> "Decision":
        """Ask Cedar about one more action, on the tenant or on one Application. No statement."""
        here = self._here(application_id)
        things = entities.resources(self.tenant_id, application_id)
        subject = entities.principal(self.subject_kind, self.subject_id, active=self.active, **_told(here))
        answer = engine.authorize(
            request={
                "principal": subject["uid"],
                "action": entities.uid("Action", action),
                "resource": things[-1]["uid"],
                "context": {},
            },
            entities=[subject, *things],
        )
        return Decision(answer.allowed, self._reasons(action, here, answer), answer.policies, self)

    def _here(self, application_id: UUID | None) -> list[HeldRole]:
        return [role for role in self.roles if role.counts_on(application_id)]

    def _reasons(self, action: str, here: Sequence[HeldRole], answer: engine.Answer) -> tuple[str, ...]:
        if answer.allowed:
            giving = (role.name for role in here if action in power_of(self.subject_kind, [role]))
            return tuple(dict.fromkeys(f"{name} gives {action}" for name in giving))
        if answer.errors:
            return (f"The policies could not be evaluated: {'; '.join(answer.errors)}",)
        if not self.active:
            return ("Your access here is not active.",)
        if answer.policies:
            return tuple(policy.sentence for policy in engine.policies() if policy.id in answer.policies)
        return (f"None of your roles gives {action}.",)


def power_of(subject_kind: str, roles: Iterable[HeldRole]) -> frozenset[str]:
    """Every action that Cedar allows to a standing subject who holds these roles, where they count."""
    return engine.allowed(subject_kind, **_told(roles))


def _told(roles: Iterable[HeldRole]) -> dict[str, frozenset[str]]:
    """What Cedar is told of roles. Names that the schema no longer has give nothing and break nothing."""
    keys: set[str] = set()
    groups: set[str] = set()
    listed: set[str] = set()
    for role in roles:
        groups |= role.tenant_groups & engine.tenant_groups().keys()
        listed |= role.permissions & engine.actions().keys()
        for system in system_roles.known([role.system_key]):
            keys.add(system.key)
            groups |= system.tenant_groups
            listed |= system.listed
    return {"roles": frozenset(keys), "tenant_groups": frozenset(groups), "permissions": frozenset(listed)}


@dataclass(frozen=True)
class Decision:
    """``allowed``, why in words, and the ids of the policies that determined it.

    ``powers`` is what was looked at: ask it about further actions of the same subject at the same moment.
    """

    allowed: bool
    reasons: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    powers: Powers | None = field(default=None, repr=False, compare=False)

    @property
    def can(self) -> frozenset[str]:
        """The actions that the subject holds tenant-wide: for showing and hiding buttons, never for deciding."""
        return self.powers.permissions() if self.powers and self.powers.active else frozenset()


def powers_of(
    *,
    tenant_id: UUID,
    subject_id: UUID,
    mfa_at: datetime | None,
    ip: str | None,
    now: datetime,
    subject_kind: str = "user",
) -> Powers:
    """Read a subject's console power. One statement.

    ``mfa_at``: when the second factor was last completed, None without one. ``ip``: the client's address.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            POWERS,
            {
                "tenant": tenant_id,
                "kind": subject_kind,
                "subject": subject_id,
                "at": now,
                "mfa_at": mfa_at,
                "ip": ip,
            },
        )
        rows = cursor.fetchall()
    roles = tuple(role for _, *columns in rows if (role := held_role(columns)))
    return Powers(tenant_id, subject_kind, subject_id, all(row[0] for row in rows), roles)


def held_role(columns: Sequence[Any]) -> HeldRole | None:
    """The role in the columns that HELD_ROLE selects; None when they are empty."""
    name, key, application_id, groups, permissions = columns
    if name is None:
        return None
    return HeldRole(name, key, application_id, frozenset(groups), frozenset(permissions))


def powers_from_roles(
    *, tenant_id: UUID, subject_kind: str, subject_id: UUID, role_keys: Iterable[str], active: bool = True
) -> Powers:
    """A subject's console power from the keys of system roles, held tenant-wide: what a signed claim says.

    No statement. Keys that name no system role (an own role's slug) give nothing: ask the database about those.
    Decides as :func:`powers_of` does for the same roles.
    """
    roles = tuple(HeldRole(role.name, role.key) for role in system_roles.known(sorted(set(role_keys))))
    return Powers(tenant_id, subject_kind, subject_id, active, roles)


def decide(
    *,
    tenant_id: UUID,
    user_id: UUID,
    action: str,
    mfa_at: datetime | None,
    ip: str | None,
    now: datetime,
    subject_kind: str = "user",
    application_id: UUID | None = None,
) -> Decision:
    """Decide ``action`` for a subject from the live bindings. One statement; absence is no.

    ``user_id`` is a users.id or, with ``subject_kind`` service_account, its id.
    """
    powers = powers_of(
        tenant_id=tenant_id, subject_id=user_id, mfa_at=mfa_at, ip=ip, now=now, subject_kind=subject_kind
    )
    return powers.decide(action, application_id=application_id)


def forbid_escalation(
    *,
    tenant_id: UUID,
    actor: Actor,
    permissions: Iterable[tuple[str, UUID | None]],
    now: datetime,
) -> None:
    """Raise Escalation unless the actor holds every console permission that somebody would gain (Rule 7).

    ``permissions``: names with the Application they would count on (None: tenant-wide). The system is exempt. Whoever
    waited for their turn since ``now`` must hold them still.
    """
    wanted = set(permissions)
    if not wanted or actor.kind == "system":
        return
    held: frozenset[tuple[str, UUID | None]] = frozenset()
    if actor.kind in ("member", "service_account") and actor.id is not None:
        powers = powers_of(
            tenant_id=tenant_id,
            subject_id=actor.id,
            mfa_at=actor.mfa_at,
            ip=actor.ip,
            now=max(now, timezone.now()),
            subject_kind="user" if actor.kind == "member" else "service_account",
        )
        if powers.active:
            held = frozenset((item.permission, item.application_id) for item in powers.held)
    missing = {name for name, place in wanted if not {(name, None), (name, place)} & held}
    if missing:
        raise Escalation(missing)
