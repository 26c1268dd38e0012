"""What clients asked for last on behalf of one subject: the third term of Effective Access, as it really was."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from authz.scopes import RESERVED_SCOPES

RECENT = 500  # decisions that are looked at, the latest; who asked longer ago is known from the consent
MANY = 200
# A client that was not heard since shows what was allowed at its consent: that is what its next request starts from.
LAST = """
with recent as (
  select d.application_id, d.client_id, d.client_name, d.requested, d.at
    from oauth_decision d
   where d.tenant_id = %(tenant)s and d.subject = %(subject)s and d.at <= %(at)s
   order by d.at desc limit %(recent)s
), asked as (
  select distinct on (application_id, client_id) * from recent order by application_id, client_id, at desc
), allowed as (
  select c.application_id, c.client_id, k.name as client_name, c.scopes, c.updated_at
    from oauth_consent c join oauth_client k on k.id = c.client_id
   where c.tenant_id = %(tenant)s and c.user_id = %(subject)s and c.withdrawn_at is null and c.created_at <= %(at)s
   order by c.updated_at desc limit %(recent)s
)
select coalesce(q.application_id, w.application_id), a.name, coalesce(q.client_id, w.client_id),
       coalesce(nullif(q.client_name, ''), w.client_name),
       case when coalesce(q.requested, w.scopes) <@ %(openid)s::text[]
                 and (a.kind <> 'web_app' or coalesce(q.requested, w.scopes) = '{}')
            then array(select s.name::text from authz_scope s
                        where s.tenant_id = a.tenant_id and s.application_id = a.id and s.is_default
                          and s.ended_at is null order by s.name)
            else coalesce(q.requested, w.scopes) end,
       coalesce(q.at, w.updated_at), q.at is not null
  from asked q
  full join allowed w on w.application_id = q.application_id and w.client_id = q.client_id
  join authz_application a on a.tenant_id = %(tenant)s and a.id = coalesce(q.application_id, w.application_id)
 where %(applications)s::uuid[] is null or a.id = any (%(applications)s)
 order by a.name, a.id, 6 desc
 limit %(many)s
"""


@dataclass(frozen=True)
class LastRequest:
    """What one client asked for at one Application, when. ``heard`` False: it was only allowed; no token was asked for
    since what is kept begins. Who named none but OpenID scopes asked for the defaults (Rule 5).
    """

    application_id: UUID
    application_name: str
    client_id: UUID
    client_name: str
    scopes: list[str]
    at: datetime
    heard: bool


def last_requests(
    *, tenant_id: UUID, subject_id: UUID, at: datetime, applications: Collection[UUID] | None = None
) -> list[LastRequest]:
    """Each client's last request for this subject until ``at``, by Application, the latest first. One statement.

    ``applications``: only there; None: everywhere.
    """
    asked: dict[str, Any] = {
        "tenant": tenant_id,
        "subject": subject_id,
        "at": at,
        "applications": None if applications is None else list(applications),
        "openid": sorted(RESERVED_SCOPES),
        "recent": RECENT,
        "many": MANY,
    }
    with connection.cursor() as cursor:
        cursor.execute(LAST, asked)
        return [LastRequest(*row) for row in cursor.fetchall()]
