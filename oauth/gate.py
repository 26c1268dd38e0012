"""What a token request may be given: the one road from every grant type to ``oauth/issuance.py``.

A grant type says when all else is right (the code is this client's, the secret fits); standing and scopes are decided
here, for a person's yes (a code, a device's, a refresh token) and for a service account alike.
"""

from typing import Any

from oauthlib.oauth2.rfc6749.errors import (
    CustomOAuth2Error,
    InvalidGrantError,
    InvalidScopeError,
    UnauthorizedClientError,
)

from oauth import token_exchange
from oauth.exchange import TOKEN_EXCHANGE, Exchange
from oauth.issuance import (
    API_SCOPES,
    OPENID_SCOPES,
    Subject,
    api_standing,
    grantable_scopes,
    identity_scopes,
    read_terms,
    resources_of_client,
)
from oauth.models import DeviceGrant, Grant, RefreshToken

# A standing that only the authorize page lets pass is none here.
REFUSED = "This access has ended or is suspended."


def read_standing(exchange: Exchange, row: Grant | RefreshToken | DeviceGrant, request: Any) -> None:
    """Ask for standing and entitlement of a code's or refresh token's holder, before anything is used up or revoked.

    Raises InvalidGrantError without standing.
    """
    if row.tenant_id is None or row.application_id is None or row.subject is None:
        return
    terms = read_terms(
        tenant_id=row.tenant_id,
        subject=Subject(row.subject_kind, row.subject, row.mfa_at, row.auth_ip),
        client_id=row.application_id,
        application_id=row.audience_id,
        at=exchange.now,
        consented=True,
    )
    if terms is None or terms.standing:
        raise InvalidGrantError(description=REFUSED, request=request)
    exchange.terms = terms


def decide(exchange: Exchange, request: Any) -> None:
    """Set ``request.scopes`` to what is granted now.

    Raises invalid_target (RFC 8707 §2.2), invalid_scope when nothing remains, invalid_grant without standing.
    """
    if request.grant_type == "client_credentials":
        granted = _for_account(exchange, request)
    elif request.grant_type == TOKEN_EXCHANGE:
        granted = token_exchange.decide(exchange)
    else:
        granted = _for_person(exchange, request)
    if not granted and not _signs_in_only(exchange):
        raise InvalidScopeError(description="None of these scopes can be granted now.", request=request)
    request.scopes = list(granted)


def is_web_app(exchange: Exchange) -> bool:
    """Whether the token is for a web app, where OpenID Connect's scopes alone are enough (Rule 5)."""
    return exchange.terms is not None and exchange.terms.application_kind == "web_app"


def _for_person(exchange: Exchange, request: Any) -> tuple[str, ...]:
    row = exchange.origin
    if row is None:
        raise InvalidGrantError(request=request)
    if exchange.resource and exchange.resource not in row.resource:
        raise CustomOAuth2Error("invalid_target", "The grant is for another resource.", request=request)
    consented = row.scope.split()
    wanted = [name for name in request.scopes if name in consented]
    if not wanted and set(request.scopes) <= OPENID_SCOPES and not is_web_app(exchange):
        wanted = consented  # for an MCP server or an API these alone count as no scope (Rule 5)
    if exchange.for_api:
        return tuple(wanted)
    exchange.openid = _openid(exchange, row)
    if exchange.terms is None or not (wanted or _signs_in_only(exchange)):
        return ()
    wanted = wanted or list(OPENID_SCOPES)  # a web app's sign-in: standing alone
    exchange.grantable = grantable_scopes(exchange.terms, requested=wanted)
    return exchange.grantable.granted


def _signs_in_only(exchange: Exchange) -> bool:
    """A web app that asked for OpenID Connect scopes alone: standing suffices (Rule 5)."""
    row = exchange.origin
    asked = set(exchange.parameters.get("scope", "").split())
    alone = bool(asked) and asked <= OPENID_SCOPES and bool(exchange.openid)
    return row is not None and is_web_app(exchange) and (not row.scope or alone)


def _openid(exchange: Exchange, row: Grant | RefreshToken | DeviceGrant) -> tuple[str, ...]:
    """What consent gave of OpenID Connect's scopes, or the part of it that a refresh names."""
    asked = exchange.parameters.get("scope", "").split()
    if exchange.refresh is not None and set(asked) - {"offline_access"}:
        return identity_scopes(set(asked) & set(row.openid))
    return tuple(row.openid)


def _for_account(exchange: Exchange, request: Any) -> tuple[str, ...]:
    client = request.client
    if client.service_account_id is None or client.tenant_id is None:
        raise UnauthorizedClientError(request=request)
    asked = (request.scope or "").split()
    if exchange.for_api:
        if not api_standing(client.tenant_id, client.service_account_id):
            raise InvalidGrantError(description=REFUSED, request=request)
        return tuple(name for name in API_SCOPES if not asked or name in asked)
    terms = read_terms(
        tenant_id=client.tenant_id,
        subject=Subject("service_account", client.service_account_id, None, exchange.ip),
        client_id=client.pk,
        resource_uri=_resource_of_account(exchange, request),
        at=exchange.now,
        consented=False,
    )
    if terms is None:
        raise CustomOAuth2Error("invalid_target", "There is no such resource.", request=request)
    exchange.terms = terms
    exchange.grantable = grantable_scopes(terms, requested=asked)
    if exchange.grantable.refusal:
        raise InvalidGrantError(description=REFUSED, request=request)
    return exchange.grantable.granted


def _resource_of_account(exchange: Exchange, request: Any) -> str:
    if exchange.resource:
        return exchange.resource
    limited_to = resources_of_client(request.client.pk)
    if len(limited_to) == 1:
        return limited_to[0]
    raise CustomOAuth2Error(
        "invalid_target", "Name the resource that the token is for (RFC 8707).", request=request
    )
