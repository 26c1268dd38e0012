"""Why introspection answers what it answers: the words of ``introspect()``, for operators and for nobody else."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Reason:
    """``label`` stands in lists; ``sentence`` explains one token to somebody who may know."""

    label: str | Promise
    sentence: str | Promise


ACTIVE = {
    "": Reason(_("Active"), _("The token is good, with every scope that it was given.")),
    "narrowed": Reason(
        _("Active, with fewer scopes"),
        _("The token is good, but some of its scopes are no longer given to whom it is for."),
    ),
    "nothing_left": Reason(
        _("Active, without any scope"),
        _("The token is good for saying who it is. No scope of it is still given to them."),
    ),
}
RATE_LIMITED = "rate_limited"
# Answered without "active": true.
INACTIVE = {
    "unknown": Reason(
        _("Not known"),
        _(
            "This server has no such token. Either it was revoked, which deletes it, or it expired more than an hour "
            "ago, or another server or another tenant made it, or it is not complete."
        ),
    ),
    "expired": Reason(_("Expired"), _("Its time is over. The client should use its refresh token.")),
    "other_application": Reason(
        _("Another Application’s"),
        _("It is for another Application. The client asked with another resource, or sent the wrong token."),
    ),
    "tenant_closed": Reason(_("Tenant closed"), _("The tenant is closed or about to be.")),
    "application_disabled": Reason(
        _("Application disabled"), _("This Application is disabled. Enabling it brings its tokens back.")
    ),
    "client_denied": Reason(
        _("Client denied"), _("The client that holds it was denied or disabled. See OAuth clients.")
    ),
    "client_limited": Reason(
        _("Client limited"),
        _("The tenant’s limits keep the client from this Application. See OAuth clients."),
    ),
    "account_ended": Reason(_("Service account ended"), _("The service account that it is for has ended.")),
    "suspended": Reason(
        _("Suspended"), _("Whom it is for is suspended. Reactivating them brings the same token back.")
    ),
    "nobody": Reason(
        _("No longer here"), _("Whom it is for is neither an active member nor an end user here any more.")
    ),
    "consent_withdrawn": Reason(
        _("Consent withdrawn"), _("Whom it is for took their consent back, or an operator did.")
    ),
    RATE_LIMITED: Reason(
        _("Over the rate limit"),
        _(
            "The token is good, but whom it is for used up their calls. It was answered 429, with when to try again."
        ),
    ),
    "delegation_ended": Reason(
        _("Leave to act ended"),
        _("A workload held it in somebody’s name. Their leave, or the token that it was made from, is over."),
    ),
}


def reason_of(key: str, *, active: bool) -> Reason:
    """The words for a key; a key that is not known here shows as it is."""
    known = (ACTIVE if active else INACTIVE).get(key)
    return known or Reason(key.replace("_", " ").capitalize(), "")
