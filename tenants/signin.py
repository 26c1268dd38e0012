"""How the person at the browser signed in: when, with what, and how strongly; and where they go from there."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.http import url_has_allowed_host_and_scheme

from authsec.secrets import digest

ACR_PASSWORD = "urn:authsec:acr:pwd"  # noqa: S105
ACR_MFA = "urn:authsec:acr:mfa"
LONGEST_PATH = 14_000  # Django redirects to 16,384 characters at most, ours among them
# allauth's name of a method → the RFC 8176 value, and whether it is a second factor. A recovery code is a one-time
# password from a printed list. Of passkeys see _passkey.
METHODS = {
    "password": ("pwd", False),
    "code": ("otp", False),
    "socialaccount": ("fed", False),
    "totp": ("otp", True),
    "recovery_codes": ("otp", True),
}
AMR_WORDS = {
    "pwd": "password",
    "otp": "one-time code",
    "hwk": "passkey",
    "swk": "passkey",
    "fed": "your company’s sign-in",
}

# What views leave for one another: in the session the address and the link (as its digest) of an invitation that is
# being accepted, and of a step-up where it goes on after enrolment, its own page and what waits for it; on the request
# the tick that says to remember this browser.
INVITED_EMAIL = "invited_email"
INVITATION = "invitation"  # the digest of its token
MAILED_TO = "mailed_to"  # as it was typed: whether it has an account already is not said
STEP_UP_NEXT = "step_up_next"
STEP_UP_PAGE = "step_up_page"
STEP_UP_FOR = "step_up_for"
STEP_UPS_NOTED = 5
SCOPES_NAMED = 8
TRUST_THIS_BROWSER = "trust_this_browser"


@dataclass(frozen=True)
class SignIn:
    """A session's sign-in. ``auth_time``: last completed authentication, step-up included. ``mfa_at``: last second
    factor, None without one. ``amr``: RFC 8176 values. ``acr``: one of this server's two values.
    """

    auth_time: datetime | None = None
    mfa_at: datetime | None = None
    amr: tuple[str, ...] = field(default=())
    acr: str = ACR_PASSWORD


def sign_in_of(session: Any) -> SignIn:
    """Read what allauth recorded in the session at sign-in, re-authentication and step-up.

    A trusted browser leaves no record of a second factor: ``amr`` says what happened, not what was spared. Records of
    somebody who has begun to sign in but is not the session's person do not count.
    """
    if session.get("account_authentication_methods_user") != session.get("_auth_user_id"):
        return SignIn()
    amr: list[str] = []
    auth_time = mfa_at = None
    first = False
    for record in session.get("account_authentication_methods", []):
        kind = record.get("type") if record.get("method") == "mfa" else record.get("method")
        value, second = METHODS.get(kind or "", ("", False))
        first = first or bool(value and not second)
        if kind == "webauthn":
            value, second = _passkey(record, first)
        at = datetime.fromtimestamp(record["at"], UTC)
        auth_time = max(filter(None, (auth_time, at)))
        amr += [word for word in value.split() if word not in amr]
        if second:
            mfa_at = max(filter(None, (mfa_at, at)))
    if mfa_at:
        amr.append("mfa")
    return SignIn(auth_time, mfa_at, tuple(amr), ACR_MFA if mfa_at else ACR_PASSWORD)


def _passkey(record: dict[str, Any], first: bool) -> tuple[str, bool]:
    """What a passkey says in ``amr``, and whether it makes a second factor.

    A key that may be copied to other devices is software's (swk), one that may not is hardware's (hwk); somebody was
    there (user). It is a second factor where the device made sure who that was, or beside a first one in this session.
    """
    return f"{'swk' if record.get('synced') else 'hwk'} user", bool(record.get("verified")) or first


def second_factor_at(request: Any) -> datetime | None:
    """When the person last completed a second factor in this session, or None."""
    return sign_in_of(request.session).mfa_at


def is_fresh(session: Any, *, second_factor: bool, now: datetime) -> bool:
    """Whether the session's last authentication (or last second factor) is younger than REAUTHENTICATION_SECONDS."""
    sign_in = sign_in_of(session)
    at = sign_in.mfa_at if second_factor else sign_in.auth_time
    return at is not None and now - at < timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)


def note_invitation(session: Any, *, token: str, email: str) -> None:
    """Remember that this browser showed an invitation's link, until it is accepted, declined or signed out."""
    session[INVITED_EMAIL], session[INVITATION] = email, digest(token)


def forget_invitation(session: Any) -> None:
    """The link was used."""
    session.pop(INVITED_EMAIL, None)
    session.pop(INVITATION, None)


def own_path(url: str) -> str | None:
    """``url`` when it is an absolute path of this server, else None: the guard of every ``next``.

    Refuses other hosts in all their spellings (``//host``, ``/\\host``, ``https:host``), and control characters.
    Django's judge takes 2,048 characters at most, which clients' requests exceed; what follows the ``?`` names no host.
    """
    plain = url.startswith("/") and url.isprintable() and len(url) <= LONGEST_PATH
    return (
        url if plain and url_has_allowed_host_and_scheme(url.partition("?")[0], allowed_hosts=None) else None
    )


def words_of(amr: Iterable[str]) -> list[str]:
    """RFC 8176 values as people read them; what says no way of signing in is left out."""
    return [AMR_WORDS[value] for value in amr if value in AMR_WORDS]


@dataclass(frozen=True)
class Asking:
    """Who waits behind the sign-in page: the names of the client, the Application and the tenant, and the origin
    (``https://host:port`` or ``scheme:``) of the client's registered redirect address, empty when it has none.
    Application and tenant are empty while only signing in can tell them. ``login_hint``: whom the client expects.
    ``back``: to the client with nothing, ``another``: to the same request as whoever signs in next.
    """

    client: str
    application: str
    tenant: str
    returns_to: str = ""
    login_hint: str = ""
    back: str = ""
    another: str = ""


@dataclass(frozen=True)
class Waiting:
    """What a second factor or a fresh sign-in brings: to whom, of which Application, where (each may be empty).
    ``scopes``: each in words, by name, with its risk; ``more``: how many besides.
    """

    client: str
    application: str
    tenant: str
    scopes: list[list[str]]
    more: int = 0


def note_waiting(session: Any, *, onward: str, waiting: Waiting) -> None:
    """Remember what waits for the page that leads to ``onward``, so that it can say what for it asks.

    Words alone, kept where nobody else can write them: the page may be reached with any address, and what that
    address would give is not its to find out.
    """
    told = asdict(
        replace(waiting, scopes=waiting.scopes[:SCOPES_NAMED], more=len(waiting.scopes[SCOPES_NAMED:]))
    )
    others = [note for note in session.get(STEP_UP_FOR, []) if note[0] != digest(onward)]
    notes = [*others, [digest(onward), told]][-STEP_UPS_NOTED:]
    if notes != session.get(STEP_UP_FOR):
        session[STEP_UP_FOR] = notes


def waiting_for(session: Any, onward: str | None) -> Waiting | None:
    """What was noted of this address; None for nothing."""
    notes = dict(session.get(STEP_UP_FOR, []))
    told = notes.get(digest(onward or ""))
    return Waiting(**told) if told else None


_describe: Callable[[str], Asking | None] | None = None


def register_describer(describe: Callable[[str], Asking | None]) -> None:
    """Name the function that reads an authorize URL. It lives upstairs, in oauth, and is handed down at start-up."""
    global _describe
    _describe = describe


def describe_next(url: str | None) -> Asking | None:
    """Who asks, when ``url`` is a well-formed authorize URL; None for every other page."""
    path = own_path(url or "")
    return _describe(path) if path and _describe and path.startswith("/oauth/authorize?") else None
