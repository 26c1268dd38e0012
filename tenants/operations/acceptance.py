"""What whoever holds an invitation's link does with it: accept or decline.

They know no tenant: each verb enters the context that the link leads to, and takes its turn there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from tenants.invitations import CLOSED, VOID, by_token, sender_still_may, tenant_of
from tenants.models import Identity, Invitation, Membership, Tenant, TenantUser
from tenants.operations import invitation_refusals as refusals
from tenants.operations.invitation import in_turn, record_invitation
from tenants.operations.invitation_refusals import refuse
from tenants.operations.member import add_member
from tenants.operations.user import ensure_user

Status, State = Membership.Status, Invitation.State


def accept_invitation(*, token: str, identity: Identity, actor: Actor, now: datetime) -> Membership:
    """Make the identity a member, once. Of two at one moment one wins, the other finds it used.

    The address must be one that the identity has verified. Whoever sent the link must still hold what it gives.
    Raises NoSuchInvitation, InvitationExpired, InvitationUsed, InvitationRevoked, InvitationDeclined, InvitationVoid,
    TenantClosed, PlanLimit, WrongAddress, AlreadyMember or MemberSuspended.
    """
    with _behind(token) as tenant:
        invitation = _addressed(tenant.pk, token, identity, now)
        if tenant.status != Tenant.Status.OPEN:
            refuse(CLOSED)
        _refuse_members(tenant.pk, identity, tenant.name)
        user = ensure_user(tenant_id=tenant.pk, identity=identity, now=now)
        if not sender_still_may(invitation, now, user.pk):
            refuse(VOID)
        joining = replace(actor, kind="member", id=user.pk, capacity=invitation.type)
        invitation.accepted_at, invitation.accepted_by = now, user.pk
        invitation.save(update_fields=["accepted_at", "accepted_by"])
        record_invitation(
            "invitation.accepted",
            invitation,
            joining,
            now,
            before={"state": "pending"},
            after={"type": str(invitation.type), "state": "accepted"},
        )
        return add_member(
            tenant_id=tenant.pk,
            identity=identity,
            type=invitation.type,
            source=Membership.Source.INVITE,
            invited_by=invitation.sent_by if invitation.sent_by_kind == "member" else None,
            actor=joining,
            now=now,
        )


def decline_invitation(*, token: str, identity: Identity, actor: Actor, now: datetime) -> Invitation:
    """Say no, as the person who was invited. The event names the address and no identity. Raises as accept does."""
    with _behind(token) as tenant:
        invitation = _addressed(tenant.pk, token, identity, now)
        invitation.declined_at = now
        invitation.save(update_fields=["declined_at"])
        nobody = replace(actor, id=None, name=invitation.email)
        record_invitation(
            "invitation.declined",
            invitation,
            nobody,
            now,
            before={"type": str(invitation.type), "state": "pending"},
            after={"state": "declined"},
        )
        return invitation


@contextmanager
def _behind(token: str) -> Iterator[Tenant]:
    """Inside the tenant that a link leads to, with the turn taken."""
    tenant_id = tenant_of(token)
    if tenant_id is None:
        raise refusals.NoSuchInvitation(refusals.UNKNOWN_LINK)
    with tenant_context(tenant_id):
        yield in_turn(tenant_id)


def _addressed(tenant_id: UUID, token: str, identity: Identity, now: datetime) -> Invitation:
    """The locked pending invitation of a link, for the person to whom it was sent."""
    invitation = by_token(tenant_id, token).select_for_update().first()
    if invitation is None:
        raise refusals.NoSuchInvitation(refusals.UNKNOWN_LINK)
    refusals.refuse_unless(invitation, now, State.PENDING)
    own = EmailAddress.objects.filter(user=identity, verified=True, email=invitation.email)
    if not own.exists():
        raise refusals.WrongAddress(
            "The invitation is for another e-mail address than the verified one of your account."
        )
    return invitation


def _refuse_members(tenant_id: UUID, identity: Identity, tenant_name: str) -> None:
    users = TenantUser.objects.filter(tenant_id=tenant_id, identity=identity)
    found = Membership.objects.filter(tenant_id=tenant_id, user__in=users).first()
    if found and found.status == Status.ACTIVE:
        raise refusals.AlreadyMember(f"You are a member of {tenant_name} already.")
    if found and found.status == Status.SUSPENDED:
        raise refusals.MemberSuspended(
            f"Your membership of {tenant_name} is suspended. An invitation does not end that."
        )
