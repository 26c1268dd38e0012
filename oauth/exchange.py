"""What a request to the token endpoint brings along, looked up before the toolkit's server runs.

Finding the client, the code or the refresh token tells the tenant; the rest of the request then runs inside it.
"""

import base64
import binascii
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import unquote_plus
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models.query import RawQuerySet

from authsec.database.context import app_context, system_context, tenant_context
from authsec.secrets import digest, same_secret
from authz.resource_uri import canonical
from oauth.issuance import Grantable, Terms
from oauth.models import Client, Grant, RefreshToken
from oauth.tokens import Holder

Row = TypeVar("Row", Grant, RefreshToken)


class BadRequest(Exception):
    """A request that no grant type would take. ``code``: an error of RFC 6749 §5.2; ``status``: 400 or 401."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code, self.description, self.status = code, description, status


@dataclass(frozen=True)
class Approval:
    """What a person allowed at the authorize page: the code that is saved carries it."""

    holder: Holder
    scopes: tuple[str, ...]
    requested: tuple[str, ...]
    resource: str
    nonce: str = ""
    openid: tuple[str, ...] = ()


@dataclass
class Exchange:
    """One request. ``authenticated``: the client proved itself, or is public and had nothing to prove.

    ``approval`` is set at the authorize page only, by consent; ``access_token`` by the server, empty for a JWT.
    """

    parameters: dict[str, str]
    now: datetime
    ip: str | None
    client: Client | None = None
    authenticated: bool = False
    grant: Grant | None = None
    refresh: RefreshToken | None = None
    terms: Terms | None = None
    grantable: Grantable | None = None
    approval: Approval | None = None
    jti: UUID | None = None
    openid: tuple[str, ...] = ()

    @property
    def grant_type(self) -> str:
        return self.parameters.get("grant_type", "")

    @property
    def resource(self) -> str:
        """The resource named in the request, in the spelling that Applications are kept in (RFC 3986 §6.2.3)."""
        return canonical(self.parameters.get("resource", ""))

    @property
    def tenant_id(self) -> UUID | None:
        """The tenant of the code, the refresh token or, without either, of the client."""
        row = self.grant or self.refresh or self.client
        return row.tenant_id if row else None

    @property
    def for_api(self) -> bool:
        """Whether this is about the management API, the resource that no tenant owns."""
        row = self.grant or self.refresh
        if row:
            return row.tenant_id is None
        return self.resource == settings.API_RESOURCE

    def context(self) -> AbstractContextManager[None]:
        """The database context for the rest of the request."""
        if self.tenant_id:
            return tenant_context(self.tenant_id, savepoint=False)
        return system_context() if self.grant or self.refresh else app_context()


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


def authenticate(parameters: dict[str, str], header: str) -> tuple[Client | None, bool]:
    """The client of a request and whether it is authenticated (RFC 6749 §2.3).

    Raises BadRequest when it authenticates in two ways at once or contradicts itself.
    """
    pairs = basic_credentials(header)
    posted_id, posted_secret = parameters.get("client_id", ""), parameters.get("client_secret", "")
    if pairs is None:
        client = find_client(posted_id)
        return client, client is not None and _proves(client, posted_secret)
    if posted_secret:
        raise BadRequest(
            "invalid_request", "Authenticate in one way only: Basic or the body (RFC 6749 §2.3)."
        )
    for user, password in pairs:
        client = find_client(user)
        if client is None:
            continue
        if posted_id and posted_id != client.client_id:
            raise BadRequest("invalid_request", "client_id is not the client that authenticates.")
        if _proves(client, password):
            return client, True
    return None, False


def _proves(client: Client, secret: str) -> bool:
    if client.client_type == Client.CLIENT_PUBLIC:
        return not secret
    return bool(secret) and same_secret(secret, client.client_secret.rpartition("$")[2])


def load(parameters: dict[str, str], header: str, *, now: datetime, ip: str | None) -> Exchange:
    """Find everything that the request names; a code and a refresh token come back locked."""
    client, authenticated = authenticate(parameters, header)
    exchange = Exchange(parameters, now, ip, client=client, authenticated=authenticated)
    if not authenticated:
        return exchange
    if exchange.grant_type == "authorization_code" and (code := parameters.get("code")):
        exchange.grant = _claimed(Grant, "select * from claim_code(%s)", code)
    if exchange.grant_type == "refresh_token" and (token := parameters.get("refresh_token")):
        exchange.refresh = _claimed(RefreshToken, "select * from claim_refresh_token(%s)", token)
    return exchange


def _claimed(model: type[Row], statement: str, secret: str) -> Row | None:
    """The row that a definer function returns. Not through the manager: the row is what tells the tenant."""
    rows = RawQuerySet(statement, model=model, params=(digest(secret),), using=DEFAULT_DB_ALIAS)
    return next(iter(rows), None)
