"""One person's live tokens in one tenant, by the session of the client that holds them.

A session is one sign-in at a client: its refresh token, the access tokens that came of it, or a device's yes that has
not been fetched yet. The person's own browser sessions span tenants and are nobody's here to see (security.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

MOST = 500  # rows on one page
SQL = """
with held as (
  select 'access' as kind, t.id, coalesce(t.token_family, t.id) as family, t.application_id as client, t.audience_id,
         t.scope, t.created, t.expires, t.last_used_at, t.amr, t.auth_time, t.auth_ip, t.act is not null as acting
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
  select 'sign_in', s.id, s.id, s.client_id, null, '', s.created_at, null, null, '{}', null, null, false
    from oauth_clientsession s
   where s.tenant_id = %(tenant)s and s.user_id = %(user)s and s.ended_at is null
)
select h.kind, h.id, h.family, h.client, coalesce(k.name, ''), h.audience_id, coalesce(a.name, ''), h.scope, h.created,
       h.expires, h.last_used_at, h.amr, h.auth_time, host(h.auth_ip), h.acting
  from held h
  left join oauth_client k on k.id = h.client
  left join authz_application a on a.tenant_id = %(tenant)s and a.id = h.audience_id
 order by h.created desc, h.id desc limit %(most)s
"""


@dataclass(frozen=True)
class Token:
    """``kind``: access, refresh, device (a yes that is not fetched yet) or sign_in (at a client, no token at all).

    ``family``: the session it belongs to; its own id where it belongs to none. ``last_used_at``: of an access token
    when its Application asked about it, of a refresh token when it gave another token; None while it did not.
    ``acting``: in the hands of somebody who acts for the person (RFC 8693). ``expires_at`` None: with the browser's
    session.
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


@dataclass(frozen=True)
class Session:
    """The tokens that descend from one yes, the latest first. ``lasting``: the refresh token that makes more of them,
    if there is one.
    """

    tokens: tuple[Token, ...]

    @property
    def lasting(self) -> Token | None:
        return next((token for token in self.tokens if token.kind == "refresh"), None)

    @property
    def access(self) -> list[Token]:
        """Its access tokens."""
        return [token for token in self.tokens if token.kind == "access"]

    @property
    def head(self) -> Token:
        """What speaks for the whole: the refresh token, else the newest."""
        return self.lasting or self.tokens[0]

    @property
    def last_used_at(self) -> datetime | None:
        """When any of it was used last."""
        return max((each.last_used_at for each in self.tokens if each.last_used_at), default=None)


def tokens_of(*, tenant_id: UUID, user_id: UUID, now: datetime) -> list[Token]:
    """What of a person's works now, the latest first, MOST of it. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(SQL, {"tenant": tenant_id, "user": user_id, "now": now, "most": MOST})
        return [Token(*row) for row in cursor.fetchall()]


def sessions(tokens: Iterable[Token]) -> list[Session]:
    """The tokens by session, in the order of the newest of each."""
    found: dict[UUID, list[Token]] = {}
    for token in tokens:
        if token.kind != "sign_in":
            found.setdefault(token.family, []).append(token)
    return [Session(tuple(family)) for family in found.values()]
