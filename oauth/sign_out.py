"""A client asks to sign its person out here (OpenID Connect RP-Initiated Logout 1.0 §2), read and checked."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from authsec.database.context import system_context
from oauth import keys, redirects
from oauth.client_authentication import find_client
from oauth.models import Client
from tenants.models import TenantUser

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
    claims = _hint(parameters.get("id_token_hint", ""))
    named, audience = parameters.get("client_id"), claims.get("aud")
    if named and audience and named != audience:
        raise BadSignOut("The id_token_hint was made for another client than client_id names.")  # §2
    client = _client(named or audience)
    return SignOutRequest(client, _identity(claims.get("sub")), _onward(client, parameters), parameters)


def _hint(token: str) -> dict[str, Any]:
    """What the hint says; an expired one does, one that is not ours is as good as none: the person is asked."""
    try:
        return keys.read_hint(token) if token else {}
    except keys.InvalidToken:
        return {}


def _client(client_id: str | None) -> Client | None:
    if not client_id:
        return None
    client = find_client(client_id)
    if client is None or client.disabled_at:
        raise BadSignOut("The client is not known here.")
    return client


def _identity(subject: str | None) -> UUID | None:
    """Whose sign-in the hint is about: its ``sub`` is a user id of one tenant."""
    if not subject:
        return None
    with system_context():
        found: UUID | None = (
            TenantUser.objects.filter(pk=subject).values_list("identity_id", flat=True).first()
        )
    return found


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
