"""What has to happen for an authorization request before its transaction opens."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpResponse
from django.utils import timezone

from oauth.authorization import MAX_QUERY
from oauth.documents.clients import Busy, Unusable, make_current
from oauth.documents.location import names_document

AUTHORIZE = "/oauth/authorize"


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
