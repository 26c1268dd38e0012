"""What a tenant's plan allows: one table, and how much of it is in use."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from tenants.models import Invitation, Membership, Tenant

MEMBERS, APPLICATIONS, END_USERS = "members", "applications", "end_users"
# Plan → what → how many at one time; None: as many as there are. Printed in docs/operate.md, which a test compares.
ALLOWS: dict[str, dict[str, int | None]] = {
    Tenant.Plan.FREE: {MEMBERS: 25, APPLICATIONS: 10, END_USERS: 10_000},
    Tenant.Plan.PRO: {MEMBERS: 250, APPLICATIONS: 100, END_USERS: 100_000},
    Tenant.Plan.BUSINESS: {MEMBERS: 1_000, APPLICATIONS: 1_000, END_USERS: None},
}
LABELS = {MEMBERS: "members", APPLICATIONS: "Applications", END_USERS: "end users"}
# Beyond this nobody needs the exact number where no limit asks for it.
ENOUGH = 10_000

Rows = Callable[[UUID, datetime], QuerySet[Any]]
_counted: dict[str, list[Rows]] = {MEMBERS: [], APPLICATIONS: [], END_USERS: []}


def counts(what: str) -> Callable[[Rows], Rows]:
    """Name a function of (tenant id, now) whose rows count towards ``what``; contexts above hand theirs down."""

    def register(rows: Rows) -> Rows:
        _counted[what].append(rows)
        return rows

    return register


@counts(MEMBERS)
def _team(tenant_id: UUID, now: datetime) -> QuerySet[Any]:
    return Membership.objects.filter(
        tenant_id=tenant_id, status__in=(Membership.Status.ACTIVE, Membership.Status.SUSPENDED)
    )


@counts(MEMBERS)
def open_invitations(tenant_id: UUID, now: datetime) -> QuerySet[Any]:
    """Invitations that can still be accepted."""
    return Invitation.objects.filter(
        tenant_id=tenant_id, accepted_at=None, declined_at=None, revoked_at=None, expires_at__gt=now
    )


@dataclass(frozen=True)
class Use:
    """How much of one thing is in use. ``limit`` None: unlimited; then ``used`` stops at ENOUGH (``at_least``)."""

    what: str
    used: int
    limit: int | None

    @property
    def label(self) -> str:
        return LABELS[self.what]

    @property
    def at_least(self) -> bool:
        return self.limit is None and self.used >= ENOUGH

    @property
    def shown(self) -> str:
        """The number as people read it: 1,243, or 10,000+ where counting stopped."""
        return f"{self.used:,}{'+' if self.at_least else ''}"

    @property
    def limit_shown(self) -> str:
        """The limit as people read it; empty without one."""
        return "" if self.limit is None else f"{self.limit:,}"

    @property
    def full(self) -> bool:
        return self.limit is not None and self.used >= self.limit


def limit_of(plan: str, what: str) -> int | None:
    """How many of ``what`` the plan allows; None: as many as there are."""
    return ALLOWS[plan][what]


def usage(*, tenant_id: UUID, plan: str, now: datetime, only: str = "") -> list[Use]:
    """What is in use of each thing that the plan limits (or of ``only`` one). One statement.

    Counts stop soon after the limit: nobody counts a million rows to say that a hundred thousand are too many.
    """
    parts: list[str] = []
    params: list[Any] = []
    wanted = [only] if only else list(ALLOWS[plan])
    for what in wanted:
        limit = limit_of(plan, what)
        for rows in _counted[what]:
            few = rows(tenant_id, now).order_by().values("pk")[: ENOUGH if limit is None else limit + 1]
            sql, given = few.query.sql_with_params()
            parts.append(f"select %s, (select count(*) from ({sql}) few)")  # noqa: S608
            params += [what, *given]
    with connection.cursor() as cursor:
        cursor.execute(" union all ".join(parts), params)
        found = cursor.fetchall()
    return [
        Use(what, sum(number for of, number in found if of == what), limit_of(plan, what)) for what in wanted
    ]
