"""OAuth clients as a tenant sees them: who came, who is let in, and by which rule."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from authsec.web.pagination import paginate
from oauth import clients as verbs
from oauth import connections
from oauth.forms import PolicyForm
from oauth.models import ClientPolicy
from tenants.forms import OptionalReason


@requires("clients:read")
def clients(request: Request) -> HttpResponse:
    """One page of the clients that came to this tenant, the latest first."""
    tenant_id = request.tenant.tenant_id
    page = paginate(
        connections.clients_of(tenant_id), column="last_seen_at", cursor=request.GET.get("cursor", "")
    )
    policy = ClientPolicy.objects.filter(tenant_id=tenant_id).first() or ClientPolicy(tenant_id=tenant_id)
    people = connections.people_of(tenant_id, [row.client_id for row in page.items])
    context = {
        "page": page,
        "rows": [(row, connections.let_in(row, policy), people.get(row.client_id, 0)) for row in page.items],
        "policy": policy,
        "crumbs": [(_("OAuth clients"), None)],
    }
    return page_or_partial(request, "oauth/clients.html", context, partial="rows")


@requires("clients:approve")
@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: Request, client_id: UUID) -> HttpResponse:
    """Ask, then let the client in."""
    return _decide(request, client_id, "approve")


@requires("clients:approve")
@require_http_methods(["GET", "HEAD", "POST"])
def deny(request: Request, client_id: UUID) -> HttpResponse:
    """Say what stops, then shut the client out."""
    return _decide(request, client_id, "deny")


def _decide(request: Request, client_id: UUID, verb: str) -> HttpResponse:
    tenant_id = request.tenant.tenant_id
    row = connections.clients_of(tenant_id).filter(client_id=client_id).first()
    if row is None:
        raise Http404
    form = OptionalReason(posted(request))
    if request.method == "POST" and form.is_valid():
        decide = verbs.approve if verb == "approve" else verbs.deny
        reason = form.cleaned_data["reason"]
        decide(**told(request, client_id=client_id), reason=reason)
        name = row.client.name or row.client.client_id
        said = _("%s may ask here now") if verb == "approve" else _("%s is denied; its tokens are inactive")
        messages.success(request, said % name)
        return go_to(request, reverse("oauth:clients", kwargs={"slug": request.tenant.slug}))
    context = {
        "row": row,
        "verb": verb,
        "form": form,
        "people": connections.people_of(tenant_id, [client_id]).get(client_id, 0),
        "crumbs": _crumbs(request, row.client.name or row.client.client_id),
    }
    status = 422 if request.method == "POST" else 200
    return page_or_partial(request, "oauth/client_decision.html", context, partial="dialog", status=status)


@requires("clients:approve")
@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: Request) -> HttpResponse:
    """Which clients are let in without a word of the tenant's."""
    tenant_id = request.tenant.tenant_id
    present = ClientPolicy.objects.filter(tenant_id=tenant_id).first()
    form = PolicyForm(posted(request), instance=present)
    if request.method == "POST" and form.is_valid():
        verbs.set_policy(**told(request), **form.cleaned_data)
        messages.success(request, _("Client policy saved"))
        return go_to(request, reverse("oauth:clients", kwargs={"slug": request.tenant.slug}))
    context: dict[str, Any] = {"form": form, "crumbs": _crumbs(request, _("Policy"))}
    status = 422 if request.method == "POST" else 200
    return page_or_partial(request, "oauth/client_policy.html", context, partial="dialog", status=status)


def _crumbs(request: Request, last: str) -> list[tuple[str, str | None]]:
    above = (_("OAuth clients"), reverse("oauth:clients", kwargs={"slug": request.tenant.slug}))
    return [above, (last, None)]
