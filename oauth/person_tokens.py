"""One person's live tokens in one tenant, by the session of the client that holds them.

A session is one sign-in at a client: its refresh token, the access tokens that came of it, or a device's yes that has
not been fetched yet. The person's own browser sessions span tenants and are nobody's here to see (security.md).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from authsec.web.pagination import LIMIT, Count, Cursor, Page, cut, parse_cursor
from tenants.signin import words_of

ON_ONE_PAGE, SHOWN = 20, 20  # sessions on one page, and tokens of each
SQL = """
with held as (
  select 'access' as kind, t.id, coalesce(t.token_family, t.id) as family, t.application_id as client, t.audience_id,
         t.scope, t.created, t.expires, null::timestamptz as last_used_at, t.amr, t.auth_time, t.auth_ip,
         t.act is not null as acting
    from oauth_accesstoken t
   where t.tenant_id = %(tenant)s and t.subject = %(user)s and t.subject_kind = 'user' and t.expires > %(now)s
  union all
  select 'refresh', r.id, r.token_family, r.application_id, r.audience_id, r.scope, r.created,
         least(r.expires, r.family_expires),
         case when greatest(r.updated, r.created) > began.at then greatest(r.updated, r.created) end,
         r.amr, r.auth_time, r.auth_ip, false
    from oauth_refreshtoken r
   cross join lateral (
     select min(o.created) as at from oauth_refreshtoken o where o.token_family = r.token_family) began
   where r.tenant_id = %(tenant)s and r.subject = %(user)s and r.subject_kind = 'user' and r.revoked is null
     and r.expires > %(now)s and r.family_expires > %(now)s
  union all
  select 'device', d.id, d.token_family, d.application_id, d.audience_id, d.scope, d.created, d.expires, null, d.amr,
         d.auth_time, d.auth_ip, false
    from oauth_devicegrant d
   where d.tenant_id = %(tenant)s and d.subject = %(user)s and d.subject_kind = 'user' and d.consumed_at is null
     and d.expires > %(now)s and d.status = 'authorized'
  union all
  select 'sign_in', s.id, s.id, s.client_id, null, '', s.created_at, null, null, array[]::varchar[], null, null, false
    from oauth_clientsession s
   where s.tenant_id = %(tenant)s and s.user_id = %(user)s and s.ended_at is null
),
{picked}
select h.kind, h.id, h.family, h.client, coalesce(k.name, ''), h.audience_id, coalesce(a.name, ''), h.scope, h.created,
       h.expires, coalesce(h.last_used_at, used.at), h.amr, h.auth_time, host(h.auth_ip), h.acting, h.at, h.number,
       h.total
  from shown h
  left join oauth_client k on k.id = h.client
  left join authz_application a on a.tenant_id = %(tenant)s and a.id = h.audience_id
  left join lateral (
    select max(d.last_used_at) as at from oauth_decision d
     where d.tenant_id = %(tenant)s and d.token_id = h.id) used on h.kind = 'access'
 order by h.at {way}, h.key {way}, h.created desc, h.id desc
"""
BEHIND = """
   where %(after)s::uuid is null or (at, key) {sign} (%(after_at)s::timestamptz, %(after)s::uuid)
   order by at {way}, key {way} limit %(limit)s"""
TOKENS = f"""
asked as (select *, created as at, id as key, 1 as number from held where (kind = 'sign_in') = %(sign_ins)s),
shown as (select *, (select count(*) from asked) as total from asked {BEHIND})"""  # noqa: S608 - constants of this file
# Of each session what makes more tokens, and the newest of the others.
SESSIONS = f"""
sessions as (
  select family as key, max(created) as at, count(*) as number from held where kind <> 'sign_in' group by family),
page as (select *, (select count(*) from sessions) as total from sessions {BEHIND}),
shown as (
  select * from (
    select t.*, p.at, p.key, p.number, p.total,
           row_number() over (
             partition by t.family order by t.kind = 'refresh' desc, t.created desc, t.id desc) as place
      from page p join held t on t.family = p.key and t.kind <> 'sign_in') placed
   where place <= %(shown)s)"""  # noqa: S608
FAMILY = """
shown as (
  select h.*, h.created as at, h.id as key, 1 as number, 1 as total
    from held h join held one on one.family = h.family
   where one.id = %(token)s and one.kind <> 'sign_in' and h.kind <> 'sign_in')"""


@dataclass(frozen=True)
class Token:
    """``kind``: access, refresh, device (a yes that is not fetched yet) or sign_in (at a client, no token at all).

    ``family``: the session it belongs to; its own id where it belongs to none. ``last_used_at``: of an access token
    when its Application asked about it (written down within two minutes), of a refresh token when it gave another
    token; None while it did not. ``acting``: in the hands of somebody who acts for the person (RFC 8693).
    ``expires_at`` None: with the browser's session.
    """

    kind: str
    id: UUID
    family: UUID
    client_id: UUID
    client_name: str
    application_id: UUID | None
    application_name: str
    scope: str
    issued_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    amr: list[str]
    auth_time: datetime | None
    auth_ip: str | None
    acting: bool

    @property
    def scopes(self) -> list[str]:
        """What it carries."""
        return self.scope.split()

    @property
    def factors(self) -> str:
        """With what they signed in, in words."""
        return ", ".join(words_of(self.amr))


@dataclass(frozen=True)
class Session:
    """The tokens that descend from one yes: what makes more of them and the newest others, at most SHOWN, the latest
    first; ``number`` of them in all. ``at``: when the newest was issued.
    """

    family: UUID
    at: datetime
    number: int
    tokens: tuple[Token, ...]

    @property
    def lasting(self) -> Token | None:
        """The refresh token that makes more of them, if there is one."""
        return next((token for token in self.tokens if token.kind == "refresh"), None)

    @property
    def head(self) -> Token:
        """What speaks for the whole: the refresh token, else the newest."""
        return self.lasting or self.tokens[0]

    @property
    def hidden(self) -> int:
        """How many of its tokens are not shown."""
        return self.number - len(self.tokens)

    @property
    def last_used_at(self) -> datetime | None:
        """When any of those shown was used last."""
        return max((each.last_used_at for each in self.tokens if each.last_used_at), default=None)


def tokens_of(
    *,
    tenant_id: UUID,
    user_id: UUID,
    now: datetime,
    sign_ins: bool = False,
    cursor: str = "",
    limit: int = LIMIT,
) -> Page[Token]:
    """A page of what of a person's works now (or of their ``sign_ins`` at clients), the latest first. One statement.

    Raises BadCursor.
    """
    sort = "sign_ins" if sign_ins else "tokens"
    place = parse_cursor(cursor, sort)
    about = {"tenant": tenant_id, "user": user_id, "now": now, "sign_ins": sign_ins}
    rows = _read(TOKENS, about, place, limit)
    return cut(
        [Token(*row[:15]) for row in rows],
        sort=sort,
        cursor=place,
        limit=limit,
        count=Count(rows[0][17] if rows else 0),
        key=lambda token: (token.issued_at, token.id),
    )


def sessions_of(*, tenant_id: UUID, user_id: UUID, now: datetime, cursor: str = "") -> Page[Session]:
    """A page of a person's sessions at clients, the one with the newest token first. One statement.

    Raises BadCursor.
    """
    place = parse_cursor(cursor, "sessions")
    about = {"tenant": tenant_id, "user": user_id, "now": now, "shown": SHOWN}
    rows = _read(SESSIONS, about, place, ON_ONE_PAGE)
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row[2], []).append(row)
    return cut(
        [
            Session(family, parts[0][15], parts[0][16], tuple(Token(*row[:15]) for row in parts))
            for family, parts in found.items()
        ],
        sort="sessions",
        cursor=place,
        limit=ON_ONE_PAGE,
        count=Count(rows[0][17] if rows else 0),
        key=lambda session: (session.at, session.family),
    )


def family_of(*, tenant_id: UUID, user_id: UUID, token_id: UUID, now: datetime) -> list[Token]:
    """A person's live token of this id and all that belong to its session; none: there is no such token. One
    statement.
    """
    about = {"tenant": tenant_id, "user": user_id, "now": now, "token": token_id}
    return [Token(*row[:15]) for row in _read(FAMILY, about, None, 0)]


def _read(picked: str, about: dict[str, Any], place: Cursor | None, limit: int) -> list[Any]:
    """The rows of one page, and one more, in the direction of the cursor."""
    backward = place is not None and place.backward
    asked = about | {
        "after": place.id if place else None,
        "after_at": place.value if place else None,
        "limit": limit + 1,
    }
    direction = {"sign": ">" if backward else "<", "way": "asc" if backward else "desc"}
    with connection.cursor() as cursor:
        cursor.execute(SQL.format(picked=picked.format(**direction), **direction), asked)
        return list(cursor.fetchall())
