"""Effective access: every binding that reaches a subject, and what comes of it on each Application.

The database judges conditions (``effective_grants``); here its answers are only combined: standing over them,
``unsupported`` beside them (Rule 4), and per Application entitled ∩ supported ∩ requested (``authz.effective.terms``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import connection

from authz.effective import subject as subjects
from authz.effective.grants import Item, grants_of
from authz.effective.subject import Standing, Subject
from authz.effective.supported import Supported, supported_by
from authz.effective.terms import ApplicationAccess, access_on

SCOPES = """
select scope, active, pending, supported
  from effective_scopes(%(tenant)s, %(kind)s, %(subject)s, %(application)s, %(at)s, %(mfa_at)s, %(ip)s)
"""
JUDGED_BEFORE_SUPPORT = ("ended", "expired", "not_yet")


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
    for; Applications without any are absent. ``effective_console``: the actions that Cedar allows tenant-wide.
    ``application_id``: the only Application that was asked about, None for all.
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
    application_id: UUID | None = None


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
    asked: Mapping[UUID, frozenset[str]] | None = None,
    subject: Subject | None = None,
) -> Explanation | None:
    """Explain what reaches a subject, as if asked at ``at``, from ``ip``, with a second factor at ``mfa_at``.

    None when the tenant has no such subject. ``application_id`` narrows to one Application and tenant-wide bindings.
    ``requested``: the scopes asked for, None as if everything were; ``asked`` says it for single Applications. Three
    statements, two when ``subject`` is given as it was then; one reads the grants. Runs inside the tenant's context.
    """
    if subject is None or subject.at != at:
        subject = subjects.load(subject_id, at)
    if subject is None or subject.kind != subject_kind or subject.id != subject_id:
        return None
    standing = subject.standing(at)
    supported = supported_by(tenant_id=tenant_id, at=at)
    rows = grants_of(tenant_id, subject, at, mfa_at, ip)
    items = tuple(
        replace(item, state=_state(item, standing, supported))
        for item in rows
        if application_id is None or item.application_id in (None, application_id)
    )
    counting = _by_place(items, supported)
    applications = tuple(
        access_on(one, counting[one.id], standing.active, subject, (asked or {}).get(one.id, requested))
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
        effective_console=_console(items) if subject.enters_console(at) else (),
        application_id=application_id,
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


def _by_place(items: Iterable[Item], supported: Mapping[UUID, Supported]) -> dict[UUID, list[Item]]:
    """The items that count on each Application: its own and the tenant-wide ones, in their order."""
    found: dict[UUID, list[Item]] = {key: [] for key in supported}
    for item in items:
        places = found if item.application_id is None else [item.application_id]
        for key in places:
            if key in found:
                found[key].append(item)
    return found


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
    if item.application_id is None:
        places = list(supported.values())
    elif item.application_id in supported:
        places = [supported[item.application_id]]
    else:
        return False
    return bool(item.console_permissions) or any(
        name in place.scopes for place in places for name in item.scopes
    )


def _console(items: Iterable[Item]) -> tuple[str, ...]:
    held = {
        name
        for item in items
        if item.met == "active" and item.application_id is None
        for name in item.console_permissions
    }
    return tuple(sorted(held))
