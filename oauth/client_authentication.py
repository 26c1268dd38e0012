"""Which client a request comes from, and whether it proved that (RFC 6749 §2.3): by a secret or a key, never both."""

import base64
import binascii
from datetime import datetime
from urllib.parse import unquote_plus

from authsec.secrets import same_secret
from oauth import client_assertion
from oauth.models import Client

ONE_WAY = "Authenticate in one way only: Basic, the body, or an assertion (RFC 6749 §2.3)."


class BadRequest(Exception):
    """A request that no grant type would take. ``code``: an error of RFC 6749 §5.2; ``status``: 400 or 401."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code, self.description, self.status = code, description, status


def find_client(client_id: str) -> Client | None:
    """The client with this ``client_id``, whoever's it is; None when there is none or it is disabled."""
    if not client_id or len(client_id) > 255 or "\x00" in client_id:
        return None
    found = list(Client.objects.raw("select * from find_client(%s)", [client_id]))
    return found[0] if found and found[0].disabled_at is None else None


def basic_credentials(header: str) -> list[tuple[str, str]] | None:
    """The (id, secret) pairs that a Basic header may mean: as it stands, and form-decoded (RFC 6749 §2.3.1).

    Clients do either. None without a Basic header; an empty list for one that cannot be read.
    """
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return []
    user, colon, password = text.partition(":")
    if not colon:
        return []
    pairs = [(user, password), (unquote_plus(user), unquote_plus(password))]
    return pairs if pairs[0] != pairs[1] else pairs[:1]


def authenticate(parameters: dict[str, str], header: str, *, now: datetime) -> tuple[Client | None, bool]:
    """The client of a request and whether it is authenticated (RFC 6749 §2.3).

    Raises BadRequest when it authenticates in two ways at once or contradicts itself, and when its assertion proves
    nothing: which rule broke is told, because only the client's own programmer can make use of it.
    """
    if "client_assertion" in parameters or "client_assertion_type" in parameters:
        return _by_assertion(parameters, header, now), True
    pairs = basic_credentials(header)
    posted_id, posted_secret = parameters.get("client_id", ""), parameters.get("client_secret", "")
    if pairs is None:
        client = find_client(posted_id)
        return client, client is not None and proves(client, posted_secret, now)
    if posted_secret:
        raise BadRequest("invalid_request", ONE_WAY)
    for user, password in pairs:
        client = find_client(user)
        if client is None:
            continue
        if posted_id and posted_id != client.client_id:
            raise BadRequest("invalid_request", "client_id is not the client that authenticates.")
        if proves(client, password, now):
            return client, True
    return None, False


def _by_assertion(parameters: dict[str, str], header: str, now: datetime) -> Client:
    """The client that an assertion proves (RFC 7521 §4.2)."""
    if header or "client_secret" in parameters:
        raise BadRequest("invalid_request", ONE_WAY)
    if parameters.get("client_assertion_type") != client_assertion.TYPE:
        raise BadRequest("invalid_client", f"client_assertion_type is {client_assertion.TYPE}.", 401)
    try:
        assertion = client_assertion.read(parameters.get("client_assertion", ""))
        if parameters.get("client_id", assertion.client_id) != assertion.client_id:
            raise client_assertion.Unproved("client_id is not the client of the assertion (RFC 7521 §4.2).")
        client = find_client(assertion.client_id)
        if client is None or not client.proves_by_key:
            raise client_assertion.Unproved("The client is unknown or did not register private_key_jwt.")
        client_assertion.prove(assertion, client, now=now)
    except client_assertion.Unproved as unproved:
        raise BadRequest("invalid_client", str(unproved), 401) from unproved
    return client


def proves(client: Client, secret: str, now: datetime) -> bool:
    """Whether the secret is the client's: none for a public one, and never one where it registered a key.

    The secret before the last rotation counts too, as long as it was given.
    """
    if client.proves_by_key:
        return False  # who registered a key has no weaker way in
    if client.client_type == Client.CLIENT_PUBLIC:
        return not secret
    if not secret:
        return False
    if same_secret(secret, client.client_secret.rpartition("$")[2]):
        return True
    return client.has_old_secret(now) and same_secret(secret, client.old_secret)
