"""A client asks to sign its person out here (OpenID Connect RP-Initiated Logout 1.0 §2), read and checked."""

from dataclasses import dataclass
from uuid import UUID

from oauth import hint
from oauth.client_authentication import find_client
from oauth.clients import redirects
from oauth.models import Client

NAMES = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint", "ui_locales")


class BadSignOut(Exception):
    """The request is not right; the text is for the person, who is not sent anywhere."""


@dataclass(frozen=True)
class SignOutRequest:
    """``client``: who asks, as far as it said. ``identity_id``: whom its id_token was about, None without one.
    ``onward``: where the person goes afterwards, with ``state``; '' to stay.
    """

    client: Client | None
    identity_id: UUID | None
    onward: str
    parameters: dict[str, str]


def read_sign_out(given: dict[str, str]) -> SignOutRequest:
    """Check a request. Raises BadSignOut.

    Where to go afterwards has to be registered, letter for letter, with the client that the hint was made for or that
    is named (§3): the answer is never an open redirect. ``ui_locales`` is ignored, as everywhere here.
    """
    parameters = {name: given[name] for name in NAMES if name in given}
    claims = hint.claims_of(parameters.get("id_token_hint", ""))
    named, audience = parameters.get("client_id"), claims.get("aud")
    if named and audience and named != audience:
        raise BadSignOut("The id_token_hint was made for another client than client_id names.")  # §2
    client = _client(named or audience)
    return SignOutRequest(client, hint.identity_of(claims), _onward(client, parameters), parameters)


def _client(client_id: str | None) -> Client | None:
    if not client_id:
        return None
    client = find_client(client_id)
    if client is None or client.disabled_at:
        raise BadSignOut("The client is not known here.")
    return client


def _onward(client: Client | None, parameters: dict[str, str]) -> str:
    uri = parameters.get("post_logout_redirect_uri")
    if not uri:
        return ""
    if client is None:
        raise BadSignOut("It names a place to go to afterwards, but not the client that registered it.")
    if uri not in client.post_logout_redirect_uris.split() or redirects.problem(uri):
        raise BadSignOut("The place to go to afterwards is not registered with this client.")
    state = parameters.get("state")
    return redirects.with_parameters(uri, {"state": state}) if state else uri
