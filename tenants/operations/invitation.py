"""The tenant's verbs about invitations, inside the caller's ``tenant_context(tenant_id)``. Each takes its turn first.

What whoever holds a link does with it is in :mod:`tenants.operations.acceptance`.

An Invitation row is the pending state; accepting it writes the membership. Mails leave after the commit, with the link
in memory only: the row keeps the token's digest, and no job or log ever sees the link.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from authsec.audit.actor import Actor
from authsec.audit.models import Event
from authsec.audit.operations import record
from authsec.secrets import digest, new_secret
from tenants import invitation_mail as mail
from tenants.models import Invitation, Membership, MemberType, Profile, Tenant
from tenants.operations import invitation_refusals as refusals
from tenants.operations.addresses import read_addresses, read_message
from tenants.operations.last_owner import take_turns
from tenants.operations.member import COUNTS_AS_MEMBERSHIP
from tenants.operations.plan import keep_within_plan
from tenants.plans import MEMBERS
from tenants.signals import member_type_offered

Status, State = Membership.Status, Invitation.State
LIFE = timedelta(days=7)
HOUR = timedelta(hours=1)
MAILED = ("invitation.sent", "invitation.resent")


@dataclass(frozen=True)
class Invited:
    """What became of one address: ``sent``, ``resent`` (it was pending: a new link), ``member`` or ``suspended``."""

    email: str
    outcome: str
    invitation: Invitation | None = None


def invite(
    *,
    tenant_id: UUID,
    emails: Sequence[str],
    type: str,
    actor: Actor,
    now: datetime,
    message: str = "",
) -> list[Invited]:
    """Invite each address as a member of ``type``, for seven days; answers in the given order, each address once.

    Whoever is a member already gets no mail; whoever has a pending invitation gets a new link, with the type and
    message of now. All or none: raises NotAnAddress, TooManyInvitations, PlanLimit, ValueError for an unknown
    type, and PermissionDenied where the actor does not hold what the type gives (Rule 7).
    """
    wanted, text, kind = read_addresses(emails), read_message(message), MemberType(type)
    tenant = in_turn(tenant_id)
    _may_offer(tenant_id, kind, actor, now)
    inside = _members(tenant_id, wanted)
    outside = [email for email in wanted if email not in inside]
    _within_the_hour(tenant_id, len(outside), now)
    pending = {
        row.email: row
        for row in Invitation.objects.select_for_update().filter(
            tenant_id=tenant_id, email__in=outside, accepted_at=None, declined_at=None, revoked_at=None
        )
    }
    room = sum(email not in pending or pending[email].expires_at <= now for email in outside)
    if room:
        keep_within_plan(tenant_id=tenant_id, what=MEMBERS, now=now, more=room)
    answers, letters = [], []
    for email in wanted:
        if email in inside:
            outcome = "member" if inside[email] == Status.ACTIVE else "suspended"
            answers.append(Invited(email, outcome))
            continue
        invitation = pending.get(email) or Invitation(
            tenant_id=tenant_id, email=email, created_at=now, created_by=actor.id
        )
        before = {"type": invitation.type} if email in pending else None
        invitation.type, invitation.message = kind, text
        letters.append(_renew(tenant, invitation, before, actor, now))
        answers.append(Invited(email, "resent" if before else "sent", invitation))
    mail.send_on_commit(tenant_id, letters)
    return answers


def resend_invitation(*, tenant_id: UUID, invitation_id: UUID, actor: Actor, now: datetime) -> Invitation:
    """Mail a new link, good for seven days; the old one dies. From now on the actor answers for it.

    An expired one begins anew. Raises NoSuchInvitation, InvitationUsed, InvitationRevoked, InvitationDeclined,
    TooManyInvitations, PlanLimit, AlreadyMember, or PermissionDenied as :func:`invite` does.
    """
    tenant = in_turn(tenant_id)
    invitation = _locked(tenant_id, invitation_id)
    refusals.refuse_unless(invitation, now, State.PENDING, State.EXPIRED)
    _may_offer(tenant_id, invitation.type, actor, now)
    if _members(tenant_id, [invitation.email]):
        raise refusals.AlreadyMember(f"{invitation.email} is a member already.")
    _within_the_hour(tenant_id, 1, now)
    if invitation.expires_at <= now:
        keep_within_plan(tenant_id=tenant_id, what=MEMBERS, now=now)
    letter = _renew(tenant, invitation, {"type": invitation.type}, actor, now)
    mail.send_on_commit(tenant_id, [letter])
    return invitation


def revoke_invitation(
    *, tenant_id: UUID, invitation_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> Invitation:
    """Take an invitation back. Raises NoSuchInvitation or InvitationUsed; revoked or declined already: unchanged."""
    take_turns(tenant_id)
    invitation = _locked(tenant_id, invitation_id)
    if invitation.state(now) in (State.REVOKED, State.DECLINED):
        return invitation
    refusals.refuse_unless(invitation, now, State.PENDING, State.EXPIRED)
    invitation.revoked_at = now
    invitation.save(update_fields=["revoked_at"])
    record_invitation(
        "invitation.revoked",
        invitation,
        actor,
        now,
        reason=reason.strip(),
        before={"type": str(invitation.type), "state": "pending"},
        after={"state": "revoked"},
    )
    return invitation


def in_turn(tenant_id: UUID) -> Tenant:
    """The tenant, with the turn on it taken until the transaction ends."""
    take_turns(tenant_id)
    return Tenant.objects.get(pk=tenant_id)


def _locked(tenant_id: UUID, invitation_id: UUID) -> Invitation:
    rows = Invitation.objects.select_for_update().filter(tenant_id=tenant_id, pk=invitation_id)
    invitation = rows.first()
    if invitation is None:
        raise refusals.NoSuchInvitation("There is no such invitation here.")
    return invitation


def _may_offer(tenant_id: UUID, type: str, actor: Actor, now: datetime) -> None:
    member_type_offered.send(
        Invitation,
        tenant_id=tenant_id,
        type=str(type),
        actor=actor,
        now=now,
        accepted=False,
        user_id=None,
    )


def _members(tenant_id: UUID, emails: Sequence[str]) -> dict[str, str]:
    """Address → status, of those who are members now. Asks the tenant's own rows, never Identity."""
    people = dict(
        Profile.objects.filter(tenant_id=tenant_id, email__in=emails).values_list("user_id", "email")
    )
    rows = Membership.objects.filter(
        tenant_id=tenant_id, user_id__in=people, status__in=COUNTS_AS_MEMBERSHIP
    ).values_list("user_id", "status")
    return {people[user_id]: status for user_id, status in rows}


def _within_the_hour(tenant_id: UUID, more: int, now: datetime) -> None:
    """Raise TooManyInvitations when ``more`` mails would pass the tenant's limit.

    The audit log is the counter: exact, shared by all nodes, and as the verbs take turns nobody slips between count
    and write.
    """
    limit = settings.INVITATIONS_PER_HOUR
    mailed = Event.objects.filter(tenant_id=tenant_id, action__in=MAILED, at__gt=now - HOUR).order_by("at")
    moments = list(mailed.values_list("at", flat=True))
    surplus = len(moments) + more - limit
    if more and surplus > 0:
        free_at = moments[min(surplus, len(moments)) - 1] + HOUR if moments else now + HOUR
        raise refusals.TooManyInvitations(limit, max(1, int((free_at - now).total_seconds()) + 1))


def _renew(
    tenant: Tenant, invitation: Invitation, before: dict[str, str] | None, actor: Actor, now: datetime
) -> mail.Letter:
    """A new token and seven days; the event; the letter to send once this is committed."""
    token = new_secret()
    invitation.token_digest, invitation.expires_at, invitation.sent_at = digest(token), now + LIFE, None
    invitation.sent_by, invitation.sent_by_kind = actor.id, actor.kind
    invitation.sent_by_name = "" if actor.kind == "system" else actor.name[:255]
    invitation.save()
    event = "invitation.resent" if before else "invitation.sent"
    record_invitation(event, invitation, actor, now, before=before, after={"type": str(invitation.type)})
    return mail.letter(invitation, tenant_name=tenant.name, token=token)


def record_invitation(
    event: str,
    invitation: Invitation,
    actor: Actor,
    now: datetime,
    *,
    reason: str = "",
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    """Write an event about an invitation; the address is its name."""
    record(
        tenant_id=invitation.tenant_id,
        actor=actor,
        action=event,
        target_kind="invitation",
        target_id=invitation.pk,
        target_name=invitation.email,
        now=now,
        reason=reason,
        before=before,
        after=after,
    )
