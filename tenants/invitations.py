"""Reads about invitations: by the link that somebody holds, and as the tenant's list."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Q, QuerySet

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authsec.secrets import digest
from tenants.models import Invitation, Tenant
from tenants.signals import member_type_offered

State = Invitation.State
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits, as secrets.new_secret() writes them
CLOSED, VOID = "closed", "void"  # states that are not the invitation's own


@dataclass(frozen=True)
class Offer:
    """What the holder of a link may know: who invites which address to what, until when.

    ``state`` is an Invitation.State, or ``closed`` (the tenant is) or ``void`` (whoever sent it may not give the type
    any more). Says nothing about whether the address has an identity.
    """

    tenant_id: UUID
    tenant_name: str
    inviter: str
    email: str
    type: str
    message: str
    expires_at: datetime
    state: str

    @property
    def open(self) -> bool:
        """Whether it can be accepted."""
        return self.state == State.PENDING


def read_offer(token: str, now: datetime) -> Offer | None:
    """The offer behind a link; None for an unknown token, which one that was replaced is too."""
    tenant_id = tenant_of(token)
    if tenant_id is None:
        return None
    with tenant_context(tenant_id):
        invitation = by_token(tenant_id, token).first()
        if invitation is None:
            return None
        tenant = Tenant.objects.get(pk=tenant_id)
        return Offer(
            tenant_id=tenant_id,
            tenant_name=tenant.name,
            inviter=invitation.sent_by_name,
            email=invitation.email,
            type=invitation.type,
            message=invitation.message,
            expires_at=invitation.expires_at,
            state=_state(invitation, tenant, now),
        )


def tenant_of(token: str) -> UUID | None:
    """The tenant that a link leads to. One statement, in no tenant's context."""
    if not TOKEN.fullmatch(token):
        return None
    with connection.cursor() as cursor:
        cursor.execute("select tenant_id from invitation_by_digest(%s)", [digest(token)])
        row = cursor.fetchone()
    return row[0] if row else None


def by_token(tenant_id: UUID, token: str) -> QuerySet[Invitation]:
    """The invitation of a link, inside its tenant's context."""
    return Invitation.objects.filter(tenant_id=tenant_id, token_digest=digest(token))


def invitations(tenant_id: UUID, now: datetime, state: str = "") -> QuerySet[Invitation]:
    """The tenant's invitations, in one state or in all of them."""
    rows = Invitation.objects.filter(tenant_id=tenant_id)
    undecided = Q(accepted_at=None, declined_at=None, revoked_at=None)
    wanted = {
        "": Q(),
        State.PENDING: undecided & Q(expires_at__gt=now),
        State.EXPIRED: undecided & Q(expires_at__lte=now),
        State.ACCEPTED: Q(accepted_at__isnull=False),
        State.DECLINED: Q(declined_at__isnull=False),
        State.REVOKED: Q(revoked_at__isnull=False),
    }
    return rows.filter(wanted[state])


def sender_still_may(invitation: Invitation, now: datetime, user_id: UUID | None = None) -> bool:
    """Whether whoever sent the link could give its type today, and what waits for this user here (Rule 7)."""
    sender = Actor(
        kind=invitation.sent_by_kind or "system", id=invitation.sent_by, name=invitation.sent_by_name
    )
    try:
        member_type_offered.send(
            Invitation,
            tenant_id=invitation.tenant_id,
            type=invitation.type,
            actor=sender,
            now=now,
            accepted=True,
            user_id=user_id,
        )
    except PermissionDenied:
        return False
    return True


def _state(invitation: Invitation, tenant: Tenant, now: datetime) -> str:
    state = invitation.state(now)
    if state != State.PENDING:
        return state
    if tenant.status != Tenant.Status.OPEN:
        return CLOSED
    return state if sender_still_may(invitation, now) else VOID


def invited_address(token_digest: str, now: datetime) -> str | None:
    """The address of the live invitation with this digest, in lower case; None when it cannot be accepted."""
    with connection.cursor() as cursor:
        cursor.execute("select tenant_id from invitation_by_digest(%s)", [token_digest])
        row = cursor.fetchone()
    if row is None:
        return None
    with tenant_context(row[0]):
        live = invitations(row[0], now, State.PENDING).filter(token_digest=token_digest).first()
        return live.email if live else None
