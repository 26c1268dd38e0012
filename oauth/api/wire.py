"""What the protocol endpoints share: strict forms in, uncached JSON out, browsers of any origin where RFCs allow it."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl

from django.db import OperationalError
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from authsec.database.collisions import AGAIN, AGAIN_IN_S, collided
from oauth.client_authentication import BadRequest
from oauth.errors import described

MAX_BODY = 65_536
FORM = "application/x-www-form-urlencoded"
RETRY_AFTER_S = {429: "60", 503: AGAIN_IN_S}
View = Callable[..., HttpResponse]


def read_body(request: Any) -> bytes:
    """The body, at most MAX_BODY bytes. Raises BadRequest (413)."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > MAX_BODY:
        raise BadRequest("invalid_request", "The body is too large.", 413)
    return bytes(request.body)


def parse_form(body: bytes) -> dict[str, str]:
    """Parameters, each at most once; an empty value counts as none (RFC 6749 §3.2). Raises BadRequest."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as error:
        raise BadRequest("invalid_request", "The body is not a valid form in UTF-8.") from error
    names = [name for name, _ in pairs]
    if names.count("resource") > 1:  # RFC 8707 §2 lets clients ask; one Application a token
        raise BadRequest("invalid_target", "Ask for one resource at a time.")
    if len(set(names)) < len(names):
        raise BadRequest("invalid_request", "A parameter must not be included more than once.")
    if any("\x00" in name + value for name, value in pairs):
        raise BadRequest("invalid_request", "A parameter holds a NUL character.")
    return {name: value for name, value in pairs if value}


def read_form(request: Any) -> dict[str, str]:
    """The form of a POST. Raises BadRequest for another method, media type or anything unreadable."""
    if request.method != "POST":
        raise BadRequest("invalid_request", "Use POST.", 405)
    if request.META.get("QUERY_STRING"):
        raise BadRequest("invalid_request", "Parameters belong in the body, not in the URL.")
    if request.content_type != FORM:
        raise BadRequest("invalid_request", f"Send the parameters as {FORM}.")
    return parse_form(read_body(request))


def refusal(error: BadRequest) -> JsonResponse:
    """An error of RFC 6749 §5.2."""
    response = JsonResponse(
        {"error": error.code, "error_description": described(error.description)}, status=error.status
    )
    if error.status == 401:
        response["WWW-Authenticate"] = 'Basic realm="AuthSec"'
    if error.status == 405:
        response["Allow"] = "POST, OPTIONS"
    if error.status in RETRY_AFTER_S:
        response["Retry-After"] = RETRY_AFTER_S[error.status]
    return response


def no_store(response: HttpResponse) -> HttpResponse:
    """Forbid every cache to keep an answer that holds a secret (RFC 6749 §5.1)."""
    response["Cache-Control"] = "no-store"
    response["Pragma"] = "no-cache"
    return response


def cross_origin(*methods: str) -> Callable[[View], View]:
    """Answer browsers of any origin, preflights included; cookies are neither needed nor taken.

    The marked view raises BadRequest for what it refuses.
    """

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def answer(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method == "OPTIONS":
                response = HttpResponse(status=204)
                response["Access-Control-Allow-Methods"] = ", ".join([*methods, "OPTIONS"])
                response["Access-Control-Allow-Headers"] = "Authorization, Content-Type, MCP-Protocol-Version"
                response["Access-Control-Max-Age"] = "86400"
            else:
                try:
                    response = view(request, *args, **kwargs)
                except BadRequest as error:
                    response = no_store(refusal(error))
                except OperationalError as error:
                    if not collided(error):
                        raise
                    response = no_store(refusal(BadRequest("temporarily_unavailable", AGAIN, 503)))
            response["Access-Control-Allow-Origin"] = "*"
            response["Access-Control-Expose-Headers"] = "WWW-Authenticate"
            return response

        return answer

    return decorate
