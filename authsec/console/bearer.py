"""Who bears the management API's token: what the signed claims say."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS

from authsec.web.problems import Problem
from oauth.api_token import READ, WRITE

METADATA = f"{settings.ISSUER}/.well-known/oauth-protected-resource/api"


def challenge(method: str, *, error: str = "", text: str = "") -> str:
    """The API's ``WWW-Authenticate``: RFC 6750 §3, with where a token can be had (RFC 9728 §5.1) and the scope that
    ``method`` needs. Without a token it names no ``error`` (RFC 6750 §3.1).
    """
    said = {"realm": settings.API_RESOURCE, "error": error, "error_description": text}
    said |= {"scope": needed_scopes(method)[0], "resource_metadata": METADATA}
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in said.items() if value)


def needed_scopes(method: str) -> tuple[str, ...]:
    """Any of these lets a request through; the first is the least."""
    return (READ, WRITE) if method in SAFE_METHODS else (WRITE,)


class InvalidBearer(AuthenticationFailed):
    """A token that is not ours, not for this API, over, or whose bearer is gone."""


@dataclass(frozen=True)
class Bearer:
    """A verified token's bearer: what REST framework calls the user."""

    claims: dict[str, Any]

    is_authenticated = True

    @cached_property
    def subject(self) -> UUID:
        """The identity, or the service account."""
        return UUID(self.claims["sub"])

    @property
    def tenants(self) -> dict[str, dict[str, Any]]:
        """The signed ``tenants`` claim."""
        return self.claims.get("tenants") or {}

    @cached_property
    def is_service_account(self) -> bool:
        """Whether this is a service account's token, which holds its one tenant."""
        return any(entry["type"] == "service_account" for entry in self.tenants.values())

    @property
    def scopes(self) -> set[str]:
        """The token's scopes."""
        return set(str(self.claims.get("scope", "")).split())

    @property
    def mfa_at(self) -> datetime | None:
        """When the person last completed a second factor, as the token's authorization says."""
        at = self.claims.get("mfa_at")
        return datetime.fromtimestamp(at, UTC) if at else None

    def holds(self, tenant_id: UUID) -> bool:
        """Whether the claim holds the tenant, or cannot say, because it was cut at its limit."""
        return str(tenant_id) in self.tenants or bool(self.claims.get("tenants_truncated"))


def not_in_token(tenant_id: UUID) -> Problem:
    """403: the same for every tenant that the token does not hold, existing or not (Rule 1)."""
    return Problem(403, "tenant-not-in-token", f"Your access token does not hold the tenant {tenant_id}.")
