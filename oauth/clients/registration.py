"""What a client says when it registers, checked (RFC 7591 §2): unknown members ignored, hostile ones refused."""

import json
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from oauth.clients import redirects
from oauth.clients.keys import ALGORITHMS, BadKeys, Keys, read_keys
from oauth.exchange import DEVICE_CODE
from oauth.outbound.location import Wrong, read_location

CODE_GRANTS = ("authorization_code", "refresh_token")
GRANTS = (*CODE_GRANTS, DEVICE_CODE)
AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
ID_TOKEN_ALGORITHMS = ("RS256", "ES256")
MAX_REDIRECTS = 20
MAX_NAME = 100
# What a client may say about itself besides what we act on (RFC 7591 §2): kept and answered, never trusted.
KEPT = ("logo_uri", "tos_uri", "policy_uri", "software_id", "software_version", "contacts", "scope")
MAX_KEPT = 2000
POST_LOGOUT, LOGOUT_URI = "post_logout_redirect_uris", "backchannel_logout_uri"
LONGEST_LOGOUT_URI = 500


class Refused(Exception):
    """Registration is refused. ``code`` is one of RFC 7591 §3.2.2; ``member`` names what it is about in a form."""

    def __init__(self, code: str, description: str, member: str = "name") -> None:
        super().__init__(description)
        self.code, self.description, self.member = code, description, member


@dataclass(frozen=True)
class Registration:
    """What a client asks for, checked."""

    name: str
    redirect_uris: list[str]
    auth_method: str
    grant_types: list[str]
    client_uri: str = ""
    kept: dict[str, Any] = field(default_factory=dict)
    keys: Keys = field(default_factory=Keys)
    post_logout_redirect_uris: list[str] = field(default_factory=list)


def readable_name(value: Any) -> str:
    """A client's name, one line that shows what it says. Raises Refused for what hides or misleads."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused("invalid_client_metadata", "client_name must be a text.")
    name = unicodedata.normalize("NFC", value.strip())
    # Control, format (text direction, zero width), surrogate and private-use characters forge what a person reads.
    if len(name) > MAX_NAME or any(
        unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for c in name
    ):
        raise Refused(
            "invalid_client_metadata",
            f"client_name has at most {MAX_NAME} characters and no control or invisible ones.",
        )
    return name


def read_registration(document: Any) -> Registration:
    """Check a registration request (RFC 7591 §2). Unknown members are ignored. Raises Refused."""
    if not isinstance(document, dict):
        raise Refused("invalid_client_metadata", "Send a JSON object.")
    method = checked_auth_method(document.get("token_endpoint_auth_method"))
    grant_types, redirect_uris = _grant_types(document), document.get("redirect_uris")
    by_redirect = "authorization_code" in grant_types
    return Registration(
        name=readable_name(document.get("client_name")),
        redirect_uris=checked_redirect_uris(redirect_uris, needed=by_redirect),
        auth_method=method,
        grant_types=grant_types,
        client_uri=_client_uri(document.get("client_uri")),
        kept={name: document[name] for name in KEPT if _may_keep(document.get(name))}
        | _algorithm("id_token_signed_response_alg", document, ID_TOKEN_ALGORITHMS)
        | _algorithm("token_endpoint_auth_signing_alg", document, ALGORITHMS)
        | _signing_out(document),
        post_logout_redirect_uris=checked_post_logout_uris(document.get(POST_LOGOUT)),
        keys=checked_keys(method, document.get("jwks"), document.get("jwks_uri")),
    )


def checked_redirect_uris(value: Any, *, needed: bool = True) -> list[str]:
    """The redirect URIs, each once. Raises Refused (invalid_redirect_uri).

    Not ``needed`` by a client that only devices use (RFC 7591 §2: required for redirect-based flows).
    """
    if not needed and value in (None, []):
        return []
    if not isinstance(value, list) or not value or len(value) > MAX_REDIRECTS:
        raise Refused("invalid_redirect_uri", f"redirect_uris holds 1 to {MAX_REDIRECTS} URIs.")
    for uri in value:
        if reason := redirects.problem(uri):
            raise Refused("invalid_redirect_uri", reason)
    return list(dict.fromkeys(value))


def checked_post_logout_uris(value: Any) -> list[str]:
    """Where people may go after signing out (RP-Initiated Logout §3.1), by the rules of redirect URIs."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MAX_REDIRECTS:
        raise Refused(
            "invalid_client_metadata", f"{POST_LOGOUT} holds up to {MAX_REDIRECTS} URIs.", POST_LOGOUT
        )
    for uri in value:
        if reason := redirects.problem(uri):
            raise Refused("invalid_client_metadata", f"{POST_LOGOUT}: {reason}", POST_LOGOUT)
    return list(dict.fromkeys(value))


def checked_logout_uri(value: Any) -> str:
    """Where the client wants to be told of sign-outs (Back-Channel Logout §2.2). Raises Refused."""
    try:
        return read_location(value if isinstance(value, str) else "", max_length=LONGEST_LOGOUT_URI).url
    except Wrong as wrong:
        raise Refused("invalid_client_metadata", f"{LOGOUT_URI}: {wrong}.", LOGOUT_URI) from wrong


def _signing_out(document: dict[str, Any]) -> dict[str, Any]:
    """Both ``sub`` and ``sid`` are always sent, so that whether the client requires ``sid`` is only kept."""
    value, required = document.get(LOGOUT_URI), document.get("backchannel_logout_session_required")
    kept = {LOGOUT_URI: checked_logout_uri(value)} if value is not None else {}
    if required is not None and not isinstance(required, bool):
        raise Refused("invalid_client_metadata", "backchannel_logout_session_required is true or false.")
    return kept | ({"backchannel_logout_session_required": required} if required is not None else {})


def checked_auth_method(value: Any) -> str:
    """How the client authenticates at the token endpoint. Raises Refused."""
    method = "client_secret_basic" if value is None else value  # RFC 7591 §2: the default
    if method not in AUTH_METHODS:
        raise Refused(
            "invalid_client_metadata", f"token_endpoint_auth_method is one of {', '.join(AUTH_METHODS)}."
        )
    return str(method)


def checked_grant_types(asked: Any) -> list[str]:
    """Of these grant types those that a client can register for. Raises Refused where none gets it a first token."""
    granted = [name for name in GRANTS if name in asked]
    if not {"authorization_code", DEVICE_CODE} & set(granted):
        raise Refused(
            "invalid_client_metadata", f"grant_types must hold authorization_code or {DEVICE_CODE}."
        )
    return granted


def _grant_types(document: dict[str, Any]) -> list[str]:
    asked, responses = document.get("grant_types"), document.get("response_types")
    # Some libraries write a member that they leave out as null.
    asked = ["authorization_code"] if asked is None else asked
    responses = ["code"] if responses is None else responses
    if not isinstance(asked, list) or not isinstance(responses, list):
        raise Refused("invalid_client_metadata", "grant_types and response_types are lists.")
    granted = checked_grant_types(asked)
    if "authorization_code" in granted and responses and "code" not in responses:
        raise Refused("invalid_client_metadata", "With authorization_code response_types must hold code.")
    return granted


def checked_keys(auth_method: str, jwks: Any, jwks_uri: Any) -> Keys:
    """The keys of a client that authenticates by one; nothing where they would serve no purpose. Raises Refused."""
    if auth_method != "private_key_jwt":
        return Keys()
    try:
        return read_keys(jwks, jwks_uri)
    except BadKeys as bad:
        raise Refused("invalid_client_metadata", str(bad), "jwks") from bad


def _algorithm(name: str, document: dict[str, Any], known: tuple[str, ...]) -> dict[str, str]:
    """By what is signed, where the client says so (OpenID Connect Registration §2). Raises Refused."""
    value = document.get(name)
    if value is None:
        return {}
    if value not in known:
        raise Refused("invalid_client_metadata", f"{name} is one of {', '.join(known)}.")
    return {name: value}


def _client_uri(value: Any) -> str:
    if (
        isinstance(value, str)
        and len(value) <= 500
        and value.startswith("https://")
        and not redirects.problem(value)
    ):
        return value
    return ""


def _may_keep(value: Any) -> bool:
    """Whether PostgreSQL can keep it: small, no NUL, no half of a surrogate pair, no infinity."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:  # 1e999 reads as infinity, which JSON cannot write
        return False
    return value is not None and "\\u0000" not in text and _is_text(text) and len(text) <= MAX_KEPT


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
