"""What a verb about invitations says when it refuses."""

from tenants.operations.refusals import TenantError


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
