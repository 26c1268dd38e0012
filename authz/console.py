"""May this subject do this in the console or the API? A decision with its reasons.

Power comes from bindings (``effective_console``, one statement); Cedar decides over it. Absence is no.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection

from authsec.audit.actor import Actor
from authz.cedar import engine, entities
from authz.refusals import Escalation

# One row at least: standing, with empty permission columns when no binding gives any.
POWERS = """
select coalesce(s.active, false), c.permission, c.application_id, c.role_name, c.system_key
  from (values (1)) one
  left join lateral (
    select t.status = 'open' and m.status = 'active' as active
      from tenants_membership m join tenants_tenant t on t.id = m.tenant_id
     where %(kind)s = 'user' and m.tenant_id = %(tenant)s and m.user_id = %(subject)s
     union all
    select t.status = 'open' and (a.ended_at is null or a.ended_at > %(at)s)
      from authz_serviceaccount a join tenants_tenant t on t.id = a.tenant_id
     where %(kind)s = 'service_account' and a.tenant_id = %(tenant)s and a.id = %(subject)s
  ) s on true
  left join lateral effective_console(%(tenant)s, %(kind)s, %(subject)s, %(at)s, %(mfa_at)s, %(ip)s) c on true
"""


@dataclass(frozen=True)
class Held:
    """One console permission, where it counts (``application_id`` None: tenant-wide) and the role that gives it."""

    permission: str
    application_id: UUID | None
    role_name: str
    system_key: str = ""


@dataclass(frozen=True)
class Powers:
    """A subject's console power at one moment: standing and what live bindings give."""

    tenant_id: UUID
    subject_kind: str
    subject_id: UUID
    active: bool
    held: tuple[Held, ...] = ()

    def permissions(self, application_id: UUID | None = None) -> frozenset[str]:
        """Names held tenant-wide; with an Application, those limited to it as well."""
        places = {None, application_id}
        return frozenset(item.permission for item in self.held if item.application_id in places)

    def decide(self, action: str, *, application_id: UUID | None = None) -> "Decision":
        """Ask Cedar about one more action, on the tenant or on one Application. No statement."""
        here = {
            item.permission
            for item in self.held
            if item.application_id and item.application_id == application_id
        }
        things = entities.resources(self.tenant_id, application_id)
        subject = entities.principal(
            self.subject_kind, self.subject_id, active=self.active, permissions=_known(self.permissions())
        )
        answer = engine.authorize(
            request={
                "principal": subject["uid"],
                "action": entities.uid("Action", action),
                "resource": things[-1]["uid"],
                "context": {"here": entities.action_set(_known(here))},
            },
            entities=[subject, *things],
        )
        return Decision(answer.allowed, self._reasons(action, application_id, answer), answer.policies, self)

    def _reasons(self, action: str, application_id: UUID | None, answer: engine.Answer) -> tuple[str, ...]:
        if answer.allowed:
            places = {None, application_id}
            return tuple(
                f"{item.role_name} gives {action}"
                for item in self.held
                if item.permission == action and item.application_id in places
            )
        if answer.errors:
            return (f"The policies could not be evaluated: {'; '.join(answer.errors)}",)
        if not self.active:
            return ("Your access here is not active.",)
        if answer.policies:
            return tuple(policy.sentence for policy in engine.policies() if policy.id in answer.policies)
        return (f"No role of yours gives {action}.",)


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
    held = tuple(Held(name, application, role, key) for _, name, application, role, key in rows if name)
    return Powers(tenant_id, subject_kind, subject_id, all(row[0] for row in rows), held)


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

    ``permissions``: names with the Application they would count on (None: tenant-wide). The system is exempt.
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
            now=now,
            subject_kind="user" if actor.kind == "member" else "service_account",
        )
        if powers.active:
            held = frozenset((item.permission, item.application_id) for item in powers.held)
    missing = {name for name, place in wanted if (name, None) not in held and (name, place) not in held}
    if missing:
        raise Escalation(missing)


def _known(names: Iterable[str]) -> list[str]:
    """Only names that the schema has: one that a later version dropped gives nothing and breaks nothing."""
    return [name for name in names if name in engine.actions()]
