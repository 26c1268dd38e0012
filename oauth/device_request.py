"""What a device asks for, in the shape that the consent page knows from authorization requests."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings

from authsec.secrets import digest
from oauth.authorization import AuthorizationRequest, Refused
from oauth.clients.redirects import Destination
from oauth.issuance import API_SCOPES
from oauth.models import Client, DeviceGrant

PAGE = "/device/allow/"


@dataclass(frozen=True)
class Device(Destination):
    """A device that shows a code: where an answer is polled for, rather than sent to."""

    code: str = ""
    since: datetime | None = None
    ip: str | None = None


@dataclass(frozen=True)
class DeviceRequest(AuthorizationRequest):
    """Asked by a device: there is no redirect URI, and the way back to this request is its user code.

    ``row``: the authorization that waits, once there is one.
    """

    row: DeviceGrant | None = None

    @classmethod
    def begun(cls, client: Client, parameters: dict[str, str]) -> "DeviceRequest":
        """As the device sent it."""
        return cls(client, "", _only(parameters, "scope", "resource"))

    @classmethod
    def waiting(cls, row: DeviceGrant, client: Client, parameters: dict[str, str]) -> "DeviceRequest":
        """As it waits for an answer. ``parameters``: what our own pages add to their URL.

        Never answered by what was allowed before: whoever sent the code may be somebody else (RFC 8628 §5.4).
        """
        asked = {"scope": row.scope, "resource": row.resource[0]}
        own = _only(parameters, "user_code", "step_up", "waiting")
        return cls(client, "", _only(asked, *asked) | own, prompts=frozenset({"consent"}), row=row)

    @property
    def destination(self) -> Destination:
        if self.row is None:
            return Device("device", "", "'self'", "")
        code = self.parameters.get("user_code", "")
        return Device("device", "", "'self'", "", code, self.row.created, self.row.asked_ip)

    @property
    def key(self) -> str:
        return digest(f"device {self.row.pk if self.row else ''}")[:32]

    def check(self) -> None:
        """Check what the device hears of. Raises Refused."""
        self._check_scopes()
        if self.resource() != settings.API_RESOURCE:
            return
        if not self.client.api_access:
            raise Refused("invalid_target", "This client may not use the management API.")
        if self.asks_for_scopes and not set(self.scopes) & set(API_SCOPES):
            raise Refused("invalid_scope", f"The management API's scopes are {' and '.join(API_SCOPES)}.")

    def url(self, *, without: tuple[str, ...] = (), **added: str) -> str:
        """The page of this request, for coming back to it."""
        kept = {k: v for k, v in _only(self.parameters, "user_code", "step_up").items() if k not in without}
        return f"{PAGE}?" + urlencode(kept | added)

    def url_after_login(self) -> str:
        return self.url()

    def url_for_another(self) -> str:
        return self.url()

    def refusal(self, code: str, description: str) -> str:
        """There is nowhere to send it; the page where codes are typed in."""
        return "/device/"


def _only(parameters: dict[str, str], *names: str) -> dict[str, str]:
    return {name: parameters[name] for name in names if parameters.get(name)}
