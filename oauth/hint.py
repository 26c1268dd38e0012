"""Whom a client speaks of when it sends back an id_token that it once got here (``id_token_hint``)."""

from typing import Any
from uuid import UUID

from authsec.database.context import system_context
from oauth import keys
from tenants.models import TenantUser


def claims_of(token: str) -> dict[str, Any]:
    """What the hint says; an expired one does, since it proves nothing but whom is meant. Empty for one not of ours."""
    try:
        return keys.read_hint(token) if token else {}
    except keys.InvalidToken:
        return {}


def identity_of(claims: dict[str, Any]) -> UUID | None:
    """Whose sign-in the hint is about: its ``sub`` is a user id of one tenant. None for nobody known here."""
    subject = claims.get("sub")
    if not subject:
        return None
    with system_context():
        found: UUID | None = (
            TenantUser.objects.filter(pk=subject).values_list("identity_id", flat=True).first()
        )
    return found
