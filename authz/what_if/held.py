"""What many subjects hold at one moment, scope by scope, and by which ways: the reader behind *what if*.

It asks the one function (``effective_grants``) and combines its answers as Effective Access does: standing over them,
then what the Application supports (Rules 3 to 5). Nothing is asked for here, so *requested* removes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from authz.console import HeldRole, power_of
from authz.effective.subject import Subject
from authz.effective.supported import Supported, supported_by
from authz.effective.terms import ORDER

# From the best to the worst that a scope can be in for somebody; what is not in a Held at all is ``none``.
STATES = (*ORDER[:5], "unverified", "unsupported", "suspended", "none")
WAITING = ("pending_step_up", "missing_context", "outside_ip", "not_yet")

SUBJECTS = """
select 'user', u.id, coalesce(nullif(p.display_name, ''), p.email, u.id::text)::text, p.email::text,
       t.status = 'open', m.type::text, m.status::text, e.status::text, i.name::text, null::timestamptz
  from unnest(%(users)s::uuid[]) w(id)
  join users u on u.tenant_id = %(tenant)s and u.id = w.id
  join tenants_tenant t on t.id = %(tenant)s
  left join tenants_profile p on p.tenant_id = %(tenant)s and p.user_id = u.id
  left join tenants_membership m on m.tenant_id = %(tenant)s and m.user_id = u.id
  left join endusers_enduser e on e.tenant_id = %(tenant)s and e.user_id = u.id
  left join endusers_plantier i on i.tenant_id = %(tenant)s and i.id = e.plan_tier_id
 union all
select 'service_account', a.id, a.name::text, null, t.status = 'open', null, null, null, null, a.ended_at
  from unnest(%(accounts)s::uuid[]) w(id)
  join authz_serviceaccount a on a.tenant_id = %(tenant)s and a.id = w.id
  join tenants_tenant t on t.id = %(tenant)s
"""
# The kind of subject is a constant, so that the planner prunes the other kind's branches; a half that nobody is in is
# left out, for planning it takes as long as running it.
HALF = """
  select w.id as subject, x.* from unnest(%(ids)s::uuid[]) w(id)
   cross join lateral effective_grants(%(tenant)s, '{kind}', w.id, %(at)s, %(mfa_at)s, %(ip)s) x
"""
GRANTS = """
with g as materialized ({halves})
select g.subject, g.binding_id, g.role_id, g.application_id, g.source, g.source_id,
       coalesce(gr.name, sa.name, pt.name, '')::text, g.state, b.not_before, b.expires_at
  from g
 cross join lateral (select * from authz_binding x where x.tenant_id = %(tenant)s and x.id = g.binding_id offset 0) b
  left join authz_group gr on g.source = 'group' and gr.tenant_id = %(tenant)s and gr.id = g.source_id
  left join authz_serviceaccount sa
    on g.source = 'service-account' and sa.tenant_id = %(tenant)s and sa.id = g.source_id
  left join endusers_plantier pt on g.source = 'plan' and pt.tenant_id = %(tenant)s and pt.id = g.source_id
 where g.state not in ('ended', 'expired')
 order by b.created_at, g.binding_id, g.source, g.source_id
"""
ROLES = """
select o.id, o.name, o.system_key,
       coalesce(array_agg(r.name::text order by r.name) filter (where r.kind = 'scope'), '{}'),
       coalesce(array_agg(r.name::text) filter (where r.kind = 'group'), '{}'),
       coalesce(array_agg(r.name::text) filter (where r.kind = 'console'), '{}')
  from authz_role o
  left join authz_rolescope r on r.tenant_id = o.tenant_id and r.role_id = o.id
   and r.added_at <= %(at)s and (r.ended_at is null or r.ended_at > %(at)s)
 where o.tenant_id = %(tenant)s and o.id = any(%(roles)s::uuid[]) and (o.ended_at is null or o.ended_at > %(at)s)
 group by o.id
"""

Place = tuple[UUID | None, str]  # an Application and a scope's name; no Application: the console


@dataclass(frozen=True)
class Moment:
    """As if asked then: at ``at``, with a second factor completed at ``mfa_at``, from ``ip``."""

    at: datetime
    mfa_at: datetime | None = None
    ip: str | None = None


@dataclass(frozen=True)
class Who:
    """Whom it is about: users.ids and service accounts' ids."""

    users: tuple[UUID, ...] = ()
    accounts: tuple[UUID, ...] = ()

    @property
    def ids(self) -> tuple[UUID, ...]:
        """All of them."""
        return (*self.users, *self.accounts)


@dataclass(frozen=True)
class Way:
    """One binding by which something reaches somebody, in the state that it is in there."""

    binding_id: UUID
    role_id: UUID
    role_name: str
    application_id: UUID | None
    source: str
    source_id: UUID
    source_name: str
    state: str
    not_before: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True)
class Holding:
    """The best state in which one scope or console permission reaches somebody, and all ways, the best first."""

    state: str
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class Held:
    """What one subject holds. ``scopes`` and ``console`` by place; a console permission that is limited to an
    Application stands under that Application's id.
    """

    subject: Subject
    scopes: dict[Place, Holding] = field(default_factory=dict)
    console: dict[Place, Holding] = field(default_factory=dict)

    def active(self) -> dict[UUID, tuple[str, ...]]:
        """Application id → scopes that a token could carry, as ``Explanation.effective`` has them."""
        found: dict[UUID, list[str]] = {}
        for (application_id, name), holding in sorted(self.scopes.items(), key=lambda item: item[0][1]):
            if holding.state == "active" and application_id:
                found.setdefault(application_id, []).append(name)
        return {key: tuple(names) for key, names in found.items()}


@dataclass(frozen=True)
class Reading:
    """What everybody holds at one moment, by subject, and the Applications that there are."""

    held: Mapping[UUID, Held]
    applications: Mapping[UUID, Supported]


@dataclass(frozen=True)
class _Role:
    """A live role: its scopes, and what its holders may do in the console, by kind of subject."""

    name: str
    scopes: tuple[str, ...]
    console: Mapping[str, frozenset[str]]


def read(*, tenant_id: UUID, who: Who, when: Moment) -> Reading:
    """What these subjects hold. Four statements, however many they are; one of them reads the grants.

    Runs inside the tenant's context. Ids that the tenant doesn't know are left out.
    """
    subjects = _subjects(tenant_id, who)
    applications = supported_by(tenant_id=tenant_id, at=when.at)
    grants = _grants(tenant_id, list(subjects.values()), when)
    roles = _roles(tenant_id, {row[2] for row in grants}, when.at)
    ways: dict[UUID, list[Way]] = {key: [] for key in subjects}
    for subject, binding_id, role_id, application_id, *rest in grants:
        if subject in ways and role_id in roles:
            ways[subject].append(Way(binding_id, role_id, roles[role_id].name, application_id, *rest))
    return Reading(
        {key: _held(subjects[key], those, roles, applications, when.at) for key, those in ways.items()},
        applications,
    )


def _subjects(tenant_id: UUID, who: Who) -> dict[UUID, Subject]:
    found = {}
    for kind, key, name, email, is_open, type, member, end_user, tier, ended_at in _rows(
        SUBJECTS, tenant=tenant_id, users=who.users, accounts=who.accounts
    ):
        found[key] = Subject(
            kind=kind,
            id=key,
            name=name,
            email=email,
            tenant_open=is_open,
            member_type=type,
            member_status=member,
            member_reason=None,
            since=None,
            end_user_status=end_user,
            end_user_reason=None,
            first_consent_at=None,
            plan_tier=tier,
            ended_at=ended_at,
        )
    return found


def _grants(tenant_id: UUID, subjects: Sequence[Subject], when: Moment) -> list[tuple[Any, ...]]:
    """Every binding that reaches one of them and may count. One statement, none when there is nobody."""
    kinds = sorted({one.kind for one in subjects})
    halves = " union all ".join(HALF.format(kind=kind) for kind in kinds)
    return (
        _rows(
            GRANTS.replace("{halves}", halves),
            tenant=tenant_id,
            ids=[one.id for one in subjects],
            when=when,
        )
        if kinds
        else []
    )


def _roles(tenant_id: UUID, ids: Iterable[UUID], at: datetime) -> dict[UUID, _Role]:
    found = {}
    for key, name, system_key, scopes, groups, listed in _rows(ROLES, tenant=tenant_id, roles=ids, at=at):
        held = HeldRole(name, system_key, tenant_groups=frozenset(groups), permissions=frozenset(listed))
        power = {kind: power_of(kind, [held]) for kind in ("user", "service_account")}
        found[key] = _Role(name, tuple(scopes), power)
    return found


def _held(
    subject: Subject,
    ways: Sequence[Way],
    roles: Mapping[UUID, _Role],
    applications: Mapping[UUID, Supported],
    at: datetime,
) -> Held:
    stands, enters = subject.standing(at).active, subject.enters_console(at)
    scopes: dict[Place, list[Way]] = {}
    console: dict[Place, list[Way]] = {}
    for way in ways:
        role = roles[way.role_id]
        for name in role.scopes:
            for application_id in _where(way, name, applications):
                scopes.setdefault((application_id, name), []).append(way)
        if way.source != "plan":
            for name in role.console[subject.kind]:
                console.setdefault((way.application_id, name), []).append(way)
    return Held(
        subject,
        {
            (key, name): _best(those, _closed(subject, stands, applications[key], name))
            for (key, name), those in scopes.items()
            if key
        },
        {place: _best(those, "" if enters else "suspended") for place, those in console.items()},
    )


def _where(way: Way, name: str, applications: Mapping[UUID, Supported]) -> Iterable[UUID]:
    """On which Applications a role's scope says something: a tenant-wide one where the name means something."""
    if way.application_id:
        return [way.application_id] if way.application_id in applications else []
    return [key for key, one in applications.items() if name in one.scopes]


def _closed(subject: Subject, stands: bool, application: Supported, name: str) -> str:
    """Why this gives nothing to this subject at all, whatever the ways; empty when it may."""
    if not stands or not application.enabled:
        return "suspended"
    if name not in application.scopes:
        return "unsupported"
    if not application.verified and subject.kind == "user" and not subject.is_member:
        return "unverified"
    return ""


def _best(ways: Sequence[Way], closed: str) -> Holding:
    ordered = tuple(sorted(ways, key=lambda way: STATES.index(way.state)))
    return Holding(closed or ordered[0].state, ordered)


def _rows(statement: str, *, when: Moment | None = None, **values: Any) -> list[tuple[Any, ...]]:
    lists = {
        key: list(value) for key, value in values.items() if key in ("users", "accounts", "roles", "ids")
    }
    asked = {"at": when.at, "mfa_at": when.mfa_at, "ip": when.ip} if when else {}
    with connection.cursor() as cursor:
        cursor.execute(statement, values | lists | asked)
        return list(cursor.fetchall())
