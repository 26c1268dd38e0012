"""Reads about one end user, for the pages about them.

Rows of the contexts above are counted by table name, as a member's holdings are (``tenants.holdings``).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, JSONField, OuterRef, Subquery
from django.db.models.expressions import RawSQL

from endusers.models import EndUser
from tenants.models import Profile

DAYS = 30
ONESELF = "oneself"
HERE = "tenant_id = endusers_enduser.tenant_id"
# What the tabs count.
HELD = f"""(select jsonb_build_object(
  'connections', (select count(*) from oauth_consent c
    where c.{HERE} and c.user_id = endusers_enduser.user_id and c.withdrawn_at is null),
  'tokens', (select count(*) from oauth_accesstoken a
    where a.{HERE} and a.subject = endusers_enduser.user_id and a.expires > %s)
  + (select count(*) from oauth_refreshtoken r
    where r.{HERE} and r.subject = endusers_enduser.user_id and r.revoked is null
      and r.expires > %s and r.family_expires > %s)))"""  # noqa: S608
# How they came, and how many tokens their clients fetched on each of the last days, as distances from today.
CLOSELY = f"""(select jsonb_build_object(
  'first', (select jsonb_build_object('client', k.name, 'client_id', k.id, 'application', a.name,
                                      'application_id', a.id)
    from oauth_consent c join oauth_client k on k.id = c.client_id
    join authz_application a on a.tenant_id = c.tenant_id and a.id = c.application_id
    where c.{HERE} and c.user_id = endusers_enduser.user_id order by c.created_at, c.id limit 1),
  'second_factor_at', (select max(r.mfa_at) from oauth_refreshtoken r
    where r.{HERE} and r.subject = endusers_enduser.user_id and r.revoked is null and r.expires > %s),
  'days', (select jsonb_object_agg(d.ago, d.number) from (
    select %s::date - (d.at at time zone 'UTC')::date as ago, count(*) as number from oauth_decision d
     where d.{HERE} and d.subject = endusers_enduser.user_id and d.at >= %s group by 1) d)))"""  # noqa: S608
TIERS = """
select t.key, t.name, t.rate_limit, t.rate_window_s, t.is_default, t.ended_at is not null, h.from_at, h.to_at,
       case when e.actor_id = %(user)s then %(oneself)s else e.actor_name end, e.reason,
       l.actor_name, l.at
  from endusers_plantier t
  left join endusers_endusertier h
    on h.tenant_id = t.tenant_id and h.plan_tier_id = t.id and h.user_id = %(user)s
  left join lateral (
    select e.actor_id, e.actor_name, e.reason from audit_event e
     where %(told)s and e.tenant_id = t.tenant_id and e.target_id = %(user)s and e.at = h.from_at
       and e.action in ('end_user.tier_changed', 'end_user.appeared')
     order by e.action desc limit 1) e on true
  left join lateral (
    select e.actor_name, e.at from audit_event e
     where %(told)s and e.tenant_id = %(tenant)s and e.target_id = %(user)s and e.action = 'end_user.rate_limit_set'
     order by e.at desc limit 1) l on true
 where t.tenant_id = %(tenant)s and (t.ended_at is null or h.id is not null)
 order by h.from_at desc nulls last, t.created_at, t.name
"""


@dataclass(frozen=True)
class Tier:
    """A plan tier that somebody can be put on, or that this person holds (then maybe a ``retired`` one).

    ``rate_limit`` None: it sets none.
    """

    key: str
    name: str
    rate_limit: int | None
    rate_window_s: int
    is_default: bool
    retired: bool
    held: bool


@dataclass(frozen=True)
class TierPeriod:
    """From when to when a person held a tier. ``actor``: who gave it, ONESELF by the first consent; it and ``reason``
    are empty where the log tells no more of it.
    """

    name: str
    from_at: datetime
    to_at: datetime | None
    actor: str
    reason: str


def find(tenant_id: UUID, user_id: UUID, now: datetime, *, closely: bool = False) -> Any:
    """One end user with tier, profile and membership, or None where the user is not an end user here. One statement.

    Annotated: ``email``, ``display_name``, ``member_type`` and ``member_status`` (None without a membership),
    ``suspender`` (the name behind ``suspended_by``, when it is a person of this tenant), ``held`` (live
    ``connections`` and ``tokens``); ``closely`` adds ``seen``: their ``first`` connection, the latest
    ``second_factor_at`` of a live session, ``days`` (see :func:`month`).
    """
    suspender = Profile.objects.filter(tenant_id=tenant_id, user_id=OuterRef("suspended_by"))
    rows = (
        EndUser.objects.filter(tenant_id=tenant_id, user_id=user_id)
        .select_related("plan_tier")
        .annotate(
            email=F("user__profiles__email"),
            display_name=F("user__profiles__display_name"),
            member_type=F("user__memberships__type"),
            member_status=F("user__memberships__status"),
            suspender=Subquery(suspender.values("display_name")[:1]),
            held=RawSQL(HELD, [now, now, now], JSONField()),  # noqa: S611
        )
    )
    if closely:
        values = [now, now.date(), first_day(now)]
        rows = rows.annotate(seen=RawSQL(CLOSELY, values, JSONField()))  # noqa: S611
    return rows.first()


def first_day(now: datetime) -> datetime:
    """Where the month that is drawn begins."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=DAYS - 1)


def month(days: dict[str, int] | None) -> list[int]:
    """The numbers of the last 30 days in UTC, the oldest first, of those by distance from today."""
    return [(days or {}).get(str(ago), 0) for ago in range(DAYS - 1, -1, -1)]


@dataclass(frozen=True)
class Plan:
    """The tenant's plan ``tiers``, which of them a person held (``periods``, the latest first), and who gave them the
    last rate limit of their own: ``limit_by`` and ``limit_at``, None where nobody did or the log tells no more of it.
    """

    tiers: list[Tier]
    periods: list[TierPeriod]
    limit_by: str | None
    limit_at: datetime | None


def plan(tenant_id: UUID, user_id: UUID, *, told: bool) -> Plan:
    """What a person's tab about limits and plan tells; who did it and why only if ``told``. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(TIERS, {"tenant": tenant_id, "user": user_id, "oneself": ONESELF, "told": told})
        rows = cursor.fetchall()
    held = {row[0] for row in rows if row[6] and row[7] is None}
    offered = {
        row[0]: Tier(row[0], row[1], row[2], row[3], row[4], row[5], held=row[0] in held)
        for row in sorted(rows, key=lambda row: (row[2] is None, row[2]))
        if row[0] in held or not row[5]
    }
    periods = [TierPeriod(row[1], row[6], row[7], row[8] or "", row[9] or "") for row in rows if row[6]]
    return Plan(list(offered.values()), periods, *(rows[0][10:12] if rows else (None, None)))
