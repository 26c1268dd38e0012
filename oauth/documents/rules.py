"""What a client's document must say (draft §4), by the rules that hold for clients which register themselves."""

import json
from typing import Any

from oauth.clients.registration import Refused, Registration, read_registration
from oauth.outbound.location import Location, Wrong

LINKS = ("logo_uri", "client_uri", "policy_uri", "tos_uri")
MAX_LINK = 500
# A document is public, so nothing in it is a secret (draft §4.1).
SECRETS = ("client_secret", "client_secret_expires_at")
# Nobody shares a secret with a client that was never registered: it has none, or a key of its own (draft §4.1).
METHODS = ("none", "private_key_jwt")


def read_document(location: Location, body: bytes) -> Registration:
    """Check a document fetched from ``location``. Raises Wrong. Members that we do not know are ignored."""
    document = parsed(body)
    if document.get("client_id") != location.url:
        raise Wrong("its client_id is the URL that it lies at, letter for letter")
    for name in SECRETS:
        if name in document:
            raise Wrong(f"it holds no {name}, because everybody can read it")
    _check_method(document)
    for name in LINKS:
        _check_link(name, document.get(name))
    try:
        return read_registration({"token_endpoint_auth_method": "none"} | document)
    except Refused as refused:
        raise Wrong(refused.description.rstrip(".")) from refused


def _check_method(document: dict[str, Any]) -> None:
    if document.get("token_endpoint_auth_method", "none") not in METHODS:
        raise Wrong(
            f"its token_endpoint_auth_method is {' or '.join(METHODS)}, because it can keep no secret"
        )


def _check_link(name: str, value: Any) -> None:
    if value is not None and (not isinstance(value, str) or len(value) > MAX_LINK):
        raise Wrong(f"its {name} is a text of at most {MAX_LINK} characters")


def parsed(body: bytes) -> dict[str, Any]:
    """A JSON object in UTF-8 that names each member once. Raises Wrong."""
    try:
        document = json.loads(body.decode(), object_pairs_hook=_each_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Wrong("it is JSON in UTF-8 that names each member once") from error
    if not isinstance(document, dict):
        raise Wrong("it is a JSON object")
    return document


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("A member stands there twice.")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON number.")
