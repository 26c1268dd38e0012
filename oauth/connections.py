"""Which clients a tenant's people connected, and taking all of one person's back."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet

from authsec.audit.actor import Actor
from oauth import consent, tokens
from oauth.models import AccessToken, Consent, RefreshToken

ENOUGH = 10_000  # tokens; nobody needs to know which number beyond it


def of_user(tenant_id: UUID, user_id: UUID) -> QuerySet[Consent]:
    """A user's live consents in a tenant, newest first, with client and Application."""
    return (
        Consent.objects.filter(tenant_id=tenant_id, user_id=user_id, withdrawn_at__isnull=True)
        .select_related("client", "application")
        .order_by("-created_at", "-id")
    )


def live_tokens(tenant_id: UUID, user_id: UUID, *, now: datetime) -> dict[tuple[UUID, UUID], int]:
    """How many tokens of a user work now, by client and Application. Two statements."""
    held = tokens.held_by(tenant_id=tenant_id, subject=user_id)
    found: dict[tuple[UUID, UUID], int] = {}
    for rows in (
        AccessToken.objects.filter(held, expires__gt=now),
        RefreshToken.objects.filter(held, expires__gt=now, revoked__isnull=True),
    ):
        for client_id, audience_id, number in rows.values_list("application_id", "audience_id").annotate(
            Count("id")
        ):
            found[client_id, audience_id] = found.get((client_id, audience_id), 0) + number
    return found


def live_tokens_of_tenant(tenant_id: UUID, *, now: datetime) -> int:
    """How many access and refresh tokens for the tenant's Applications work now; counting stops at ENOUGH of each."""
    access = AccessToken.objects.filter(tenant_id=tenant_id, expires__gt=now)
    refresh = RefreshToken.objects.filter(tenant_id=tenant_id, expires__gt=now, revoked__isnull=True)
    return sum(rows.values("pk")[:ENOUGH].count() for rows in (access, refresh))


def withdraw_all(*, tenant_id: UUID, user_id: UUID, actor: Actor, now: datetime, reason: str = "") -> int:
    """Withdraw every live consent of a person in the tenant, one event each. Returns how many; none left: nothing.

    Each takes its client's tokens with it. Runs inside the tenant's context.
    """
    rows = Consent.objects.filter(tenant_id=tenant_id, user_id=user_id, withdrawn_at__isnull=True)
    found = list(rows.order_by("id").values_list("id", flat=True))
    for consent_id in found:
        consent.withdraw(tenant_id=tenant_id, consent_id=consent_id, actor=actor, now=now, reason=reason)
    return len(found)
