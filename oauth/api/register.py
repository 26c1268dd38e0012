"""Dynamic client registration and its management (RFC 7591, RFC 7592): a switch of the installation."""

import json
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.utils import timezone

from authsec.audit.actor import Actor
from authsec.web.access import protocol
from oauth import throttle
from oauth.api.wire import cross_origin, no_store, read_body
from oauth.client_authentication import BadRequest, proves
from oauth.clients import configuration
from oauth.clients.creation import Refused, read_registration, register_public
from oauth.models import Client

# Members of the answer that a client must not send back as its own (RFC 7592 §2.2).
SERVERS_WORD = {
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
}


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


@protocol
@cross_origin("GET", "PUT", "DELETE")
def registration(request: Any, client_id: str) -> HttpResponse:
    """The client's own registration (RFC 7592 §2), for whoever holds the token that registering answered."""
    if not settings.CLIENT_REGISTRATION:
        raise Http404
    if not throttle.hit("registration", request.client_ip or ""):
        raise BadRequest("temporarily_unavailable", "Too many requests; try again in a minute.", 429)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    client = configuration.find(client_id, token.strip()) if scheme.lower() == "bearer" else None
    if client is None:
        return _challenge(token)
    actor = Actor(
        "client", client.pk, client.name or client.client_id, "", request.client_ip, "oauth", request.id
    )
    if request.method == "DELETE":
        configuration.end(client_id=client.pk, actor=actor, now=timezone.now())
        return no_store(HttpResponse(status=204))
    if request.method == "PUT":
        client = _change(request, client, actor)
    elif request.method not in ("GET", "HEAD"):
        raise BadRequest("invalid_request", "Use GET, PUT or DELETE.", 405)
    return no_store(JsonResponse(_answer(client, "")))


def _change(request: Any, client: Client, actor: Actor) -> Client:
    """RFC 7592 §2.2: the document names the client, and nothing that is the server's to say."""
    if not throttle.hit("registration_change", str(client.pk)):
        raise BadRequest("temporarily_unavailable", "Too many changes; try again in an hour.", 429)
    try:
        document = _document(read_body(request))
        wanted = read_registration(document)
        if document.get("client_id") != client.client_id:
            raise Refused("invalid_client_metadata", "client_id must be the client's own.")
        if taken := SERVERS_WORD.intersection(document):
            raise Refused("invalid_client_metadata", f"Leave out {', '.join(sorted(taken))}.")
        secret = document.get("client_secret")
        if secret is not None and not (
            isinstance(secret, str) and secret.isascii() and secret and proves(client, secret, timezone.now())
        ):
            raise Refused("invalid_client_metadata", "client_secret must be the client's own, or left out.")
        return configuration.change(client_id=client.pk, registration=wanted, actor=actor, now=timezone.now())
    except Refused as refused:
        raise BadRequest(refused.code, refused.description) from refused


def _challenge(token: str) -> HttpResponse:
    """One answer to a wrong token, no token, and a client that is not there (RFC 7592 §2, RFC 6750 §3)."""
    text = "Send the registration access token of this client as a Bearer token."
    answer = JsonResponse({"error": "invalid_token", "error_description": text}, status=401)
    answer["WWW-Authenticate"] = 'Bearer realm="registration"' + (', error="invalid_token"' if token else "")
    return no_store(answer)


def _document(body: bytes) -> Any:
    try:
        return json.loads(body.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Refused("invalid_client_metadata", "The body is not JSON in UTF-8.") from error


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON number.")


def _answer(client: Client, secret: str) -> dict[str, Any]:
    """RFC 7591 §3.2.1: everything registered, with what the server chose in place of what was asked; and where and by
    what the client manages it (RFC 7592 §3). A secret is told once.
    """
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
    answer |= {
        "registration_client_uri": f"{settings.ISSUER}/oauth/register/{client.client_id}",
        "registration_access_token": configuration.access_token(client),
    }
    if secret:
        answer |= {"client_secret": secret, "client_secret_expires_at": 0}
    return answer
