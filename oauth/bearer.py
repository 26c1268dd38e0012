"""The bearer tokens of one exchange: made, and written down with everything that they descend from."""

from datetime import timedelta
from typing import Any

from django.conf import settings

from authsec.database.fields import uuid7
from authsec.secrets import new_secret
from oauth import api_token, tokens
from oauth.exchange import Exchange
from oauth.models import Client


def new_access_token(exchange: Exchange, scopes: list[str]) -> str:
    """Opaque for an Application; for the management API a JWT (RFC 9068)."""
    exchange.jti = uuid7()
    if not exchange.for_api:
        return new_secret("as_at_")
    client, row = _client(exchange), exchange.origin
    if row is not None:
        return api_token.for_identity(
            identity_id=row.subject,
            client_id=client.client_id,
            scopes=scopes,
            jti=exchange.jti,
            now=exchange.now,
            auth_time=row.auth_time,
            mfa_at=row.mfa_at,
            acr=row.acr,
            amr=row.amr,
        )
    if client.tenant_id is None or client.service_account_id is None:
        raise ValueError("Only a service account's client comes here without a person's grant.")
    return api_token.for_service_account(
        tenant_id=client.tenant_id,
        account_id=client.service_account_id,
        client_id=client.client_id,
        scopes=scopes,
        jti=exchange.jti,
        now=exchange.now,
    )


def write(exchange: Exchange, token: dict[str, Any], *, rotates: bool) -> None:
    """Write the tokens of a response, in one statement.

    Who did not register for refresh tokens gets none; where nothing ``rotates``, the previous one slides on.
    """
    client, grant, refresh = _client(exchange), exchange.grant, exchange.refresh
    if "refresh_token" not in client.grant_types:
        token.pop("refresh_token", None)
    tokens.write(
        holder=_holder(exchange, client),
        client=(client.pk, client.known_as),
        jti=exchange.jti or uuid7(),
        access_token=None if exchange.for_api else token["access_token"],
        refresh_token=None if refresh and not rotates else token.get("refresh_token"),
        scope=token["scope"],
        requested=_requested(exchange),
        resource=exchange.terms.resource_uri if exchange.terms else settings.API_RESOURCE,
        grant_type=exchange.grant_type,
        now=exchange.now,
        decided=exchange.grantable,
        openid=exchange.openid,
        family=_family(exchange),
        code_id=grant.pk if grant else None,
        device_id=exchange.device.pk if exchange.device else None,
        previous_id=refresh.pk if refresh else None,
        acting=exchange.acting,
    )


def _client(exchange: Exchange) -> Client:
    if exchange.client is None:
        raise ValueError("Tokens are made for an authenticated client only.")
    return exchange.client


def _holder(exchange: Exchange, client: Client) -> tokens.Holder:
    row = exchange.origin or exchange.subject_token
    if row:
        return tokens.Holder.of(row)
    return tokens.Holder(
        tenant_id=client.tenant_id,
        audience_id=exchange.terms.application_id if exchange.terms else None,
        subject=client.service_account_id,
        subject_kind="service_account",
        identity_id=None,
        auth_ip=exchange.ip,
    )


def _requested(exchange: Exchange) -> tuple[str, ...]:
    row = exchange.origin
    if row:
        return tuple(row.requested)
    return exchange.grantable.requested if exchange.grantable else ()


def _family(exchange: Exchange) -> tokens.Family | None:
    grant, refresh = exchange.grant or exchange.device, exchange.refresh
    if grant:
        ends = exchange.now + timedelta(seconds=settings.REFRESH_FAMILY_SECONDS)
        return tokens.Family(grant.token_family, grant.scope, ends, tuple(grant.openid), grant.sid)
    if refresh:
        return tokens.Family(
            refresh.token_family, refresh.scope, refresh.family_expires, tuple(refresh.openid), refresh.sid
        )
    return None
