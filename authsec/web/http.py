"""The request as our views know it: what the middleware put there, with its types, and what views take out of it."""

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, QueryDict
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse
    from django_htmx.middleware import HtmxDetails

    from authsec.audit.actor import Actor
    from authz.console import Decision, Powers
    from tenants.queries import MembershipCard


class Request(HttpRequest):
    """A request past the middleware of the console.

    ``tenant`` and ``membership`` are the same card of the caller's membership; views under ``/t/<slug>/`` always have
    one, and ``powers``, what they may do there. ``decision`` is there where the view's mark names an action.
    A view may leave an ``errand``: what is done once the transaction is over, told the response to finish.
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
    errand: "Callable[[HttpResponse], None]"


def posted(request: HttpRequest) -> QueryDict | None:
    """The form's data, also when it is empty; None on GET."""
    return request.POST if request.method == "POST" else None


def told(request: Request, **about: Any) -> dict[str, Any]:
    """What every verb in a tenant is told: the tenant, who acts, when, and what it is ``about``."""
    return {"tenant_id": request.tenant.tenant_id, "actor": request.actor, "now": timezone.now()} | about
