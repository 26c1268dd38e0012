"""Dynamic client registration (RFC 7591): a switch of the installation."""

import json
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.utils import timezone

from authsec.web.access import protocol
from oauth import throttle
from oauth.api.wire import cross_origin, no_store, read_body
from oauth.client_authentication import BadRequest
from oauth.clients import Refused, read_registration, register_public
from oauth.models import Client


@protocol
@cross_origin("POST")
def register(request: Any) -> HttpResponse:
    """Register whoever asks: it gains nothing but an id, with which people may consent to it."""
    if not settings.CLIENT_REGISTRATION:
        raise Http404
    if request.method != "POST":
        raise BadRequest("invalid_request", "Use POST.", 405)
    address = request.client_ip or ""
    if not throttle.hit("registration", address) or throttle.exhausted("register", address):
        raise BadRequest("temporarily_unavailable", "Too many registrations; try again in a minute.", 429)
    try:
        registration = read_registration(_document(read_body(request)))
    except Refused as refused:
        raise BadRequest(refused.code, refused.description) from refused
    throttle.hit("register", address)
    client, secret = register_public(registration, now=timezone.now())
    return no_store(JsonResponse(_answer(client, secret), status=201))


def _document(body: bytes) -> Any:
    try:
        return json.loads(body.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Refused("invalid_client_metadata", "The body is not JSON in UTF-8.") from error


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON number.")


def _answer(client: Client, secret: str) -> dict[str, Any]:
    """RFC 7591 §3.2.1: everything registered, with what the server chose in place of what was asked."""
    answer: dict[str, Any] = client.metadata | {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created.timestamp()),
        "redirect_uris": client.redirect_uris.split(),
        "grant_types": client.grant_types,
        "response_types": ["code"] if "authorization_code" in client.grant_types else [],
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
    }
    if client.name:
        answer["client_name"] = client.name
    if client.post_logout_redirect_uris:
        answer["post_logout_redirect_uris"] = client.post_logout_redirect_uris.split()
    if client.client_uri:
        answer["client_uri"] = client.client_uri
    if client.proves_by_key:
        answer |= {"jwks_uri": client.jwks_uri} if client.jwks_uri else {"jwks": client.jwks}
    if secret:
        answer |= {"client_secret": secret, "client_secret_expires_at": 0}
    return answer
