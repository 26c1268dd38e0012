"""What a verb about tenants or members says when it refuses."""

from tenants.plans import APPLICATIONS, END_USERS, LABELS, MEMBERS

WAYS_OUT = {
    MEMBERS: "Remove a member, revoke an invitation, or move to a larger plan.",
    APPLICATIONS: "Archive an Application, or move to a larger plan.",
    END_USERS: "Move to a larger plan.",
}


class TenantError(Exception):
    """A verb about tenants or members refused; the text says why in one sentence."""


class SlugTaken(TenantError):
    """The slug belongs to another tenant, or once did and is kept for it."""


class LastOwner(TenantError):
    """The change would leave the tenant without an active owner (Rule 6). Answered as 409 ``last-owner``."""

    def __init__(self) -> None:
        super().__init__("This is the last active owner. Make somebody else an owner first.")


class NotAMember(TenantError):
    """The user has no membership here."""


class WrongStatus(TenantError):
    """The membership's status does not allow the change (operations/transitions.py). Answered as 409 ``conflict``."""


class ReasonRequired(TenantError):
    """A suspension without a reason."""


class BadName(TenantError):
    """The text cannot be a tenant's name."""


class BadSlug(TenantError):
    """The text cannot be a slug."""


class TooManySlugs(TenantError):
    """The tenant took as many new slugs as it may within SLUG_DAYS. ``retry_after``: seconds until the next."""

    def __init__(self, retry_after: int) -> None:
        days = -(-retry_after // 86_400)
        super().__init__(
            f"Too many new slugs. The next new one is possible in {days} d; an old one of yours at once."
        )
        self.retry_after = retry_after


class UnverifiedEmail(TenantError):
    """Who opens a tenant has a verified address."""


class TooManyTenants(TenantError):
    """The identity opened as many tenants as it may in an hour. ``retry_after``: seconds until the next."""

    def __init__(self, retry_after: int) -> None:
        minutes = -(-retry_after // 60)
        super().__init__(f"Too many new tenants within an hour. Try again in {minutes} min.")
        self.retry_after = retry_after


class PlanLimit(TenantError):
    """The tenant's plan has no room for more. Answered as 409 ``plan-limit``."""

    def __init__(self, *, what: str, limit: int, used: int, plan: str) -> None:
        super().__init__(
            f"The {plan.title()} plan allows {limit:,} {LABELS[what]}; {used:,} are in use. {WAYS_OUT[what]}"
        )
        self.what, self.limit, self.used, self.plan = what, limit, used, plan

    @property
    def members(self) -> dict[str, str | int]:
        """What the problem document says besides the sentence (RFC 9457 §3.2)."""
        return {"what": self.what, "limit": self.limit, "used": self.used, "plan": self.plan}


class TenantClosed(TenantError):
    """The tenant is closed: it takes no changes until it is reopened."""


class TooLate(TenantError):
    """The days in which an owner could reopen the tenant are over."""


class NoTransfer(TenantError):
    """There is no such offer any more, or it is not this person's to answer."""


class TransferRefused(TenantError):
    """The tenant cannot be handed over like this; the text says why."""
