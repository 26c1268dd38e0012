"""What if: the real verb in a savepoint, the same reader before and after, and everything rolled back.

Nothing remains, because a savepoint that is rolled back takes along its rows, its row and advisory locks, its
notifications and the hooks that wait for the commit. Only dead row versions stay behind, for vacuum.

It stands in nobody's way for long. All locks are taken by the verb, which waits LOCK_WAIT for each and begins no
statement later than VERB_TIME after its first one. Together that is less than PostgreSQL's deadlock_timeout (one
second), so that of two that wait for each other it is always this one that gives up, never a real verb. The reader
afterwards takes no locks; after HOLD in all everything is let go, answer or not.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connection, transaction

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authsec.web.pagination import Count
from authz.console import powers_of
from authz.what_if.changes import Change
from authz.what_if.difference import Difference, compare
from authz.what_if.held import Moment, Reading, Who, read
from authz.what_if.reach import Roots, about_reached, reached
from endusers.operations import EndUserError
from tenants.operations import TenantError

log = logging.getLogger(__name__)

INLINE = 500  # people that are looked at while somebody waits
LOCK_WAIT_MS = 150
VERB_TIME_S = 0.6
HOLD_S = 2.0
TRIES = 3  # of a machine that is slow for a moment
ALWAYS = ("SAVEPOINT", "RELEASE", "ROLLBACK")  # what ends the attempt is never too late
LIMITS = "select set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)"

Beside = Callable[[Who, Moment], Any]


class Busy(Exception):
    """Somebody changes the same rows at this moment, or the answer takes too long; nothing was changed."""

    retry_after = 2

    def __init__(self) -> None:
        super().__init__(
            "Something else is being changed there right now. Nothing has been changed. Try again."
        )


class TooMany(Exception):
    """More people than one answer looks at; about ``count`` of them. A job can."""

    def __init__(self, count: Count) -> None:
        self.count = count
        super().__init__(f"This touches {count} people, more than the {INLINE} that are looked at at once.")


class Late(Exception):
    """The attempt took longer than it may hold its locks: they are let go, and it begins anew."""


class _RolledBack(Exception):
    """Thrown to leave the savepoint."""


@dataclass(frozen=True)
class Asked:
    """Who asks, and as if when: with a second factor completed at ``mfa_at``, from ``ip``."""

    actor: Actor
    now: datetime
    when: Moment


def simulate(
    *,
    tenant_id: UUID,
    change: Change,
    actor: Actor,
    now: datetime,
    people: Iterable[UUID] | None = None,
    groups: Iterable[UUID] | None = None,
    at: datetime | None = None,
    mfa_at: datetime | None = None,
    ip: str | None = None,
    limit: int | None = None,
    beside: Beside | None = None,
) -> Difference:
    """What ``change`` would do if ``actor`` did it now, as somebody sees it at ``at`` (now, or later).

    For ``people`` (users.ids or service accounts' ids) and the members of ``groups``, or for all whom the change
    reaches. ``beside``: a reader of the caller's own, called before and after for the same subjects. Raises Refused for
    what the verb would refuse because of what it was given, TooMany beyond ``limit`` people (INLINE), Busy. What the
    actor may not do, whomever it reaches, and what the state of things forbids, is said in the answer's ``refusal``.
    """
    when = Moment(max(at or now, now), mfa_at, ip)
    with tenant_context(tenant_id):
        if refusal := forbidden(tenant_id=tenant_id, change=change, actor=actor, now=now):
            return Difference(refusal=refusal)
        who = _whom(tenant_id, change, people, groups, limit or INLINE)
        return try_out(
            tenant_id=tenant_id, change=change, asked=Asked(actor, now, when), who=who, beside=beside
        )


def forbidden(*, tenant_id: UUID, change: Change, actor: Actor, now: datetime) -> str:
    """Why the actor may not do this at all; empty when they may. The system may."""
    if actor.kind == "system":
        return ""
    if actor.id is None:
        return f"Nothing gives you {change.permission}."
    decision = powers_of(
        tenant_id=tenant_id,
        subject_id=actor.id,
        mfa_at=actor.mfa_at,
        ip=actor.ip,
        now=now,
        subject_kind="service_account" if actor.kind == "service_account" else "user",
    ).decide(change.permission)
    return "" if decision.allowed else " ".join(decision.reasons) or f"Nothing gives you {change.permission}."


def try_out(
    *, tenant_id: UUID, change: Change, asked: Asked, who: Who, beside: Beside | None = None
) -> Difference:
    """What ``change`` would do to exactly these subjects, by an actor of whom :func:`forbidden` says nothing.

    Inside the tenant's context; see :func:`simulate`.
    """
    before = _look(tenant_id, who, asked.when, beside)
    for _attempt in range(TRIES):
        try:
            reading, said = _attempted(tenant_id, change, asked, who, beside)
        except Late as error:
            log.info("A what if about %s gave way: %s", change.kind, error)
            continue
        except OperationalError as error:
            log.info("A what if about %s gave way: %s", change.kind, error)
            raise Busy from error
        except (PermissionDenied, TenantError, EndUserError) as error:
            return Difference(refusal=str(error), looked_at=len(who.ids))
        return compare(before[0], reading, beside=(before[1], said))
    raise Busy


def _attempted(
    tenant_id: UUID, change: Change, asked: Asked, who: Who, beside: Beside | None
) -> tuple[Reading, Any]:
    """What is read after the verb. Whatever happens, the savepoint is rolled back."""
    seen: list[tuple[Reading, Any]] = []
    with suppress(_RolledBack), transaction.atomic(), _in_time(HOLD_S):
        with _in_time(VERB_TIME_S):
            change.perform(tenant_id=tenant_id, actor=asked.actor, now=asked.now)
        seen.append(_look(tenant_id, who, asked.when, beside))
        raise _RolledBack
    return seen[0]


def _look(tenant_id: UUID, who: Who, when: Moment, beside: Beside | None) -> tuple[Reading, Any]:
    return read(tenant_id=tenant_id, who=who, when=when), beside(who, when) if beside else None


def _whom(
    tenant_id: UUID, change: Change, people: Iterable[UUID] | None, groups: Iterable[UUID] | None, limit: int
) -> Who:
    """Those named, or all whom the change reaches: at most ``limit``. An id that is named may be an account's."""
    named = tuple(dict.fromkeys(people or ()))
    if people is None and groups is None:
        roots = change.roots(tenant_id)
    else:
        roots = Roots(users=frozenset(named), groups=frozenset(groups or ()))
    who = reached(tenant_id, roots, limit=limit + 1)
    if len(who.users) > limit:
        raise TooMany(about_reached(tenant_id, roots))
    return Who(who.users, (*who.accounts, *named))


@contextmanager
def _in_time(seconds: float) -> Iterator[None]:
    """Raise Late instead of beginning a statement after that time. The settings go with the savepoint."""
    ends = time.monotonic() + seconds

    def judged(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        if time.monotonic() > ends and not str(sql).startswith(ALWAYS):
            raise Late(f"longer than {seconds} s")
        return execute(sql, params, many, context)

    with connection.cursor() as cursor:
        cursor.execute(LIMITS, [f"{LOCK_WAIT_MS}ms", f"{int(HOLD_S * 1000)}ms"])
    with connection.execute_wrapper(judged):
        yield
