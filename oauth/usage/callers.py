"""Who calls an Application most, and how much of a person's limit is used where this server counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from authsec import limiting
from authz.models import Application
from endusers.limits import limit_of
from oauth.models import Consent

NOW_MINUTES = 5
MOST = 50  # callers, and Applications of one person
PERIODS: dict[str, str | Promise] = {"now": _("Last 5 minutes"), "today": _("Today, UTC")}
TOP = """
with c as (
  select subject, sum(calls)::bigint as calls, sum(refused)::bigint as refused
    from oauth_callcount
   where tenant_id = %(tenant)s and application_id = %(application)s and daily = %(daily)s and start >= %(since)s
   group by subject order by sum(calls) desc, subject limit %(limit)s)
select c.subject, s.id is not null, coalesce(nullif(p.display_name, ''), p.email, s.name, c.subject::text), p.email,
       e.user_id is not null, t.name, c.calls, c.refused,
       case when (e.rate_limit_override ->> 'until')::timestamptz <= %(now)s then null
            else (e.rate_limit_override ->> 'limit')::int end,
       coalesce((e.rate_limit_override ->> 'window_s')::int, 60), t.rate_limit, t.rate_window_s
  from c
  left join tenants_profile p on p.tenant_id = %(tenant)s and p.user_id = c.subject
  left join endusers_enduser e on e.tenant_id = %(tenant)s and e.user_id = c.subject
  left join endusers_plantier t on t.tenant_id = %(tenant)s and t.id = e.plan_tier_id
  left join authz_serviceaccount s on s.tenant_id = %(tenant)s and s.id = c.subject
 order by c.calls desc, c.subject
"""


@dataclass(frozen=True)
class Limit:
    """``limit`` calls in ``window_s`` seconds, by whose word: override, tier or application."""

    limit: int
    window_s: int
    source: str


@dataclass(frozen=True)
class Caller:
    """Who called how often. ``refused``: of the calls, those beyond the limit. ``tier`` is empty without one."""

    subject: UUID
    kind: str  # user or service_account
    name: str
    email: str | None
    end_user: bool
    tier: str
    calls: int
    refused: int
    limit: Limit | None


def top(*, application: Application, period: str, now: datetime, limit: int = 10) -> list[Caller]:
    """The busiest callers of an Application, the first first. ``period``: a key of PERIODS. One statement."""
    daily = period == "today"
    minute = now.replace(second=0, microsecond=0)
    asked: dict[str, Any] = {
        "tenant": application.tenant_id,
        "application": application.pk,
        "daily": daily,
        "since": minute.replace(hour=0, minute=0) if daily else minute - timedelta(minutes=NOW_MINUTES - 1),
        "now": now,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(TOP, asked)
        return [_caller(row, application) for row in cursor.fetchall()]


def _caller(row: tuple[Any, ...], application: Application) -> Caller:
    subject, program, name, email, end_user, tier, calls, refused, *limits = row
    own, own_window_s, of_tier, tier_window_s = limits
    limit = _of_application(application)
    if own:
        limit = Limit(own, own_window_s, "override")
    elif of_tier:
        limit = Limit(of_tier, tier_window_s, "tier")
    kind = "service_account" if program else "user"
    return Caller(subject, kind, name, email, end_user, tier or "", calls, refused, limit)


def _of_application(application: Application) -> Limit | None:
    if not application.rate_limit:
        return None
    return Limit(application.rate_limit, application.rate_window_s, "application")


@dataclass(frozen=True)
class Gauge:
    """How much of their limit a person used at an Application that has its calls counted here. None: no limit."""

    application: Application
    limit: Limit | None
    tally: limiting.Tally | None

    @property
    def over(self) -> int:
        """Calls of the window that were refused."""
        return max(self.tally.used - self.tally.limit, 0) if self.tally else 0


def gauges(*, end_user: Any, now: datetime) -> list[Gauge]:
    """One person's use now, by Application that has calls counted: those that they connected. One statement.

    ``end_user`` with their ``plan_tier``.
    """
    connected = Consent.objects.filter(
        tenant_id=end_user.tenant_id, user_id=end_user.user_id, withdrawn_at=None
    ).values("application_id")
    rows = Application.objects.filter(
        Q(pk__in=connected), tenant_id=end_user.tenant_id, enforce_rate_limit=True, ended_at=None
    )
    own = limit_of(end_user, now)
    whose = Limit(own.limit, own.window_s, own.source) if own else None
    return [
        _gauge(row, end_user.user_id, whose or _of_application(row)) for row in rows.order_by("name")[:MOST]
    ]


def _gauge(application: Application, user_id: UUID, limit: Limit | None) -> Gauge:
    if limit is None:
        return Gauge(application, None, None)
    whose = ("calls", str(application.pk), str(user_id))
    return Gauge(application, limit, limiting.look(*whose, limit=limit.limit, window_s=limit.window_s))
