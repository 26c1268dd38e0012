"""Which workloads act for a person, and for whom a workload acts: live consents to service accounts' clients."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

WHO = """
select c.id, c.user_id, coalesce(nullif(p.display_name, ''), p.email, c.user_id::text), s.id, s.name, a.id, a.name,
       c.scopes, c.created_at,
       (select max(d.at) from oauth_decision d
         where d.tenant_id = c.tenant_id and d.subject = c.user_id and d.client_id = c.client_id
           and d.application_id = c.application_id),
       (select count(*) from oauth_accesstoken t
         where t.tenant_id = c.tenant_id and t.subject = c.user_id and t.application_id = c.client_id
           and t.audience_id = c.application_id and t.expires > %(now)s)
  from oauth_consent c
  join oauth_client k on k.id = c.client_id and k.service_account_id is not null
  join authz_serviceaccount s on s.tenant_id = c.tenant_id and s.id = k.service_account_id and s.ended_at is null
  join authz_application a on a.tenant_id = c.tenant_id and a.id = c.application_id
  left join tenants_profile p on p.tenant_id = c.tenant_id and p.user_id = c.user_id
 where c.tenant_id = %(tenant)s and c.withdrawn_at is null
"""
OF_USER = "   and c.user_id = %(about)s order by c.created_at desc, c.id desc limit 101"
OF_ACCOUNT = "   and s.id = %(about)s order by c.created_at desc, c.id desc limit 101"
MANY = 100


@dataclass(frozen=True)
class Delegation:
    """One person's live yes to one workload at one Application. ``acting_now``: its tokens that work at this moment."""

    consent_id: UUID
    user_id: UUID
    user_name: str
    account_id: UUID
    account_name: str
    application_id: UUID
    application_name: str
    scopes: list[str]
    since: datetime
    last_used_at: datetime | None
    acting_now: int


def of_user(tenant_id: UUID, user_id: UUID, *, now: datetime) -> list[Delegation]:
    """The workloads that may act for a person, the latest first, at most MANY and one. One statement."""
    return _found(OF_USER, tenant_id, user_id, now)


def of_account(tenant_id: UUID, account_id: UUID, *, now: datetime) -> list[Delegation]:
    """The people for whom a workload may act, the latest first, at most MANY and one. One statement."""
    return _found(OF_ACCOUNT, tenant_id, account_id, now)


def _found(condition: str, tenant_id: UUID, about: UUID, now: datetime) -> list[Delegation]:
    with connection.cursor() as cursor:
        cursor.execute(WHO + condition, {"tenant": tenant_id, "about": about, "now": now})
        return [Delegation(*row) for row in cursor.fetchall()]
