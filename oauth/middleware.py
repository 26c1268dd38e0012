"""What has to happen outside a request's transaction: asking strangers' servers, before it opens or after its end."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpResponse
from django.utils import timezone

from oauth import client_assertion
from oauth.api.wire import parse_form, read_body
from oauth.authorization import MAX_QUERY
from oauth.client_authentication import BadRequest
from oauth.documents import keys
from oauth.documents.clients import Busy, Unusable, make_current
from oauth.documents.location import names_document

AUTHORIZE = "/oauth/authorize"
DEVICE = "/oauth/device_authorization"
AUTHENTICATED = ("/oauth/token", "/oauth/revoke", DEVICE)
Errand = Callable[[HttpResponse], None]


class ClientDocumentMiddleware:
    """Reads the document of a client whose id is a URL, so that no transaction waits for a stranger's server.

    Stands before the transaction's middleware. Where it fails, the view finds in ``request.client_document_problem``
    what to tell the person. The token endpoint never fetches: a code exists for a client whose document was read.
    """

    def __init__(self, get_response: Callable[[Any], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.client_document_problem = ""
        client_id = _client_id(request) if request.path_info == AUTHORIZE else ""
        if not client_id or not names_document(client_id):
            return self.get_response(request)
        try:
            make_current(client_id, ip=request.client_ip, now=timezone.now())
        except Unusable as unusable:
            request.client_document_problem = str(unusable)
            response = self.get_response(request)
            if isinstance(unusable, Busy):
                response["Refresh"] = "5"
            return response
        return self.get_response(request)


class ErrandMiddleware:
    """Runs what a view left to be done after its transaction: ``request.errand``, told the response to finish.

    The view has checked who asks and whether they may. What the errand reads and writes it does in short transactions
    of its own, around asking a stranger's server. Without an errand, or where the view refused, nothing happens.
    """

    def __init__(self, get_response: Callable[[Any], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        response = self.get_response(request)
        errand: Errand | None = getattr(request, "errand", None)
        if errand is not None and response.status_code < 400:
            errand(response)
        return response


def _client_id(request: Any) -> str:
    """The one ``client_id`` of the query; '' where the view will refuse the query anyway."""
    query = request.META.get("QUERY_STRING", "")
    if len(query) > MAX_QUERY:
        return ""
    try:
        pairs = parse_qsl(query, errors="strict", max_num_fields=100)
    except ValueError:
        return ""
    named = [value for name, value in pairs if name == "client_id"]
    return named[0] if len(named) == 1 and "\x00" not in named[0] else ""


class ClientKeysMiddleware:
    """Reads what is said elsewhere about a client that authenticates: its keys, and of a device's client its document.

    Stands before the transaction's middleware, too. The view raises what it finds in ``request.client_keys_problem``.
    """

    def __init__(self, get_response: Callable[[Any], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.client_keys_problem = None
        if request.method == "POST" and request.path_info in AUTHENTICATED:
            request.client_keys_problem = _problem(request)
        return self.get_response(request)


def _problem(request: Any) -> BadRequest | None:
    try:
        parameters = parse_form(read_body(request))
        text = parameters.get("client_assertion", "")
        assertion = client_assertion.read(text) if text else None
    except (BadRequest, client_assertion.Unproved):
        return None  # the view refuses it anyway
    client_id, now = assertion.client_id if assertion else parameters.get("client_id", ""), timezone.now()
    try:
        if request.path_info == DEVICE and names_document(client_id):
            make_current(client_id, ip=request.client_ip, now=now)
        if assertion:
            keys.make_current(client_id, assertion.kid, ip=request.client_ip, now=now)
    except Busy as busy:
        return BadRequest("temporarily_unavailable", str(busy), 429)
    except Unusable as unusable:
        return BadRequest("invalid_client", str(unusable), 401)
    return None
