"""The verbs about invitations. Each takes its turn on the tenant's row first.

The tenant's own run inside the caller's ``tenant_context(tenant_id)``; accepting and declining enter the context that
the link leads to: whoever holds one knows no tenant.

An Invitation row is the pending state; accepting it writes the membership. Mails leave after the commit, with the link
in memory only: the row keeps the token's digest, and no job or log ever sees the link.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings

from authsec.audit.actor import Actor
from authsec.audit.models import Event
from authsec.audit.operations import record
from authsec.database.context import tenant_context
from authsec.secrets import digest, new_secret
from tenants import invitation_mail as mail
from tenants.invitations import CLOSED, VOID, by_token, sender_still_may, tenant_of
from tenants.models import Identity, Invitation, Membership, MemberType, Profile, Tenant, TenantUser
from tenants.operations import invitation_refusals as refusals
from tenants.operations.addresses import read_addresses, read_message
from tenants.operations.last_owner import take_turns
from tenants.operations.member import COUNTS_AS_MEMBERSHIP, add_member
from tenants.operations.plan import keep_within_plan
from tenants.operations.refusals import TenantClosed, TenantError
from tenants.operations.user import ensure_user
from tenants.plans import MEMBERS
from tenants.signals import member_type_offered

Status, State = Membership.Status, Invitation.State
LIFE = timedelta(days=7)
HOUR = timedelta(hours=1)
UNKNOWN = "This link leads to no invitation. A newer one may have replaced it."
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
    tenant = _turn(tenant_id)
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
    tenant = _turn(tenant_id)
    invitation = _locked(tenant_id, invitation_id)
    _refuse_unless(invitation, now, State.PENDING, State.EXPIRED)
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
    _refuse_unless(invitation, now, State.PENDING, State.EXPIRED)
    invitation.revoked_at = now
    invitation.save(update_fields=["revoked_at"])
    _record(
        "invitation.revoked",
        invitation,
        actor,
        now,
        reason=reason.strip(),
        before={"type": str(invitation.type), "state": "pending"},
        after={"state": "revoked"},
    )
    return invitation


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
        _record(
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
        _record(
            "invitation.declined",
            invitation,
            nobody,
            now,
            before={"type": str(invitation.type), "state": "pending"},
            after={"state": "declined"},
        )
        return invitation


def refuse(state: str) -> None:
    """Raise what a state other than pending refuses with; the sentence is for whoever holds the link."""
    for name, refusal, sentence in REFUSED:
        if state == name:
            raise refusal(sentence)


REFUSED: tuple[tuple[str, type[TenantError], str], ...] = (
    (State.EXPIRED, refusals.InvitationExpired, "This invitation has expired. Ask for a new one."),
    (State.ACCEPTED, refusals.InvitationUsed, "This invitation has been used."),
    (State.DECLINED, refusals.InvitationDeclined, "This invitation was declined. Ask for a new one."),
    (State.REVOKED, refusals.InvitationRevoked, "This invitation was taken back."),
    (
        VOID,
        refusals.InvitationVoid,
        "Whoever invited you may not give this access any more. Ask the team for a new invitation.",
    ),
    (CLOSED, TenantClosed, "The tenant that invited you is closed."),
)


@contextmanager
def _behind(token: str) -> Iterator[Tenant]:
    """Inside the tenant that a link leads to, with the turn taken."""
    tenant_id = tenant_of(token)
    if tenant_id is None:
        raise refusals.NoSuchInvitation(UNKNOWN)
    with tenant_context(tenant_id):
        yield _turn(tenant_id)


def _turn(tenant_id: UUID) -> Tenant:
    take_turns(tenant_id)
    return Tenant.objects.get(pk=tenant_id)


def _locked(tenant_id: UUID, invitation_id: UUID) -> Invitation:
    rows = Invitation.objects.select_for_update().filter(tenant_id=tenant_id, pk=invitation_id)
    invitation = rows.first()
    if invitation is None:
        raise refusals.NoSuchInvitation("There is no such invitation here.")
    return invitation


def _addressed(tenant_id: UUID, token: str, identity: Identity, now: datetime) -> Invitation:
    """The locked pending invitation of a link, for the person to whom it was sent."""
    invitation = by_token(tenant_id, token).select_for_update().first()
    if invitation is None:
        raise refusals.NoSuchInvitation(UNKNOWN)
    _refuse_unless(invitation, now, State.PENDING)
    own = EmailAddress.objects.filter(user=identity, verified=True, email__iexact=invitation.email)
    if not own.exists():
        raise refusals.WrongAddress(
            "The invitation is for another e-mail address than the verified one of your account."
        )
    return invitation


def _refuse_unless(invitation: Invitation, now: datetime, *states: str) -> None:
    state = invitation.state(now)
    if state not in states:
        refuse(state)


def _refuse_members(tenant_id: UUID, identity: Identity, tenant_name: str) -> None:
    users = TenantUser.objects.filter(tenant_id=tenant_id, identity=identity)
    found = Membership.objects.filter(tenant_id=tenant_id, user__in=users).first()
    if found and found.status == Status.ACTIVE:
        raise refusals.AlreadyMember(f"You are a member of {tenant_name} already.")
    if found and found.status == Status.SUSPENDED:
        raise refusals.MemberSuspended(
            f"Your membership of {tenant_name} is suspended. An invitation does not end that."
        )


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
    _record(event, invitation, actor, now, before=before, after={"type": str(invitation.type)})
    return mail.letter(invitation, tenant_name=tenant.name, token=token)


def _record(
    event: str,
    invitation: Invitation,
    actor: Actor,
    now: datetime,
    *,
    reason: str = "",
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
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
