"""How many came to a plan tier and left it, day by day (UTC)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from authsec.web import clock

DAYS = 30
MOST = 100_000  # rows that are looked at, so that a tier with millions of comers costs a moment
# One statement; days come as their distance from today.
SQL = """
select 'in', %(today)s::date - (x.at at time zone 'UTC')::date, count(*) from (
  select t.from_at as at from endusers_endusertier t
   where t.tenant_id = %(tenant)s and t.plan_tier_id = %(tier)s and t.from_at >= %(since)s
   order by t.from_at desc limit %(most)s) x group by 2
union all
select 'out', %(today)s::date - (x.at at time zone 'UTC')::date, count(*) from (
  select t.to_at as at from endusers_endusertier t
   where t.tenant_id = %(tenant)s and t.plan_tier_id = %(tier)s and t.to_at >= %(since)s limit %(most)s) x group by 2
"""


@dataclass(frozen=True)
class Flow:
    """The last DAYS days, today last."""

    came: list[int]
    left: list[int]
    start: str

    @property
    def came_total(self) -> str:
        """All who came, in words."""
        return _total(self.came)

    @property
    def left_total(self) -> str:
        """All who left, in words."""
        return _total(self.left)


def _total(days: list[int]) -> str:
    number = sum(days)
    return f"{number:,}" if number < MOST else f"{MOST:,} and more"


def flow(tenant_id: UUID, tier_id: UUID, now: datetime) -> Flow:
    """Who came to the tier (first consents among them) and who left it. One statement."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - timedelta(days=DAYS - 1)
    asked: dict[str, Any] = {
        "tenant": tenant_id,
        "tier": tier_id,
        "today": now.date(),
        "since": since,
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL, asked)
        rows = cursor.fetchall()
    came, left = (
        [
            sum(number for way, ago, number in rows if (way, ago) == (which, day))
            for day in reversed(range(DAYS))
        ]
        for which in ("in", "out")
    )
    return Flow(came, left, clock.date(since).rsplit(" ", 1)[0])
