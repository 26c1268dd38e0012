"""What a device asks for, in the shape that the consent page knows from authorization requests."""

from dataclasses import dataclass
from urllib.parse import urlencode

from oauth.authorization import AuthorizationRequest, Refused
from oauth.issuance import API_SCOPES
from oauth.models import Client

PAGE = "/device/allow/"


@dataclass(frozen=True)
class DeviceRequest(AuthorizationRequest):
    """Asked by a device: there is no redirect URI, and the way back to this request is its user code."""

    @classmethod
    def of(cls, client: Client, parameters: dict[str, str]) -> "DeviceRequest":
        """``parameters``: scope and resource, as the device sent them; user_code and step_up, as our pages add them."""
        known = ("scope", "resource", "user_code", "step_up")
        return cls(client, "", {name: parameters[name] for name in known if parameters.get(name)})

    def check(self) -> None:
        """Check what the device hears of. Raises Refused."""
        self._check_scopes()

    def api_scopes(self) -> tuple[str, ...]:
        """Of the management API's scopes those that are asked for, all where none is named. Raises Refused."""
        wanted = tuple(name for name in API_SCOPES if not self.asks_for_scopes or name in self.scopes)
        if not wanted:
            raise Refused("invalid_scope", f"The management API's scopes are {' and '.join(API_SCOPES)}.")
        return wanted

    def url(self, *, without: tuple[str, ...] = (), **added: str) -> str:
        """The page of this request, for coming back to it after confirming."""
        kept = {name: self.parameters[name] for name in ("user_code", "step_up") if name in self.parameters}
        return f"{PAGE}?" + urlencode({k: v for k, v in kept.items() if k not in without} | added)
