"""Who bears the management API's token, in which tenant, and whether they still stand there."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from authsec.web.problems import Problem

PERSON = """
select t.status, i.is_active, m.status, m.type, u.id, coalesce(nullif(p.display_name, ''), p.email, ''),
       coalesce(m.suspended_reason, '')
  from tenants_tenant t
  join users u on u.tenant_id = t.id and u.identity_id = %(subject)s
  join tenants_identity i on i.id = u.identity_id
  left join tenants_membership m on m.tenant_id = t.id and m.user_id = u.id
  left join tenants_profile p on p.tenant_id = t.id and p.user_id = u.id
 where t.id = %(tenant)s
"""
# Standing of a service account (Rule 3): not ended, tenant open, client not denied.
SERVICE_ACCOUNT = """
select t.status, a.ended_at is null and c.disabled_at is null and coalesce(d.status, '') <> 'denied',
       'active', 'service_account', a.id, a.name, ''
  from tenants_tenant t
  join authz_serviceaccount a on a.tenant_id = t.id and a.id = %(subject)s
  join oauth_client c on c.tenant_id = t.id and c.service_account_id = a.id and c.client_id = %(client)s
  left join oauth_clientapproval d on d.tenant_id = t.id and d.client_id = c.id
 where t.id = %(tenant)s
"""


@dataclass(frozen=True)
class Bearer:
    """A verified token's bearer: what REST framework calls the user."""

    claims: dict[str, Any]

    is_authenticated = True

    @property
    def subject(self) -> UUID:
        """The identity, or the service account."""
        return UUID(self.claims["sub"])

    @property
    def tenants(self) -> dict[str, dict[str, Any]]:
        """The signed ``tenants`` claim."""
        return dict(self.claims.get("tenants") or {})

    @property
    def is_service_account(self) -> bool:
        """Whether this is a service account's token, which holds its one tenant."""
        return any(entry["type"] == "service_account" for entry in self.tenants.values())

    @property
    def scopes(self) -> set[str]:
        """The token's scopes."""
        return set(str(self.claims.get("scope", "")).split())

    @property
    def mfa_at(self) -> datetime | None:
        """When the person last completed a second factor, as the token's authorization says."""
        at = self.claims.get("mfa_at")
        return datetime.fromtimestamp(at, UTC) if at else None

    def holds(self, tenant_id: UUID) -> bool:
        """Whether the claim holds the tenant, or cannot say, because it was cut at its limit."""
        return str(tenant_id) in self.tenants or bool(self.claims.get("tenants_truncated"))


@dataclass(frozen=True)
class Standing:
    """Who the bearer is in the tenant: ``user_id`` is a users.id or the service account's id."""

    user_id: UUID
    name: str
    type: str

    @property
    def kind(self) -> str:
        """user or service_account, as the entitlement functions call it."""
        return "service_account" if self.type == "service_account" else "user"


def not_in_token(tenant_id: UUID) -> Problem:
    """403: the same for every tenant that the token does not hold, existing or not (Rule 1)."""
    return Problem(403, "tenant-not-in-token", f"Your access token does not hold the tenant {tenant_id}.")


def standing_of(bearer: Bearer, tenant_id: UUID) -> Standing:
    """The bearer's standing now, read from the database inside the tenant's context. One statement.

    Raises a Problem (403) that names the bearer's own status and nothing else.
    """
    asked = {
        "tenant": tenant_id,
        "subject": bearer.subject,
        "client": bearer.claims.get("client_id"),
    }
    with connection.cursor() as cursor:
        cursor.execute(SERVICE_ACCOUNT if bearer.is_service_account else PERSON, asked)
        row = cursor.fetchone()
    if row is None:
        raise not_in_token(tenant_id)
    tenant, usable, status, kind, user_id, name, reason = row
    if tenant != "open":
        raise Problem(403, "tenant-closed", "This tenant is closed.")
    if not usable and kind == "service_account":
        raise Problem(403, "service-account-ended", "This service account has ended or its client is denied.")
    if status != "active" or not usable:
        raise _not_active(status, reason)
    return Standing(user_id, name, kind)


def _not_active(status: str | None, reason: str) -> Problem:
    sentences = {
        "suspended": f"Your membership is suspended: {reason}" if reason else "Your membership is suspended.",
        "left": "You have left this tenant.",
        "invited": "Your invitation is not accepted yet.",
    }
    if status in sentences:
        return Problem(403, f"membership-{status}", sentences[status])
    return Problem(403, "forbidden", "You are no member of this tenant.")
