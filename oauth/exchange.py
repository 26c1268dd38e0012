"""What a request to the token endpoint brings along, looked up before the toolkit's server runs.

Finding the client, the code or the refresh token tells the tenant; the rest of the request then runs inside it.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models.query import RawQuerySet

from authsec.database.context import app_context, system_context, tenant_context
from authsec.secrets import digest
from authz.resource_uri import canonical
from oauth.issuance import Grantable, Terms
from oauth.models import AccessToken, Client, DeviceGrant, Grant, RefreshToken
from oauth.tokens import Acting, Holder

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105  # RFC 8693 §2.1
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"  # RFC 8628 §3.4

Row = TypeVar("Row", Grant, RefreshToken, AccessToken, DeviceGrant)


@dataclass(frozen=True)
class Approval:
    """What a person allowed at the authorize page: the code that is saved carries it."""

    holder: Holder
    scopes: tuple[str, ...]
    requested: tuple[str, ...]
    resource: str
    nonce: str = ""
    openid: tuple[str, ...] = ()
    sid: UUID | None = None


@dataclass
class Exchange:
    """One request. ``authenticated``: the client proved itself, or is public and had nothing to prove.

    ``approval`` is set at the authorize page only, by consent. ``subject_token`` is what a workload presents for
    somebody, ``acting`` what then goes into its token.
    """

    parameters: dict[str, str]
    now: datetime
    ip: str | None
    client: Client | None = None
    authenticated: bool = False
    grant: Grant | None = None
    refresh: RefreshToken | None = None
    device: DeviceGrant | None = None
    terms: Terms | None = None
    grantable: Grantable | None = None
    approval: Approval | None = None
    jti: UUID | None = None
    openid: tuple[str, ...] = ()
    subject_token: AccessToken | None = None
    acting: Acting | None = None

    @property
    def grant_type(self) -> str:
        return self.parameters.get("grant_type", "")

    @property
    def resource(self) -> str:
        """The resource named in the request, in the spelling that Applications are kept in (RFC 3986 §6.2.3)."""
        return canonical(self.parameters.get("resource", ""))

    @property
    def origin(self) -> Grant | RefreshToken | DeviceGrant | None:
        """The row of a person's yes that tokens descend from; None where a client asks in its own name."""
        return self.grant or self.refresh or self.device

    @property
    def tenant_id(self) -> UUID | None:
        """The tenant of the code, the refresh token or, without either, of the client."""
        row = self.origin or self.client
        return row.tenant_id if row else None

    @property
    def for_api(self) -> bool:
        """Whether this is about the management API, the resource that no tenant owns."""
        if self.origin:
            return self.origin.tenant_id is None
        return self.resource == settings.API_RESOURCE and self.grant_type != TOKEN_EXCHANGE

    def context(self) -> AbstractContextManager[None]:
        """The database context for the rest of the request."""
        if self.tenant_id:
            return tenant_context(self.tenant_id, savepoint=False)
        return system_context() if self.origin else app_context()


def load(client: Client, parameters: dict[str, str], *, now: datetime, ip: str | None) -> Exchange:
    """Find everything that an authenticated client's request names; a code and a refresh token come back locked."""
    exchange = Exchange(parameters, now, ip, client=client, authenticated=True)
    if exchange.grant_type == "authorization_code" and (code := parameters.get("code")):
        exchange.grant = _claimed(Grant, "select * from claim_code(%s)", code)
    if exchange.grant_type == "refresh_token" and (token := parameters.get("refresh_token")):
        exchange.refresh = _claimed(RefreshToken, "select * from claim_refresh_token(%s)", token)
    if exchange.grant_type == DEVICE_CODE and (polled := parameters.get("device_code")):
        exchange.device = _claimed(DeviceGrant, "select * from claim_device_code(%s)", polled)
    if exchange.grant_type == TOKEN_EXCHANGE and (presented := parameters.get("subject_token")):
        exchange.subject_token = _claimed(AccessToken, "select * from find_subject_token(%s)", presented)
    return exchange


def _claimed(model: type[Row], statement: str, secret: str) -> Row | None:
    """The row that a definer function returns. Not through the manager: the row is what tells the tenant."""
    rows = RawQuerySet(statement, model=model, params=(digest(secret),), using=DEFAULT_DB_ALIAS)
    return next(iter(rows), None)
