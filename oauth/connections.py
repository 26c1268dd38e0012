"""Which clients a tenant's people connected."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet, TextChoices

from oauth import tokens
from oauth.models import AccessToken, Client, ClientApproval, ClientPolicy, Consent, RefreshToken

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


def clients_of(tenant_id: UUID) -> QuerySet[ClientApproval]:
    """The clients that the tenant has met or made, the latest seen first, with the client."""
    return ClientApproval.objects.filter(tenant_id=tenant_id).select_related("client")


def people_of(tenant_id: UUID, client_ids: list[UUID]) -> dict[UUID, int]:
    """How many people have a live consent, by client. One statement."""
    return dict(
        Consent.objects.filter(tenant_id=tenant_id, client_id__in=client_ids, withdrawn_at__isnull=True)
        .values_list("client_id")
        .annotate(Count("user_id", distinct=True))
    )


class ClientStatus(TextChoices):
    """What happens when a client asks now: the tenant's word or, without one, what its policy says."""

    APPROVED = "approved", "Approved"
    DENIED = "denied", "Denied"
    PENDING = "pending", "Pending"
    OPEN = "open", "Open"
    LISTED = "listed", "Listed"


def let_in(row: ClientApproval, policy: ClientPolicy) -> ClientStatus:
    """What happens when this client asks now.

    A pending row of a tenant whose policy is open only notes that the client was seen.
    """
    if row.status != ClientApproval.Status.PENDING:
        return ClientStatus(row.status)
    return _unsaid(policy, row.client.registration_source == Client.RegistrationSource.CIMD)


def with_status(tenant_id: UUID, status: str, policy: ClientPolicy) -> QuerySet[ClientApproval]:
    """The approvals of which :func:`let_in` says ``status``, decided in the statement."""
    rows = ClientApproval.objects.filter(tenant_id=tenant_id)
    if status in (ClientStatus.APPROVED, ClientStatus.DENIED):
        return rows.filter(status=status)
    pending = rows.filter(status=ClientApproval.Status.PENDING)
    document = Q(client__registration_source=Client.RegistrationSource.CIMD)
    meant = [
        condition for condition, by in ((document, True), (~document, False)) if _unsaid(policy, by) == status
    ]
    if not meant:
        return rows.none()
    return pending.filter(meant[0]) if len(meant) == 1 else pending


def _unsaid(policy: ClientPolicy, by_document: bool) -> ClientStatus:
    rule = policy.metadata_policy if by_document else policy.registration_policy
    return {"open": ClientStatus.OPEN, "allow_list": ClientStatus.LISTED}.get(rule, ClientStatus.PENDING)
