"""What a tenant keeps from the clients that one subject uses: Effective Access says what reaches the subject whatever
the client, and these get less of it.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

MANY = 100
KEPT = f"""
with used as (
  select c.client_id, c.application_id, c.scopes
    from oauth_consent c
   where %(user)s::uuid is not null
     and c.tenant_id = %(tenant)s and c.user_id = %(user)s and c.withdrawn_at is null
   union all
  select k.id, a.id, array(select s.name::text from authz_scope s
                            where s.tenant_id = a.tenant_id and s.application_id = a.id and s.ended_at is null)
    from oauth_client k
    join authz_application a on a.tenant_id = k.tenant_id and a.ended_at is null
   where %(account)s::uuid is not null
     and k.tenant_id = %(tenant)s and k.service_account_id = %(account)s and k.disabled_at is null
)
select k.id, k.name, k.service_account_id is not null, a.id, a.name, v.status = 'denied', u.scopes,
       array(select l.scope::text from oauth_clientlimit l
              where l.tenant_id = v.tenant_id and l.client_id = v.client_id and l.application_id = u.application_id
                and l.ended_at is null order by l.scope)
  from used u
  join oauth_clientapproval v on v.tenant_id = %(tenant)s and v.client_id = u.client_id
   and (v.status = 'denied' or v.limited_at is not null)
  join oauth_client k on k.id = u.client_id
  join authz_application a on a.tenant_id = v.tenant_id and a.id = u.application_id
 order by k.name, k.id, a.name
 limit {MANY + 1}
"""  # noqa: S608 - a number of ours


@dataclass(frozen=True)
class KeptBack:
    """One client at one Application. ``denied``: it gets nothing anywhere; else ``left`` is all that it may get there
    at most, and ``lost`` what else the subject let it ask for.
    """

    client_id: UUID
    client_name: str
    workload: bool
    application_id: UUID
    application_name: str
    denied: bool
    left: list[str]
    lost: list[str]


def from_user(tenant_id: UUID, user_id: UUID) -> list[KeptBack]:
    """The clients that a person connected and that get less than the person, at most MANY and one. One statement."""
    return _read(tenant_id, user=user_id, account=None)


def from_account(tenant_id: UUID, account_id: UUID) -> list[KeptBack]:
    """As :func:`from_user`, for the client of a service account."""
    return _read(tenant_id, user=None, account=account_id)


def _read(tenant_id: UUID, *, user: UUID | None, account: UUID | None) -> list[KeptBack]:
    with connection.cursor() as cursor:
        cursor.execute(KEPT, {"tenant": tenant_id, "user": user, "account": account})
        rows = cursor.fetchall()
    return [_kept(*row) for row in rows if row[5] or not _all_left(row[6], row[7])]


def _all_left(allowed: list[str], reach: list[str]) -> bool:
    """``reach``: the scopes that the limits leave on the Application, '' for all of them; empty: it is left out."""
    return "" in reach or (bool(reach) and set(allowed) <= set(reach))


def _kept(
    client_id: UUID,
    client_name: str,
    workload: bool,
    application_id: UUID,
    application_name: str,
    denied: bool,
    allowed: list[str],
    reach: list[str],
) -> KeptBack:
    left = [] if denied else [name for name in allowed if "" in reach or name in reach]
    lost = [name for name in allowed if name not in left]
    return KeptBack(client_id, client_name, workload, application_id, application_name, denied, left, lost)
