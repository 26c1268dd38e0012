"""The client at an endpoint where clients authenticate, with failures counted."""

from datetime import datetime
from typing import Any

from oauth import throttle
from oauth.client_authentication import BadRequest, authenticate
from oauth.models import Client


def authenticated_client(request: Any, parameters: dict[str, str], *, now: datetime) -> Client:
    """The client that a request comes from, proved or public. Raises BadRequest: 401, or 429 after many failures."""
    if throttle.exhausted("client", *_who(request, parameters)):
        raise BadRequest("temporarily_unavailable", "Too many failed requests; try again in a minute.", 429)
    if (problem := request.client_keys_problem) is not None:
        raise problem
    try:
        client, authenticated = authenticate(parameters, request.headers.get("Authorization", ""), now=now)
        if client is None or not authenticated:
            raise BadRequest("invalid_client", "The client is unknown or did not authenticate.", 401)
    except BadRequest as error:
        if error.status == 401:
            count_failure(request, parameters)
        raise
    return client


def count_failure(request: Any, parameters: dict[str, str]) -> None:
    """Count a refused request, by address and the client that it names."""
    throttle.hit("client", *_who(request, parameters))


def _who(request: Any, parameters: dict[str, str]) -> tuple[str, str]:
    return request.client_ip or "", parameters.get("client_id", "")[:255]
