"""Effective access: every binding that reaches a subject, and what comes of it on each Application.

The database judges conditions (``effective_grants``); here its answers are only combined: standing over them,
``unsupported`` beside them (Rule 4), and per Application entitled ∩ supported ∩ requested (``authz.terms``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from authz import subject as subjects
from authz.subject import Standing, Subject
from authz.supported import Supported, supported_by
from authz.terms import ApplicationAccess, access_on

GRANTS = """
select g.binding_id, g.role_id, o.name, g.source, g.source_id,
       coalesce(gr.name, sa.name, pt.name, %(name)s), g.application_id,
       array(select r.name from authz_rolescope r
              where o.id is not null and (o.ended_at is null or o.ended_at > %(at)s)
                and r.tenant_id = %(tenant)s and r.role_id = g.role_id and r.kind = 'scope'
                and r.added_at <= %(at)s and (r.ended_at is null or r.ended_at > %(at)s) order by r.name),
       array(select r.name from authz_rolescope r
              where o.id is not null and (o.ended_at is null or o.ended_at > %(at)s)
                and r.tenant_id = %(tenant)s and r.role_id = g.role_id and r.kind = 'console'
                and r.added_at <= %(at)s and (r.ended_at is null or r.ended_at > %(at)s) order by r.name),
       g.state, b.requires_mfa, b.mfa_max_age, b.ip_ranges::text[], b.not_before, b.expires_at,
       b.ended_at, b.reason, b.created_at, gv.display_name, gm.source, coalesce(gm.added_at, op.added_at)
  from effective_grants(%(tenant)s, %(kind)s, %(subject)s, %(at)s, %(mfa_at)s, %(ip)s) g
  join authz_binding b on b.tenant_id = %(tenant)s and b.id = g.binding_id
  left join authz_role o on o.tenant_id = %(tenant)s and o.id = g.role_id
  left join authz_group gr on g.source = 'group' and gr.tenant_id = %(tenant)s and gr.id = g.source_id
  left join authz_serviceaccount sa
    on g.source = 'service-account' and sa.tenant_id = %(tenant)s and sa.id = g.source_id
  left join endusers_plantier pt on g.source = 'plan' and pt.tenant_id = %(tenant)s and pt.id = g.source_id
  left join tenants_profile gv on gv.tenant_id = %(tenant)s and gv.user_id = b.created_by
  left join lateral (
    select m.source, m.added_at from authz_groupmember m
     where g.source = 'group' and m.tenant_id = %(tenant)s and m.group_id = g.source_id and m.user_id = %(subject)s
       and m.added_at <= %(at)s and (m.ended_at is null or m.ended_at > %(at)s) limit 1) gm on true
  left join lateral (
    select p.added_at from authz_serviceaccountoperator p
     where g.source = 'service-account' and p.tenant_id = %(tenant)s and p.service_account_id = g.source_id
       and p.user_id = %(subject)s and p.added_at <= %(at)s
       and (p.ended_at is null or p.ended_at > %(at)s) limit 1) op on true
 order by b.created_at, g.binding_id, g.source, g.source_id
"""
SCOPES = """
select scope, active, pending, supported
  from effective_scopes(%(tenant)s, %(kind)s, %(subject)s, %(application)s, %(at)s, %(mfa_at)s, %(ip)s)
"""
JUDGED_BEFORE_SUPPORT = ("ended", "expired", "not_yet")


@dataclass(frozen=True)
class Item:
    """One binding that reaches the subject. ``source``: direct, group, service-account or plan; ``source_id`` and
    ``source_name`` say which. ``state`` is Rule 4's, first that applies; ``met`` the binding's own state without
    standing and support. ``reached_at``: when the subject came into the group or became operator.
    """

    binding_id: UUID
    role_id: UUID
    role_name: str
    source: str
    source_id: UUID
    source_name: str
    application_id: UUID | None
    scopes: tuple[str, ...]
    console_permissions: tuple[str, ...]
    met: str
    requires_mfa: bool
    mfa_max_age: timedelta
    ip_ranges: tuple[str, ...]
    not_before: datetime | None
    expires_at: datetime | None
    ended_at: datetime | None
    reason: str
    created_at: datetime
    given_by: str | None
    member_source: str | None
    reached_at: datetime | None
    state: str = ""

    @property
    def conditions(self) -> dict[str, Any]:
        """The conditions that are set, in the API's shape."""
        said: dict[str, Any] = {}
        if self.requires_mfa:
            said |= {"mfa_required": True, "mfa_max_age_s": int(self.mfa_max_age.total_seconds())}
        if self.ip_ranges:
            said["allowed_ip_cidrs"] = list(self.ip_ranges)
        if self.not_before:
            said["not_before"] = self.not_before
        return said


@dataclass(frozen=True)
class HeldScope:
    """What live bindings say about one scope on one Application: ``active``, or ``pending`` a second factor."""

    name: str
    active: bool
    pending: bool
    supported: bool


@dataclass(frozen=True)
class Explanation:
    """The whole answer. ``effective``: Application id → scope names that a token could carry now, if all were asked
    for; Applications without any are absent. ``effective_console``: permissions that hold tenant-wide.
    """

    subject: Subject
    standing: Standing
    at: datetime
    mfa_at: datetime | None
    ip: str | None
    items: tuple[Item, ...]
    applications: tuple[ApplicationAccess, ...]
    effective: Mapping[UUID, tuple[str, ...]]
    effective_console: tuple[str, ...]


def explain(
    *,
    tenant_id: UUID,
    subject_kind: str,
    subject_id: UUID,
    at: datetime,
    mfa_at: datetime | None,
    ip: str | None,
    application_id: UUID | None = None,
    requested: frozenset[str] | None = None,
    subject: Subject | None = None,
) -> Explanation | None:
    """Explain what reaches a subject, as if asked at ``at``, from ``ip``, with a second factor at ``mfa_at``.

    None when the tenant has no such subject. ``application_id`` narrows to one Application and tenant-wide bindings.
    ``requested``: the scopes asked for, None as if everything were. Three statements, two when the loaded
    ``subject`` is given; one of them reads the grants. Runs inside the tenant's context.
    """
    subject = subject or subjects.load(subject_id)
    if subject is None or subject.kind != subject_kind or subject.id != subject_id:
        return None
    standing = subject.standing(at)
    supported = supported_by(tenant_id=tenant_id, at=at)
    rows = _grants(tenant_id, subject, at, mfa_at, ip)
    items = tuple(
        replace(item, state=_state(item, standing, supported))
        for item in rows
        if application_id is None or item.application_id in (None, application_id)
    )
    applications = tuple(
        access_on(one, items, standing.active, subject, requested)
        for one in supported.values()
        if application_id in (None, one.id)
    )
    return Explanation(
        subject=subject,
        standing=standing,
        at=at,
        mfa_at=mfa_at,
        ip=ip,
        items=items,
        applications=applications,
        effective={one.id: one.effective for one in applications if one.effective},
        effective_console=_console(items),
    )


def effective_scopes(
    *,
    tenant_id: UUID,
    subject_kind: str,
    subject_id: UUID | None,
    application_id: UUID,
    at: datetime,
    mfa_at: datetime | None,
    ip: str | None,
) -> tuple[HeldScope, ...]:
    """What live bindings give a subject on one Application: the gate's view. Standing is the caller's. One statement.

    ``subject_kind``: user, service_account, or stranger: a person whom the tenant does not know yet (``subject_id``
    may be None), for whom the default plan tier counts.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            SCOPES,
            {
                "tenant": tenant_id,
                "kind": subject_kind,
                "subject": subject_id,
                "application": application_id,
                "at": at,
                "mfa_at": mfa_at,
                "ip": ip,
            },
        )
        return tuple(HeldScope(*row) for row in sorted(cursor.fetchall()))


def _grants(
    tenant_id: UUID, subject: Subject, at: datetime, mfa_at: datetime | None, ip: str | None
) -> Iterable[Item]:
    with connection.cursor() as cursor:
        cursor.execute(
            GRANTS,
            {
                "tenant": tenant_id,
                "kind": subject.kind,
                "subject": subject.id,
                "name": subject.name,
                "at": at,
                "mfa_at": mfa_at,
                "ip": ip,
            },
        )
        return [
            Item(*row[:7], tuple(row[7]), tuple(row[8]), *row[9:12], tuple(row[12] or ()), *row[13:])
            for row in cursor.fetchall()
        ]


def _state(item: Item, standing: Standing, supported: Mapping[UUID, Supported]) -> str:
    """Rule 4: suspended, ended, expired, not_yet, unsupported, then what the conditions say."""
    place = supported.get(item.application_id) if item.application_id else None
    if not standing.active or (place is not None and not place.enabled):
        return "suspended"
    if item.met in JUDGED_BEFORE_SUPPORT:
        return item.met
    return item.met if _gives_something(item, supported) else "unsupported"


def _gives_something(item: Item, supported: Mapping[UUID, Supported]) -> bool:
    """Whether the role gives anything where it counts: a scope that is understood there, or a console permission."""
    places = supported.values() if item.application_id is None else ()
    if item.application_id is not None:
        if item.application_id not in supported:
            return False
        places = [supported[item.application_id]]
    return bool(item.console_permissions) or any(
        name in place.scopes for place in places for name in item.scopes
    )


def _console(items: Iterable[Item]) -> tuple[str, ...]:
    held = {
        name
        for item in items
        if item.state == "active" and item.application_id is None
        for name in item.console_permissions
    }
    return tuple(sorted(held))
