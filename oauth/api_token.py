"""The management API's access token: a JWT (RFC 9068) that says in which tenants its bearer is who."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.text import slugify

from authsec.database.context import system_context
from authz import system_roles
from oauth import keys

READ, WRITE = "api:read", "api:write"
SCOPES = (READ, WRITE)
LISTED_TENANTS = 100

# The claim holds what needs no further question: roles of live bindings, tenant-wide, without condition, that outlive
# the token, and not by a plan tier, which gives no power in the console. Everything else is
# asked of the database when it is used (Rule 10). So is everything of a member who is to be shut out while the token
# lives, for want of the second factor that the tenant requires: the claim then holds no roles.
ROLES = """
  select array_agg(distinct array[o.system_key, o.name]) as held
    from effective_grants(t.id, %(kind)s, s.id, %(now)s, null, null) g
    join authz_binding b on b.tenant_id = t.id and b.id = g.terms_id
    join authz_role o on o.tenant_id = t.id and o.id = g.role_id and (o.ended_at is null or o.ended_at > %(now)s)
   where g.state = 'active' and g.source <> 'plan' and g.application_id is null
     and not b.requires_mfa and b.ip_ranges is null
     and (b.ended_at is null or b.ended_at > %(until)s) and (b.expires_at is null or b.expires_at > %(until)s)
"""
PERSON = f"""
select t.id, t.slug, s.id, m.type,
       case when t.second_factor_since is null or has_second_factor(s.identity_id)
                 or greatest(t.second_factor_since, m.joined_at) + make_interval(days => t.second_factor_grace_days)
                    > %(until)s
            then r.held end
  from users s
  join tenants_membership m on m.tenant_id = s.tenant_id and m.user_id = s.id and m.status = 'active'
  join tenants_tenant t on t.id = s.tenant_id and t.status = 'open'
  left join lateral ({ROLES}) r on true
 where s.identity_id = %(subject)s
 order by m.joined_at, t.id
 limit {LISTED_TENANTS + 1}
"""  # noqa: S608 - constants of this file
SERVICE_ACCOUNT = f"""
select t.id, t.slug, null::uuid, 'service_account', r.held
  from authz_serviceaccount s
  join tenants_tenant t on t.id = s.tenant_id and t.status = 'open'
  left join lateral ({ROLES}) r on true
 where s.tenant_id = %(tenant)s and s.id = %(subject)s and s.ended_at is null
"""  # noqa: S608 - constants of this file


def lifetime() -> timedelta:
    """How long such a token lives."""
    return timedelta(seconds=settings.ACCESS_TOKEN_SECONDS)


def for_identity(
    *,
    identity_id: UUID,
    client_id: str,
    scopes: Collection[str],
    jti: UUID,
    now: datetime,
    auth_time: datetime | None = None,
    mfa_at: datetime | None = None,
    acr: str = "",
    amr: Iterable[str] = (),
) -> str:
    """A person's token: ``sub`` is the identity, ``tenants`` their active memberships, oldest first.

    ``auth_time``, ``mfa_at``, ``acr`` and ``amr`` say how they signed in, as at the authorize page.
    """
    sign_in: dict[str, Any] = {"acr": acr, "amr": list(amr)}
    sign_in |= {
        name: int(at.timestamp()) for name, at in (("auth_time", auth_time), ("mfa_at", mfa_at)) if at
    }
    claims = _common(str(identity_id), client_id, scopes, jti, now)
    claims |= {name: value for name, value in sign_in.items() if value}
    claims |= _tenants(PERSON, {"kind": "user", "subject": identity_id}, now)
    return keys.sign(claims)


def for_service_account(
    *,
    tenant_id: UUID,
    account_id: UUID,
    client_id: str,
    scopes: Collection[str],
    jti: UUID,
    now: datetime,
) -> str:
    """A service account's token: ``sub`` is the account, ``tenants`` its one tenant."""
    asked = {"kind": "service_account", "subject": account_id, "tenant": tenant_id}
    claims = _common(str(account_id), client_id, scopes, jti, now)
    return keys.sign(claims | _tenants(SERVICE_ACCOUNT, asked, now))


def _common(
    subject: str, client_id: str, scopes: Collection[str], jti: UUID, now: datetime
) -> dict[str, Any]:
    """The claims that RFC 9068 §2.2 requires, and ``scope`` (§2.2.3)."""
    return {
        "iss": settings.ISSUER,
        "sub": subject,
        "aud": settings.API_RESOURCE,
        "client_id": client_id,
        "scope": " ".join(scope for scope in SCOPES if scope in scopes),
        "jti": str(jti),
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime()).timestamp()),
    }


def _tenants(sql: str, asked: dict[str, Any], now: datetime) -> dict[str, Any]:
    with system_context(), connection.cursor() as cursor:
        cursor.execute(sql, asked | {"now": now, "until": now + lifetime()})
        rows = cursor.fetchall()
    tenants = {
        str(tenant): {
            "slug": slug,
            "user": str(user) if user else None,
            "type": kind,
            "roles": _role_names(held),
        }
        for tenant, slug, user, kind, held in rows[:LISTED_TENANTS]
    }
    truncated = {"tenants_truncated": True} if len(rows) > LISTED_TENANTS else {}
    return {"tenants": tenants} | truncated


def _role_names(held: list[list[str]] | None) -> list[str]:
    """A system role by its key, an own role by its slug, which never looks like a system role's key."""
    names = set()
    for key, name in held or []:
        slug = slugify(name)
        names.add(key or (f"own-{slug}" if slug in system_roles.BY_KEY else slug))
    return sorted(names)
