"""What a verb about tenants or members says when it refuses."""


class TenantError(Exception):
    """A verb about tenants or members refused; the text says why in one sentence."""


class SlugTaken(TenantError):
    """Another tenant has this slug, or it cannot be one."""


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
