"""Who signed in, said to the client (OpenID Connect Core §2), and the facts about them that they allowed (§5.4)."""

import base64
import hashlib
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from oauth import keys
from oauth.exchange import Exchange

CLAIMS = (
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
    "at_hash",
    "email",
    "email_verified",
    "name",
)


def new(exchange: Exchange, access_token: str) -> str:
    """The signed id_token of a code exchange or refresh, whose standing was read a moment ago.

    RS256 as OpenID Connect Core §15.1 requires, ES256 for a client that registered it.
    """
    row = exchange.origin
    if row is None or row.tenant_id is None or exchange.client is None:
        raise ValueError("An id_token is about a person in a tenant.")
    issued = int(exchange.now.timestamp())
    claims: dict[str, Any] = {
        "iss": settings.ISSUER,
        "sub": str(row.subject),
        "aud": exchange.client.client_id,
        "exp": issued + settings.ACCESS_TOKEN_SECONDS,
        "iat": issued,
        "at_hash": at_hash(access_token),
    }
    # §12.2: a refresh keeps auth_time, and says no nonce, which belongs to one authorization request.
    said = {
        "auth_time": int(row.auth_time.timestamp()) if row.auth_time else None,
        "nonce": exchange.grant.nonce if exchange.grant else None,
        "acr": row.acr,
        "amr": list(row.amr),
        "sid": str(row.sid) if row.sid else None,  # Back-Channel Logout §2.1
    }
    claims |= {name: value for name, value in said.items() if value}
    if {"email", "profile"} & set(exchange.openid):
        claims |= person_claims(exchange.openid, *_person(row.tenant_id, row.subject))
    algorithm = exchange.client.metadata.get("id_token_signed_response_alg", "RS256")
    return keys.sign(claims, alg=algorithm, typ="JWT")


def at_hash(access_token: str) -> str:
    """OpenID Connect Core §3.1.3.6, for algorithms that hash with SHA-256, as both of ours do."""
    half = hashlib.sha256(access_token.encode("ascii")).digest()[:16]
    return base64.urlsafe_b64encode(half).rstrip(b"=").decode()


def person_claims(scopes: tuple[str, ...], email: str, verified: bool, name: str) -> dict[str, Any]:
    """The claims that these scopes ask for (OpenID Connect Core §5.4), as the person shares them with the tenant."""
    claims: dict[str, Any] = {}
    if "email" in scopes and email:
        claims |= {"email": email, "email_verified": verified}
    if "profile" in scopes and name:
        claims["name"] = name
    return claims


def _person(tenant_id: UUID, user_id: UUID) -> tuple[str, bool, str]:
    with connection.cursor() as cursor:
        cursor.execute("select * from openid_person(%s, %s)", [tenant_id, user_id])
        row = cursor.fetchone()
    return row or ("", False, "")
