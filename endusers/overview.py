"""The four small charts above the list: what is counted, day by day (UTC)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from authsec.web import clock
from authsec.web.pagination import Count

DAYS = 30
# One statement for all four. Days come as their distance from today: 0 is today.
SQL = """
select 'tier', t.name, t.is_default::int, (select count(*) from endusers_enduser e
         where e.tenant_id = %(tenant)s and e.plan_tier_id = t.id)
  from endusers_plantier t where t.tenant_id = %(tenant)s
union all
select 'suspended', '', 0, count(*) from endusers_enduser e
 where e.tenant_id = %(tenant)s and e.status = 'suspended'
union all
select 'seen', '', %(today)s::date - (e.last_seen_at at time zone 'UTC')::date, count(*) from endusers_enduser e
 where e.tenant_id = %(tenant)s and e.last_seen_at >= %(since)s group by 3
union all
select 'consents', '', %(today)s::date - (e.first_consent_at at time zone 'UTC')::date, count(*)
  from endusers_enduser e
 where e.tenant_id = %(tenant)s and e.first_consent_at >= %(since)s group by 3
union all
select 'suspensions', '', %(today)s::date - (c.at at time zone 'UTC')::date, count(*) from endusers_standingchange c
 where c.tenant_id = %(tenant)s and c.at >= %(since)s and c.capacity = 'end_user' and c.to_status = 'suspended'
 group by 3
"""


@dataclass(frozen=True)
class Stat:
    """One field of the strip, as components/stat_strip.html takes it."""

    label: str
    value: str
    note: str
    chart: str
    values: list[Any]
    start: str = ""


def stats(tenant_id: UUID, now: datetime) -> list[Stat]:
    """Plan tiers, last seen, first consents and suspensions of the last 30 days. One statement."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - timedelta(days=DAYS - 1)
    with connection.cursor() as cursor:
        cursor.execute(SQL, {"tenant": tenant_id, "today": now.date(), "since": since})
        rows = cursor.fetchall()
    tiers = [(name, number, default) for kind, name, default, number in rows if kind == "tier"]
    suspended = next(number for kind, _, _, number in rows if kind == "suspended")
    start = clock.date(since).rsplit(" ", 1)[0]

    def per_day(wanted: str) -> list[int]:
        found = {ago: number for kind, _, ago, number in rows if kind == wanted}
        return [found.get(ago, 0) for ago in range(DAYS - 1, -1, -1)]

    seen, consents, suspensions = per_day("seen"), per_day("consents"), per_day("suspensions")
    return [
        _tiers(tiers),
        Stat("Last seen, per day", f"{seen[-1]:,}", "today so far", "line", seen, start),
        Stat("First consents per day", f"{consents[-1]:,}", "today so far", "bars", consents, start),
        Stat(
            "Suspensions per day",
            f"{suspensions[-1]:,}",
            f"today · {suspended:,} suspended now",
            "bars",
            suspensions,
            start,
        ),
    ]


def _tiers(tiers: list[tuple[str, int, int]]) -> Stat:
    """How people spread over the tiers, the default one first."""
    ordered = sorted(tiers, key=lambda tier: (-tier[2], -tier[1]))
    beyond = [(name, number) for name, number, default in ordered if not default]
    total = sum(number for _, number, _ in ordered)
    note = "on " + " or ".join(name for name, _ in beyond) if beyond else "on another tier"
    return Stat(
        "Plan tiers",
        str(Count(sum(number for _, number in beyond))),
        note,
        "split" if total else "",
        [(name, number) for name, number, _ in ordered if number],
    )
