"""The request as our views know it: what the middleware put there, with its types."""

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from authsec.audit.actor import Actor
    from authz.console import Decision, Powers
    from tenants.queries import MembershipCard


class Request(HttpRequest):
    """A request past the middleware of the console.

    ``tenant`` and ``membership`` are the same card of the caller's membership; views under ``/t/<slug>/`` always have
    one, and ``powers``, what they may do there. ``decision`` is there where the view's mark names an action.
    """

    id: str
    client_ip: str | None
    htmx: "HtmxDetails"
    actor: "Actor"
    tenant: "MembershipCard"
    membership: "MembershipCard"
    memberships: "list[MembershipCard]"
    powers: "Powers"
    decision: "Decision"
