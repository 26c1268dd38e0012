"""The UserInfo endpoint (OpenID Connect Core §5.3): who the bearer's person is, as far as they allowed."""

from typing import Any

from django.db import connection
from django.http import HttpResponse, JsonResponse

from authsec.secrets import digest
from authsec.web.access import protocol
from oauth.api.wire import cross_origin, no_store
from oauth.id_token import person_claims

MAX_TOKEN = 4_096


@protocol
@cross_origin("GET", "POST")
def userinfo(request: Any) -> HttpResponse:
    """GET and POST (§5.3.1), the token in the Authorization header alone (RFC 6750 §2.1)."""
    if request.method not in ("GET", "HEAD", "POST"):
        response = JsonResponse({"error": "invalid_request", "error_description": "Use GET."}, status=405)
        response["Allow"] = "GET, HEAD, POST, OPTIONS"
        return no_store(response)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        return _refusal(401, "", "Send the access token as a Bearer token.")
    row = _person_of(token) if len(token) <= MAX_TOKEN else None
    if row is None:
        return _refusal(401, "invalid_token", "The access token is unknown, expired or suspended.")
    subject, openid, email, verified, name = row
    if "openid" not in openid:
        return _refusal(403, "insufficient_scope", "The access token was not issued with openid.", "openid")
    return no_store(JsonResponse({"sub": str(subject)} | person_claims(tuple(openid), email, verified, name)))


def _person_of(token: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("select subject, openid, email, verified, name from userinfo(%s)", [digest(token)])
        return cursor.fetchone()


def _refusal(status: int, code: str, text: str, scope: str = "") -> HttpResponse:
    """RFC 6750 §3: a challenge; without a token it names no error (§3.1)."""
    said = {"error": code, "error_description": text, "scope": scope} if code else {}
    details = "".join(f', {name}="{value}"' for name, value in said.items() if value)
    body = {"error": code or "invalid_request", "error_description": text}
    response = JsonResponse(body, status=status)
    response["WWW-Authenticate"] = f'Bearer realm="AuthSec"{details}'
    return no_store(response)
