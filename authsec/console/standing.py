"""The critical path: the bearer's standing and power now, read from the database in one statement (Rule 10)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from authsec.console.bearer import Bearer, InvalidBearer, not_in_token
from authsec.web.problems import Problem
from authz.console import HELD_ROLE, Powers, held_role

# One row for each role held, at least one. A client that the tenant has denied, or that the installation has
# disabled, stops its tokens here as it does at introspection (Rule 3).
PERSON = f"""
select t.status, i.is_active, k.id is not null and k.disabled_at is null and k.api_access,
       coalesce(d.status, '') <> 'denied', m.status, m.type, u.id,
       coalesce(nullif(f.display_name, ''), f.email, ''), coalesce(m.suspended_reason, ''),
       second_factor_due(t.id, u.id) <= %(at)s,
       {HELD_ROLE}
  from tenants_tenant t
  join users u on u.tenant_id = t.id and u.identity_id = %(subject)s
  join tenants_identity i on i.id = u.identity_id
  left join tenants_membership m on m.tenant_id = t.id and m.user_id = u.id
  left join tenants_profile f on f.tenant_id = t.id and f.user_id = u.id
  left join oauth_client k on k.client_id = %(client)s
  left join oauth_clientapproval d on d.tenant_id = t.id and d.client_id = k.id
  left join lateral effective_console(%(tenant)s, 'user', u.id, %(at)s, %(mfa_at)s, %(ip)s) c
    on t.status = 'open' and m.status = 'active'
 where t.id = %(tenant)s
"""  # noqa: S608 - constants of this file
SERVICE_ACCOUNT = f"""
select t.status, a.ended_at is null, k.disabled_at is null, coalesce(d.status, '') <> 'denied',
       'active', 'service_account', a.id, a.name, '', false,
       {HELD_ROLE}
  from tenants_tenant t
  join authz_serviceaccount a on a.tenant_id = t.id and a.id = %(subject)s
  join oauth_client k on k.tenant_id = t.id and k.service_account_id = a.id and k.client_id = %(client)s
  left join oauth_clientapproval d on d.tenant_id = t.id and d.client_id = k.id
  left join lateral effective_console(%(tenant)s, 'service_account', a.id, %(at)s, %(mfa_at)s, %(ip)s) c
    on t.status = 'open'
 where t.id = %(tenant)s
"""  # noqa: S608 - constants of this file
# About oneself no tenant is named: the identity and the client, which no tenant's row can stop here.
MYSELF = """
select i.is_active, c.id is not null and c.disabled_at is null and c.api_access
  from tenants_identity i left join oauth_client c on c.client_id = %(client)s where i.id = %(subject)s
"""
NAME = """
select coalesce(nullif(f.display_name, ''), f.email, '') from tenants_profile f
 where %(kind)s = 'user' and f.tenant_id = %(tenant)s and f.user_id = %(subject)s
 union all
select a.name from authz_serviceaccount a
 where %(kind)s = 'service_account' and a.tenant_id = %(tenant)s and a.id = %(subject)s
"""
GONE = "The identity that this token names is gone."
CLIENT_GONE = "The client that this token was given to may no longer use this API."


@dataclass(frozen=True)
class Standing:
    """Who the bearer is in the tenant: ``user_id`` is a users.id or the service account's id. ``name``: None while
    nobody has read it.
    """

    user_id: UUID
    type: str
    name: str | None = None

    @property
    def kind(self) -> str:
        """user or service_account, as the entitlement functions call it."""
        return "service_account" if self.type == "service_account" else "user"


def read_standing(
    bearer: Bearer, tenant_id: UUID, *, ip: str | None, now: datetime
) -> tuple[Standing, Powers]:
    """The bearer's standing and power, inside the tenant's context. One statement.

    Raises a Problem (403) that names the bearer's own status and nothing else, or InvalidBearer.
    """
    asked = {
        "tenant": tenant_id,
        "subject": bearer.subject,
        "client": bearer.claims.get("client_id"),
        "at": now,
        "mfa_at": bearer.mfa_at,
        "ip": ip,
    }
    with connection.cursor() as cursor:
        cursor.execute(SERVICE_ACCOUNT if bearer.is_service_account else PERSON, asked)
        rows = cursor.fetchall()
    if not rows:
        raise not_in_token(tenant_id)
    tenant, alive, client, admitted, status, kind, user_id, name, reason, bare = rows[0][:10]
    _refuse(tenant, alive, client, admitted, status, kind, reason)
    if bare:
        raise Problem(
            403, "second-factor-required", "Set up a second factor first: this tenant requires one."
        )
    standing = Standing(user_id, kind, name)
    roles = tuple(role for row in rows if (role := held_role(row[10:])))
    return standing, Powers(tenant_id, standing.kind, user_id, True, roles)


def check_myself(bearer: Bearer) -> None:
    """For endpoints about the bearer: raise InvalidBearer when identity or client are gone. One statement.

    A service account passes here; such an endpoint refuses it by itself, with a reason.
    """
    if bearer.is_service_account:
        return
    with connection.cursor() as cursor:
        cursor.execute(MYSELF, {"subject": bearer.subject, "client": bearer.claims.get("client_id")})
        row = cursor.fetchone()
    if row is None or not row[0]:
        raise InvalidBearer(GONE)
    if not row[1]:
        raise InvalidBearer(CLIENT_GONE)


def name_of(standing: Standing, tenant_id: UUID) -> str:
    """The name that an event records. One statement, unless it was read with the standing."""
    if standing.name is not None:
        return standing.name
    with connection.cursor() as cursor:
        cursor.execute(NAME, {"kind": standing.kind, "tenant": tenant_id, "subject": standing.user_id})
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def _refuse(
    tenant: str, alive: bool, client: bool, admitted: bool, status: str | None, kind: str, reason: str
) -> None:
    if tenant != "open":
        raise Problem(403, "tenant-closed", "This tenant is closed.")
    if kind == "service_account" and not (alive and client and admitted):
        raise Problem(403, "service-account-ended", "This service account has ended or its client is denied.")
    if not alive or not client:
        raise InvalidBearer(CLIENT_GONE if alive else GONE)
    if status != "active":
        raise _not_active(status, reason)
    if not admitted:
        raise Problem(403, "client-denied", "This tenant has denied the client that your token was given to.")


def _not_active(status: str | None, reason: str) -> Problem:
    sentences = {
        "suspended": f"Your membership is suspended: {reason}" if reason else "Your membership is suspended.",
        "left": "You have left this tenant.",
        "invited": "Your invitation is not accepted yet.",
    }
    if status in sentences:
        return Problem(403, f"membership-{status}", sentences[status])
    return Problem(403, "forbidden", "You are no member of this tenant.")
