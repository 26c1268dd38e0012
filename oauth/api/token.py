"""The token endpoint (RFC 6749 §3.2): code exchange, refresh, client credentials, token exchange, devices."""

import json
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, JsonResponse
from django.utils import timezone

from authsec.web.access import protocol
from oauth.api.authentication import authenticated_client, count_failure
from oauth.api.wire import cross_origin, no_store, read_form
from oauth.client_authentication import BadRequest
from oauth.errors import described
from oauth.exchange import DEVICE_CODE, TOKEN_EXCHANGE, Exchange, load
from oauth.server import Server
from oauth.validator import Validator

# Looked at already; the toolkit's server need not see them.
OF_THE_CLIENT = ("client_id", "client_secret", "client_assertion", "client_assertion_type")
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", TOKEN_EXCHANGE, DEVICE_CODE)


@protocol
@cross_origin("POST")
def token(request: Any) -> HttpResponse:
    """Exchange what the client presents for tokens. A refusal is committed too: a replayed code revokes."""
    parameters, now = read_form(request), timezone.now()
    grant_type = parameters.get("grant_type")
    if grant_type is None:
        raise BadRequest("invalid_request", "grant_type is missing.")
    if grant_type not in GRANT_TYPES:
        raise BadRequest("unsupported_grant_type", f"grant_type is one of {', '.join(GRANT_TYPES)}.")
    client = authenticated_client(request, parameters, now=now)
    exchange = load(client, parameters, now=now, ip=request.client_ip)
    with exchange.context():
        status, body = respond(exchange)
    if status >= 400 and body["error"] != "authorization_pending":  # a device that waits does nothing wrong
        count_failure(request, parameters)
    return no_store(JsonResponse(body, status=status))


def respond(exchange: Exchange) -> tuple[int, dict[str, Any]]:
    """Run the toolkit's server on a loaded exchange, inside its context: status and body."""
    body = urlencode(
        {name: value for name, value in exchange.parameters.items() if name not in OF_THE_CLIENT}
    )
    _, answer, status = Server(Validator(exchange)).create_token_response("/oauth/token", "POST", body, {})
    said: dict[str, Any] = json.loads(answer)
    if "error_description" in said:
        said["error_description"] = described(said["error_description"])
    return status, said
