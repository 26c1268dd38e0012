"""What a verb about invitations says when it refuses."""

from datetime import datetime

from tenants.invitations import CLOSED, VOID
from tenants.models import Invitation
from tenants.operations.refusals import TenantClosed, TenantError

State = Invitation.State
UNKNOWN_LINK = "This link leads to no invitation. A newer one may have replaced it."


class NoSuchInvitation(TenantError):
    """There is no such invitation here, or the link was replaced by a newer one."""


class InvitationExpired(TenantError):
    """The link is older than it may be."""


class InvitationUsed(TenantError):
    """Somebody became a member through it: it works once."""


class InvitationRevoked(TenantError):
    """The tenant took the invitation back."""


class InvitationDeclined(TenantError):
    """The invited person said no."""


class InvitationVoid(TenantError):
    """Whoever sent it may not give any more what it offers (Rule 7)."""


class WrongAddress(TenantError):
    """The accepting person has not verified the address that was invited."""


class AlreadyMember(TenantError):
    """The person is an active member already."""


class MemberSuspended(TenantError):
    """The person is a suspended member: an invitation ends no suspension."""


class NotAnAddress(TenantError):
    """Something among the addresses is none, or there are too many of them."""


class TooManyInvitations(TenantError):
    """The tenant's hourly limit is reached. ``retry_after``: seconds until the next one fits."""

    def __init__(self, limit: int, retry_after: int) -> None:
        self.retry_after = retry_after
        minutes = -(-retry_after // 60)
        super().__init__(f"At most {limit} invitations an hour. Try again in {minutes} min.")


# A state other than pending → what it refuses with, and the sentence for whoever holds the link.
REFUSED: tuple[tuple[str, type[TenantError], str], ...] = (
    (State.EXPIRED, InvitationExpired, "This invitation has expired. Ask for a new one."),
    (State.ACCEPTED, InvitationUsed, "This invitation has been used."),
    (State.DECLINED, InvitationDeclined, "This invitation was declined. Ask for a new one."),
    (State.REVOKED, InvitationRevoked, "This invitation was taken back."),
    (
        VOID,
        InvitationVoid,
        "Whoever invited you may not give this access any more. Ask the team for a new invitation.",
    ),
    (CLOSED, TenantClosed, "The tenant that invited you is closed."),
)


def refuse(state: str) -> None:
    """Raise what a state other than pending refuses with."""
    for name, refusal, sentence in REFUSED:
        if state == name:
            raise refusal(sentence)


def refuse_unless(invitation: Invitation, now: datetime, *states: str) -> None:
    """Raise what the invitation's state now refuses with, where it is none of these."""
    state = invitation.state(now)
    if state not in states:
        refuse(state)
