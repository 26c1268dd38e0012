"""Who used an Application in a time: its tokens by person and client, from the decisions that outlive them.

Every token leaves a decision, and the first and last time at which the Application asked about it and heard *active*
is noted there. An access token lives for minutes, so the tokens of a night say who was there that night.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from authsec.web.pagination import LIMIT, Count, Cursor, Page, cut, parse_cursor

LOOKED_AT = (
    50_000  # tokens, the latest of the time; who stands on older ones alone is found by a shorter time
)
LONGEST = timedelta(days=31)

# Tokens that were given in the time, or given a lifetime before it and used in it.
TOKENS = """
select d.id, d.at, d.subject, d.subject_kind, d.client_id, d.client_name, d.grant_type, d.granted, d.act,
       d.first_used_at, d.last_used_at,
       coalesce(d.first_used_at < %(to)s and d.last_used_at >= %(from)s, false) as used
  from oauth_decision d
 where d.tenant_id = %(tenant)s and d.application_id = %(application)s
   and d.at >= %(from)s - %(lifetime)s and d.at < %(to)s
   and (d.at >= %(from)s or d.last_used_at >= %(from)s)
"""
BY_PERSON = f"""
with t as materialized ({TOKENS} order by d.at desc, d.id desc limit %(looked_at)s),
grouped as (
  select t.subject, t.subject_kind, t.client_id, max(t.client_name) as client_name,
         count(*) as tokens, count(*) filter (where t.used) as used,
         count(*) filter (where t.grant_type = 'refresh_token') as refreshed,
         min(case when t.used then greatest(t.first_used_at, %(from)s) else t.at end) as first,
         max(case when t.used then least(t.last_used_at, %(to)s) else t.at end) as last,
         bool_or(t.act is not null) as acting
    from t group by t.subject, t.subject_kind, t.client_id
), told as (select (select count(*) from t) as tokens, count(*) as rows from grouped),
shown as (
  -- A pair of person and client has no id of its own: the digest of both stands for it in the cursor.
  select g.*, md5(g.subject::text || g.client_id::text)::uuid as id from grouped g
), page as (
  select * from shown s
   where %(after)s::uuid is null or (s.last, s.id) {{sign}} (%(after_at)s, %(after)s)
   order by s.last {{way}}, s.id {{way}} limit %(size)s
)
select told.tokens, told.rows, p.id, p.subject, p.subject_kind,
       coalesce(nullif(f.display_name, ''), f.email, s.name, p.subject::text), f.email,
       p.client_id, coalesce(nullif(p.client_name, ''), k.name, ''), p.tokens, p.used, p.refreshed, p.first, p.last,
       p.acting,
       array(select distinct u.name from t, unnest(t.granted) u(name)
              where t.subject = p.subject and t.client_id = p.client_id and t.used order by 1),
       array(select distinct u.name from t, unnest(t.granted) u(name)
              where t.subject = p.subject and t.client_id = p.client_id order by 1)
  from told left join page p on true
  left join tenants_profile f on p.subject_kind = 'user' and f.tenant_id = %(tenant)s and f.user_id = p.subject
  left join authz_serviceaccount s
    on p.subject_kind = 'service_account' and s.tenant_id = %(tenant)s and s.id = p.subject
  left join oauth_client k on k.id = p.client_id
 order by p.last {{way}}, p.id {{way}}
"""  # noqa: S608 - constants of this file
IN_A_FILE = f"""
select t.*, coalesce(nullif(f.display_name, ''), s.name, ''), f.email
  from ({TOKENS} and (%(after)s::uuid is null or (d.at, d.id) > (%(after_at)s, %(after)s))
        order by d.at, d.id limit %(size)s) t
  left join tenants_profile f on t.subject_kind = 'user' and f.tenant_id = %(tenant)s and f.user_id = t.subject
  left join authz_serviceaccount s
    on t.subject_kind = 'service_account' and s.tenant_id = %(tenant)s and s.id = t.subject
 order by t.at, t.id
"""  # noqa: S608
TOTAL = f"select count(*) from (select from ({TOKENS}) t limit %(size)s) counted"  # noqa: S608


class BadPeriod(ValueError):
    """The time ends before it begins, or is longer than what is answered at once."""


@dataclass(frozen=True)
class Period:
    """From a moment until before another."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, start: datetime | None, end: datetime | None, now: datetime) -> "Period":
        """A time as it was asked for; the last 24 hours where it was not. Raises BadPeriod."""
        end = end or now
        start = start or end - timedelta(hours=24)
        if start >= end:
            raise BadPeriod("It ends before it begins.")
        if end - start > LONGEST:
            raise BadPeriod(f"At most {LONGEST.days} days at once.")
        return cls(start, end)


def presets(now: datetime) -> list[tuple[str, str | Promise, Period]]:
    """Times that people ask about: key, words, and what they are now. A night is from 20:00 to 06:00 in UTC."""
    morning = now.astimezone(UTC).replace(hour=6, minute=0, second=0, microsecond=0)
    night = Period(morning - timedelta(hours=10), min(morning, now))
    return [
        ("night", _("Last night"), night),
        ("day", _("Last 24 h"), Period(now - timedelta(hours=24), now)),
        ("week", _("7 days"), Period(now - timedelta(days=7), now)),
    ]


@dataclass(frozen=True)
class Use:
    """One person's or service account's tokens by one client in a time. ``used``: of how many the Application asked;
    ``scopes``: what those carried, ``given``: what all of them did. ``first`` and ``last``: used, else issued.
    """

    id: UUID
    subject: UUID
    subject_kind: str
    name: str
    email: str | None
    client_id: UUID
    client_name: str
    tokens: int
    used: int
    refreshed: int
    first: datetime
    last: datetime
    acting: bool
    scopes: list[str]
    given: list[str]


@dataclass(frozen=True)
class Usage:
    """A page of who used it, the latest first, and of how many tokens that is told; ``whole`` False: of the latest
    LOOKED_AT alone.
    """

    page: Page[Use]
    tokens: int
    whole: bool


def usage(
    *, tenant_id: UUID, application_id: UUID, period: Period, cursor: str = "", limit: int = LIMIT
) -> Usage:
    """Who used an Application in a time. One statement. Raises BadCursor."""
    place = parse_cursor(cursor, "last")
    backward = place is not None and place.backward
    asked = _asked(tenant_id, application_id, period, place, limit + 1)
    question = BY_PERSON.format(sign=">" if backward else "<", way="asc" if backward else "desc")
    with connection.cursor() as statement:
        statement.execute(question, asked | {"looked_at": LOOKED_AT})
        rows = statement.fetchall()
    tokens, pairs = rows[0][:2]
    page = cut(
        [Use(*row[2:]) for row in rows if row[2] is not None],
        sort="last",
        cursor=place,
        limit=limit,
        count=Count(pairs, is_estimate=tokens == LOOKED_AT),
        key=lambda one: (one.last, one.id),
    )
    return Usage(page, tokens, tokens < LOOKED_AT)


def tokens_in(
    *, tenant_id: UUID, application_id: UUID, period: Period, after: tuple[datetime, UUID] | None, size: int
) -> list[dict[str, Any]]:
    """The next tokens of a time, the oldest first, for a file: one statement."""
    place = Cursor("at", False, after[0], after[1]) if after else None
    with connection.cursor() as statement:
        statement.execute(IN_A_FILE, _asked(tenant_id, application_id, period, place, size))
        return list(_dicts(statement.fetchall()))


def how_many(*, tenant_id: UUID, application_id: UUID, period: Period, most: int) -> int:
    """How many tokens a file goes through, counted up to ``most``."""
    with connection.cursor() as statement:
        statement.execute(TOTAL, _asked(tenant_id, application_id, period, None, most))
        return int(statement.fetchone()[0])


COLUMNS = (
    "decision_id",
    "at",
    "subject",
    "subject_kind",
    "client_id",
    "client_name",
    "grant_type",
    "granted",
    "act",
    "first_used_at",
    "last_used_at",
    "used",
    "name",
    "email",
)


def _dicts(rows: list[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield dict(zip(COLUMNS, row, strict=True))


def _asked(
    tenant_id: UUID, application_id: UUID, period: Period, place: Cursor | None, size: int
) -> dict[str, Any]:
    return {
        "tenant": tenant_id,
        "application": application_id,
        "from": period.start,
        "to": period.end,
        "lifetime": timedelta(seconds=settings.ACCESS_TOKEN_SECONDS),
        "after": place.id if place else None,
        "after_at": place.value if place else None,
        "size": size,
    }
