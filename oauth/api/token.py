"""The token endpoint (RFC 6749 §3.2): code exchange, refresh, client credentials, token exchange."""

import json
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, JsonResponse
from django.utils import timezone

from authsec.web.access import protocol
from oauth import throttle
from oauth.api.wire import cross_origin, no_store, read_form
from oauth.client_authentication import BadRequest
from oauth.exchange import TOKEN_EXCHANGE, Exchange, load
from oauth.server import Server
from oauth.validator import Validator

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", TOKEN_EXCHANGE)


@protocol
@cross_origin("POST")
def token(request: Any) -> HttpResponse:
    """Exchange what the client presents for tokens. A refusal is committed too: a replayed code revokes."""
    parameters = read_form(request)
    named = parameters.get("client_id", "")[:255]
    if throttle.exhausted("client", request.client_ip or "", named):
        raise BadRequest("temporarily_unavailable", "Too many failed requests; try again in a minute.", 429)
    exchange = _load(parameters, request)
    with exchange.context():
        status, body = respond(exchange)
    if status >= 400:
        throttle.hit("client", request.client_ip or "", named)
    return no_store(JsonResponse(body, status=status))


def _load(parameters: dict[str, str], request: Any) -> Exchange:
    grant_type = parameters.get("grant_type")
    if grant_type is None:
        raise BadRequest("invalid_request", "grant_type is missing.")
    if grant_type not in GRANT_TYPES:
        raise BadRequest("unsupported_grant_type", f"grant_type is one of {', '.join(GRANT_TYPES)}.")
    header = request.headers.get("Authorization", "")
    exchange = load(parameters, header, now=timezone.now(), ip=request.client_ip)
    if not exchange.authenticated:
        throttle.hit("client", request.client_ip or "", parameters.get("client_id", "")[:255])
        raise BadRequest("invalid_client", "The client is unknown or did not authenticate.", 401)
    return exchange


def respond(exchange: Exchange) -> tuple[int, dict[str, Any]]:
    """Run the toolkit's server on a loaded exchange, inside its context: status and body."""
    body = urlencode(
        {k: v for k, v in exchange.parameters.items() if k not in ("client_id", "client_secret")}
    )
    _, answer, status = Server(Validator(exchange)).create_token_response("/oauth/token", "POST", body, {})
    return status, json.loads(answer)
