"""The overview's numbers: counted by a job every five minutes, day by day (UTC), not while a large tenant's page waits.

A run counts from the last day that was recorded until now: mostly today alone, after midnight yesterday once more, and
after a pause every day since. Running it twice changes nothing. First consents and suspensions are exact for every
day. Who was *active* on a day is read from when people were seen last, so a past day can only shrink: the greatest
number that was ever counted of it stays, and misses at most who was seen again between the day's last run and its end.
A day on which no job ran, or before there was one, counts the people who were not seen since.
How many there are in all, on each tier and with each Application is known of the present only: a day keeps what its
last run counted, and a later one says what changed since.
"""

import logging
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from authsec.database.context import system_context, tenant_context

log = logging.getLogger(__name__)

DAYS = 30  # that the overview shows, and that a first run counts
KEPT = timedelta(days=400)

# What there is to say of the days from %(since)s, midnight of the first, until %(at)s.
COUNTS = """
select (e.first_consent_at at time zone 'UTC')::date as day, 'new' as kind, '' as key, count(*) as number
  from endusers_enduser e
 where e.tenant_id = %(tenant)s and e.first_consent_at >= %(since)s and e.first_consent_at <= %(at)s group by 1
union all
select (e.last_seen_at at time zone 'UTC')::date, 'active', '', count(*) from endusers_enduser e
 where e.tenant_id = %(tenant)s and e.last_seen_at >= %(since)s and e.last_seen_at <= %(at)s group by 1
union all
select (v.at at time zone 'UTC')::date, 'suspended', '', count(*) from audit_event v
 where v.tenant_id = %(tenant)s and v.action = 'end_user.suspended' and v.at >= %(since)s and v.at <= %(at)s group by 1
union all
select %(today)s::date, 'within', d.days::text,
       count(*) filter (where e.last_seen_at >= %(at)s::timestamptz - d.days * interval '1 day')
  from endusers_enduser e cross join (values (1), (7), (30)) d(days)
 where e.tenant_id = %(tenant)s and e.last_seen_at >= %(at)s::timestamptz - interval '30 days' group by 3
union all
select %(today)s::date, 'total', 'suspended', count(*) from endusers_enduser e
 where e.tenant_id = %(tenant)s and e.status = 'suspended'
union all
select %(today)s::date, 'total', '', count(*) from endusers_enduser e where e.tenant_id = %(tenant)s
union all
select %(today)s::date, 'tier', e.plan_tier_id::text, count(*) from endusers_enduser e
 where e.tenant_id = %(tenant)s group by 3
union all
select %(today)s::date, 'application', c.application_id::text, count(*)
  from (select distinct o.application_id, o.user_id from oauth_consent o
         where o.tenant_id = %(tenant)s and o.withdrawn_at is null) c
  join endusers_enduser e on e.tenant_id = %(tenant)s and e.user_id = c.user_id group by 3
"""
WRITE = f"""
with counted as ({COUNTS}),
written as (
  insert into endusers_dailycount as d (tenant_id, day, kind, key, number, as_of)
  select %(tenant)s, c.day, c.kind, c.key, c.number, %(at)s from counted c order by c.day, c.kind, c.key
      on conflict (tenant_id, day, kind, key) do update
     set number = case when d.kind = 'active' then greatest(d.number, excluded.number) else excluded.number end,
         as_of = excluded.as_of
   where d.as_of <= excluded.as_of)
delete from endusers_dailycount d
 where d.tenant_id = %(tenant)s
   and (d.day < %(oldest)s
        -- What was counted of this day before and is none now: a tier that nobody holds any more. Of days that are over
        -- only what can still be counted.
        or d.day >= %(since)s::date and (d.day = %(today)s or d.kind in ('new', 'suspended')) and d.kind <> 'active'
           and d.as_of < %(at)s and (d.day, d.kind, d.key) not in (select c.day, c.kind, c.key from counted c))
"""  # noqa: S608 - constants of this file
LAST = "select max(day) from endusers_dailycount where tenant_id = %s"
TENANTS = """
select t.id from tenants_tenant t
 where t.status = 'open' and exists (select from endusers_enduser e where e.tenant_id = t.id) order by t.id
"""


def counting(tenant_id: UUID, now: datetime, first: date) -> dict[str, Any]:
    """The parameters of COUNTS: the days from ``first`` until now."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - (now.date() - first)
    return {"tenant": tenant_id, "at": now, "today": now.date(), "since": since}


def refresh(*, now: datetime) -> int:
    """Count anew in every open tenant that has end users; returns how many there are. One transaction for each."""
    with system_context(), connection.cursor() as cursor:
        cursor.execute(TENANTS)
        tenants = [tenant for (tenant,) in cursor.fetchall()]
    for tenant in tenants:
        try:
            roll_up(tenant_id=tenant, now=now)
        except Exception:  # the other tenants' numbers do not wait for this one
            log.exception("The overview of tenant %s could not be counted", tenant)
    return len(tenants)


def roll_up(*, tenant_id: UUID, now: datetime) -> None:
    """Count one tenant's people from the last day recorded until now, in UTC."""
    with tenant_context(tenant_id), connection.cursor() as cursor:
        cursor.execute(LAST, [tenant_id])
        earliest = now.date() - timedelta(days=DAYS - 1)
        first = min(max(cursor.fetchone()[0] or earliest, earliest), now.date())
        cursor.execute(WRITE, counting(tenant_id, now, first) | {"oldest": now.date() - KEPT})
