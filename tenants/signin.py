"""How the person at the browser signed in: when, with what, and how strongly."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ACR_PASSWORD = "urn:authsec:acr:pwd"  # noqa: S105
ACR_MFA = "urn:authsec:acr:mfa"
# allauth's name of a method → the RFC 8176 value, and whether it is a second factor.
METHODS = {
    "password": ("pwd", False),
    "code": ("otp", False),
    "socialaccount": ("fed", False),
    "totp": ("otp", True),
    "recovery_codes": ("kba", True),
    "webauthn": ("hwk", True),
}


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
    """Read what allauth recorded in the session at sign-in, re-authentication and step-up."""
    amr: list[str] = []
    auth_time = mfa_at = None
    for record in session.get("account_authentication_methods", []):
        kind = record.get("type") if record.get("method") == "mfa" else record.get("method")
        value, second = METHODS.get(kind or "", ("", False))
        at = datetime.fromtimestamp(record["at"], UTC)
        auth_time = max(filter(None, (auth_time, at)))
        if value and value not in amr:
            amr.append(value)
        if second:
            mfa_at = max(filter(None, (mfa_at, at)))
    if mfa_at:
        amr.append("mfa")
    return SignIn(auth_time, mfa_at, tuple(amr), ACR_MFA if mfa_at else ACR_PASSWORD)


def second_factor_at(request: Any) -> datetime | None:
    """When the person last completed a second factor in this session, or None."""
    return sign_in_of(request.session).mfa_at
