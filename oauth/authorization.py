"""The authorization request (RFC 6749 §4.1.1) read and checked, in the order that decides who hears of an error.

First what must be right before anything is sent to a redirect URI: those errors are for a page. Everything after is
for the client, with ``state`` and ``iss`` (RFC 9207).
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from django.conf import settings

from authsec.secrets import digest
from authz.resource_uri import canonical
from oauth import hint
from oauth.client_authentication import find_client
from oauth.clients import redirects
from oauth.errors import described
from oauth.issuance import OPENID_SCOPES, resources_of_client
from oauth.models import Client
from tenants.signin import ACR_MFA, ACR_PASSWORD

MAX_QUERY = 4_096  # twice in the address of the step-up's page, each time written longer
MAX_PARAMETERS = 100
SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}")  # RFC 6749 §3.3
S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC 7636 §4.2: SHA-256 in base64url
PROMPTS = {"none", "login", "consent", "select_account"}
MAX_SCOPES = 100
MAX_NONCE = 255
MAX_HINT = 254
COMING_BACK_S = 60  # what coming back from signing in may take
# What our own pages add to the URL. step_up=skip: the person went on without a second factor. waiting: since when
# (seconds since 1970) they have been looking at the page that waits for the tenant's approval.
SKIPPED = "skip"
# What makes two requests one and the same; not what is dropped on the way through signing in.
IDENTIFYING = (
    "client_id",
    "redirect_uri",
    "resource",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "acr_values",
)


class NoRedirect(Exception):
    """Nothing may be sent to the redirect URI (RFC 6749 §4.1.2.1): the person reads why, on a page."""


class Refused(Exception):
    """The client hears of it by redirect."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code, self.description = code, description


@dataclass(frozen=True)
class AuthorizationRequest:
    """A request of a known client to a redirect URI of its own. Call :meth:`check` before anything else."""

    client: Client
    redirect_uri: str
    parameters: dict[str, str]
    repeated: frozenset[str] = frozenset()
    prompts: frozenset[str] = field(default=frozenset())

    @property
    def state(self) -> str:
        return self.parameters.get("state", "")

    @property
    def destination(self) -> redirects.Destination:
        """Where the answer goes, as a person reads it."""
        return redirects.destination(self.redirect_uri)

    @property
    def scopes(self) -> list[str]:
        """What the client asks for; empty when it names nothing."""
        return self.parameters.get("scope", "").split()

    @property
    def asks_for_scopes(self) -> bool:
        """Whether it names scopes of the Application, rather than none or OpenID Connect's alone."""
        return bool(set(self.scopes) - OPENID_SCOPES)

    @property
    def without_step_up(self) -> bool:
        """Whether the person chose to go on without a second factor."""
        return self.parameters.get("step_up") == SKIPPED

    @property
    def key(self) -> str:
        """The same for the same request, however often its page is loaded: a digest of what identifies it."""
        said = [[name, self.parameters.get(name, "")] for name in IDENTIFYING]
        return digest(json.dumps(said))[:32]

    @property
    def wants_second_factor(self) -> bool:
        """Whether the client likes a second factor best of what this server knows (RFC 9470 §4: in order of
        preference, and any one of the values will do).
        """
        known = [v for v in self.parameters.get("acr_values", "").split() if v in (ACR_PASSWORD, ACR_MFA)]
        return known[:1] == [ACR_MFA]

    @property
    def expects(self) -> str:
        """The e-mail address of whom the client expects; '' where its hint is none (OpenID Connect Core §3.1.2.1)."""
        hint = self.parameters.get("login_hint", "").strip()
        return hint if "@" in hint and len(hint) <= MAX_HINT else ""

    @cached_property
    def hinted(self) -> dict[str, Any]:
        """What the id_token says that the client sent back as a hint; empty without one."""
        return hint.claims_of(self.parameters.get("id_token_hint", ""))

    def is_for(self, identity_id: UUID) -> bool:
        """Whether this is the person of the hint. No other may get an answer (OpenID Connect Core §3.1.2.2)."""
        return not self.hinted or hint.identity_of(self.hinted) == identity_id

    @property
    def max_age(self) -> int | None:
        """Seconds since the last authentication that the client accepts; None for any."""
        return int(self.parameters["max_age"]) if "max_age" in self.parameters else None

    def waiting_since(self, now: datetime) -> datetime:
        """Since when the person has been looking at the page that waits: now, unless the page itself says otherwise."""
        said = self.parameters.get("waiting", "")
        since = datetime.fromtimestamp(int(said), UTC) if re.fullmatch(r"\d{1,10}", said) else now
        return min(since, now)

    def check(self) -> None:
        """Check everything that the client hears of. Raises Refused."""
        if "resource" in self.repeated:
            raise Refused("invalid_target", "Ask for one resource at a time.")
        if self.repeated:
            raise Refused("invalid_request", f"{sorted(self.repeated)[0]} is included more than once.")
        for name in ("request", "request_uri", "registration"):  # OpenID Connect Core §6, §7.2.1
            if name in self.parameters:
                raise Refused(f"{name}_not_supported", f"The parameter {name} is not supported.")
        self._check_response()
        self._check_pkce()
        self._check_scopes()
        self._check_sign_in()

    def _check_response(self) -> None:
        response_type = self.parameters.get("response_type")
        if response_type is None:
            raise Refused("invalid_request", "response_type is missing.")
        if response_type != "code":
            raise Refused("unsupported_response_type", "response_type is code.")
        if self.parameters.get("response_mode", "query") != "query":
            raise Refused("invalid_request", "response_mode is query.")
        if "authorization_code" not in self.client.grant_types:
            raise Refused("unauthorized_client", "This client may not use the authorization code grant.")

    def _check_pkce(self) -> None:
        """RFC 7636 with S256 for everybody (RFC 9700 §2.1.1); a missing method means plain (§4.3), which is refused."""
        challenge = self.parameters.get("code_challenge")
        if challenge is None:
            raise Refused("invalid_request", "code_challenge is missing: PKCE is required.")
        if self.parameters.get("code_challenge_method", "plain") != "S256":
            raise Refused("invalid_request", "code_challenge_method is S256.")
        if not S256_CHALLENGE.fullmatch(challenge):
            raise Refused("invalid_request", "code_challenge is not a SHA-256 in base64url.")

    def _check_scopes(self) -> None:
        if len(self.scopes) > MAX_SCOPES or not all(SCOPE_TOKEN.fullmatch(name) for name in self.scopes):
            raise Refused(
                "invalid_scope", "A scope has a character that scopes cannot have, or there are too many."
            )

    def _check_sign_in(self) -> None:
        if not self.prompts <= PROMPTS or ("none" in self.prompts and len(self.prompts) > 1):
            raise Refused(
                "invalid_request", "prompt is none, or one or more of login, consent, select_account."
            )
        if not re.fullmatch(r"\d{1,9}", self.parameters.get("max_age", "0")):
            raise Refused("invalid_request", "max_age is a number of seconds.")
        if len(self.parameters.get("nonce", "")) > MAX_NONCE:  # cut short it would match nothing
            raise Refused("invalid_request", f"nonce has at most {MAX_NONCE} characters.")
        if "id_token_hint" in self.parameters and self.hinted.get("aud") != self.client.client_id:
            raise Refused("invalid_request", "id_token_hint is not an id_token that this client got here.")

    def resource(self) -> str:
        """The resource URI that is asked for (RFC 8707 §2). Raises Refused (invalid_target).

        Required, unless the client is registered for exactly one Application.
        """
        named = self.parameters.get("resource", "")
        if named and not is_resource_uri(named):
            raise Refused("invalid_target", "resource is an absolute URI without a fragment.")
        named = canonical(named)
        limited_to = resources_of_client(self.client.pk)
        if not named and len(limited_to) == 1:
            return limited_to[0]
        if not named:
            raise Refused("invalid_target", "Name the resource that the token is for (RFC 8707).")
        if limited_to and named not in limited_to:
            raise Refused("invalid_target", "This client is not registered for that resource.")
        return named

    def answer(self, **parameters: str) -> str:
        """The redirect that carries these parameters, ``state`` and ``iss`` (RFC 9207 §2: on errors too)."""
        if self.state:
            parameters["state"] = self.state
        return redirects.with_parameters(self.redirect_uri, parameters | {"iss": settings.ISSUER})

    def refusal(self, code: str, description: str) -> str:
        """The redirect that carries an error."""
        return self.answer(error=code, error_description=described(description))

    def url(self, *, without: tuple[str, ...] = (), **added: str) -> str:
        """This request's own path and query, for coming back to it after signing in."""
        kept = {k: v for k, v in self.parameters.items() if k not in (*without, "waiting")}
        return "/oauth/authorize?" + urlencode(kept | added)

    def url_without_step_up(self) -> str:
        """The same request by somebody who goes on without a second factor."""
        return self.url(without=("step_up",), step_up=SKIPPED)

    def url_after_login(self) -> str:
        """Where to come back to after signing in: asked for ``prompt=login`` or ``max_age=0`` again, it would never
        end. Coming back may take a minute."""
        kept = self._prompt_without("login", "select_account")
        if self.max_age is not None:
            kept["max_age"] = str(max(self.max_age, COMING_BACK_S))
        return self.url(without=("prompt", "max_age"), **kept)

    def url_as_chosen(self) -> str:
        """The same request by somebody who said that the account they are signed in with is the one."""
        return self.url(without=("prompt", "login_hint"), **self._prompt_without("select_account"))

    def url_for_another(self) -> str:
        """The same request by whoever signs in next."""
        return self.url(without=("prompt", "login_hint"), **self._prompt_without("login", "select_account"))

    def _prompt_without(self, *done: str) -> dict[str, str]:
        prompts = " ".join(sorted(self.prompts - {*done}))
        return {"prompt": prompts} if prompts else {}


def is_resource_uri(uri: str) -> bool:
    """An absolute URI with a host and without fragment or credentials (RFC 8707 §2)."""
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return False
    return (
        bool(parts.scheme and parts.hostname and "#" not in uri and "@" not in parts.netloc)
        and uri.isprintable()
    )


def read_request(query: str) -> AuthorizationRequest:
    """Read an authorize URL's query. Raises NoRedirect when the client or its redirect URI is not right."""
    if len(query) > MAX_QUERY:
        raise NoRedirect("The request is too long.")
    if query.count("&") >= MAX_PARAMETERS:
        raise NoRedirect(f"The request has more than {MAX_PARAMETERS} parameters.")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise NoRedirect("The request is not valid UTF-8.") from error
    if any("\x00" in name + value for name, value in pairs):
        raise NoRedirect("The request holds a NUL character.")
    names = [name for name, _ in pairs]
    repeated = frozenset(name for name in names if names.count(name) > 1)
    if repeated & {"client_id", "redirect_uri", "state"}:
        raise NoRedirect("client_id, redirect_uri and state may be given once only.")
    # RFC 6749 §3.1: a parameter without a value counts as omitted.
    parameters = {name: value for name, value in pairs if value}
    client = find_client(parameters.get("client_id", ""))
    if client is None:
        raise NoRedirect("No client with this client_id is registered here.")
    return AuthorizationRequest(
        client,
        _redirect_uri(client, parameters.get("redirect_uri", "")),
        parameters,
        repeated,
        frozenset(parameters.get("prompt", "").split()),
    )


def _redirect_uri(client: Client, named: str) -> str:
    registered = client.redirect_uris.split()
    if not named:
        if len(registered) == 1:
            return str(registered[0])
        raise NoRedirect("redirect_uri is missing.")
    if not redirects.matches(named, registered):
        raise NoRedirect("This redirect_uri is not one that the client registered.")
    return named
