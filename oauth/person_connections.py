"""One person's connections in one tenant, as its operators see them: which client, what it gets now, what ended when.

What a person sees of their own, across tenants, is ``oauth.account.connections``; both are made of the same rows.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from authsec.web.pagination import Count, Page, cut, parse_cursor
from oauth.account.connections import SORTS, OwnConnection, shown

LIMIT = 25
# The columns of connections_page (sql/connections.sql), of one tenant and under its walls. Whose hand ended one comes
# last.
SQL = """
with mine as materialized (
  select c.*, coalesce(c.withdrawn_at, c.created_at) as moment from oauth_consent c
   where c.tenant_id = %(tenant)s and c.user_id = %(user)s and (c.withdrawn_at is null) = %(live)s
), page as (
  select m.* from mine m
   where %(after)s::uuid is null or (m.moment, m.id) {sign} (%(after_at)s::timestamptz, %(after)s::uuid)
   order by m.moment {way}, m.id {way} limit %(limit)s
)
select p.id, p.tenant_id, '', p.user_id, p.client_id, k.client_id, k.name, k.client_uri, k.registration_source,
       case when k.service_account_id is not null then 'workload' when k.tenant_id is not null then 'tenant'
            else 'installation' end,
       p.application_id, a.name, a.resource_uri, a.logo_digest, p.scopes, p.created_at, p.last_used_at,
       p.withdrawn_at, p.withdrawn_by, p.moment, coalesce(alive.number, 0), given.standing, given.states,
       (select jsonb_agg(jsonb_build_array(n.name, s.description, s.risk) order by n.place)
          from unnest(p.scopes) with ordinality n(name, place)
          left join authz_scope s on s.tenant_id = p.tenant_id and s.application_id = p.application_id
           and s.name = n.name and s.ended_at is null),
       k.logo, (select count(*) from mine), coalesce(nullif(w.display_name, ''), w.email, '')
  from page p
  join oauth_client k on k.id = p.client_id
  join authz_application a on a.tenant_id = p.tenant_id and a.id = p.application_id
  left join tenants_profile w on w.tenant_id = p.tenant_id and w.user_id = p.withdrawn_by
  left join lateral (
    select count(*) as number, (array_agg(h.mfa_at order by h.created desc))[1] as mfa_at,
           (array_agg(h.auth_ip order by h.created desc))[1] as ip
      from (select t.mfa_at, t.auth_ip, t.created from oauth_accesstoken t
             where t.tenant_id = %(tenant)s and t.subject = %(user)s and t.application_id = p.client_id
               and t.audience_id = p.application_id and t.expires > %(now)s
             union all
            select r.mfa_at, r.auth_ip, r.created from oauth_refreshtoken r
             where r.tenant_id = %(tenant)s and r.subject = %(user)s and r.application_id = p.client_id
               and r.audience_id = p.application_id and r.revoked is null and r.expires > %(now)s) h
  ) alive on %(live)s
  left join lateral issue_terms(p.tenant_id, 'user', p.user_id, p.application_id, p.client_id, true, %(now)s,
                                alive.mfa_at, alive.ip) given on %(live)s
 order by p.moment {way}, p.id {way}
"""


def page_of(
    *,
    tenant_id: UUID,
    user_id: UUID,
    now: datetime,
    live: bool = True,
    cursor: str = "",
    limit: int = LIMIT,
) -> Page[OwnConnection]:
    """A page of a person's connections in the tenant, or of those that ended; the latest first. One statement.

    Raises BadCursor.
    """
    place = parse_cursor(cursor, SORTS[live])
    backward = place is not None and place.backward
    asked: dict[str, Any] = {
        "tenant": tenant_id,
        "user": user_id,
        "live": live,
        "now": now,
        "after": place.id if place else None,
        "after_at": place.value if place else None,
        "limit": limit + 1,
    }
    with connection.cursor() as cursor_:
        cursor_.execute(SQL.format(sign=">" if backward else "<", way="asc" if backward else "desc"), asked)
        rows = cursor_.fetchall()
    return cut(
        [shown(row, ended_by=row[26]) for row in rows],
        sort=SORTS[live],
        cursor=place,
        limit=limit,
        count=Count(rows[0][25] if rows else 0),
        key=lambda row: (row.moment, row.consent_id),
    )
