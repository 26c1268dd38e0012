"""OAuth clients as a tenant sees them: who came, who is let in, and by which rule."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from authsec.web.pagination import paginate
from oauth.clients import known as known_clients
from oauth.clients import policy as client_policy
from oauth.clients.forms import REMOVED, FilterForm, PolicyForm
from oauth.documents.logos import logo_url
from oauth.models import Client, ClientApproval, ClientPolicy

VIEWS: tuple[tuple[object, dict[str, str]], ...] = (
    (_lazy("All"), {}),
    (_lazy("Waiting for review"), {"status": "pending"}),
    (_lazy("Denied"), {"status": "denied"}),
    (_lazy("Made here"), {"origin": "hand"}),
)


@requires("clients:read")
@require_safe
def clients(request: Request) -> HttpResponse:
    """One page of the clients that came to this tenant or were made in it, the latest used first."""
    tenant_id, form = request.tenant.tenant_id, FilterForm.read(request.GET)
    asked, policy = form.cleaned_data, client_policy.of_tenant(request.tenant.tenant_id)
    rows = known_clients.of_tenant(tenant_id, removed=asked["status"] == REMOVED)
    if asked["origin"]:
        rows = known_clients.from_origin(rows, asked["origin"])
    if asked["status"] and asked["status"] != REMOVED:
        rows = client_policy.with_status(rows, asked["status"], policy)
    page = paginate(
        known_clients.search(rows, asked["q"]), column="last_seen_at", cursor=request.GET.get("cursor", "")
    )
    usage = known_clients.usage_of(tenant_id, [row.client_id for row in page.items])
    waiting = _waiting(request, policy)
    context = {
        "page": page,
        "rows": [shown(row, policy) | {"usage": usage[row.client_id]} for row in page.items],
        "policy": policy,
        "form": form,
        "waiting": waiting,
        "views": [_view(request, label, chosen, waiting) for label, chosen in VIEWS],
        "crumbs": [(_("OAuth clients"), None)],
    }
    return page_or_partial(request, "oauth/clients.html", context, partial="update")


def shown(row: ClientApproval, policy: ClientPolicy) -> dict[str, Any]:
    """One client as lists and its own page show it."""
    client: Client = row.client
    return {
        "row": row,
        "client": client,
        "name": client.name or _("An unnamed client"),
        "status": client_policy.let_in(row, policy),
        "origin": known_clients.origin_of(client),
        "hosts": known_clients.redirect_hosts(client),
        "logo": logo_url(client),
    }


def _waiting(request: Request, policy: ClientPolicy) -> int:
    """How many wait for somebody's word. No statement where the policy makes nobody wait."""
    if client_policy.Policy.REVIEW not in (policy.metadata_policy, policy.registration_policy):
        return 0
    rows = known_clients.of_tenant(request.tenant.tenant_id)
    return client_policy.with_status(rows, client_policy.ClientStatus.PENDING, policy).count()


def _view(request: Request, label: object, chosen: dict[str, str], waiting: int) -> dict[str, Any]:
    present = {name: request.GET[name] for name in ("status", "origin") if request.GET.get(name)}
    query = "&".join(f"{name}={value}" for name, value in chosen.items())
    return {
        "label": label,
        "url": reverse("oauth:clients", kwargs={"slug": request.tenant.slug})
        + (f"?{query}" if query else ""),
        "current": present == chosen,
        "count": waiting if chosen.get("status") == "pending" and waiting else None,
    }


@requires("clients:approve")
@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: Request) -> HttpResponse:
    """Which clients are let in without a word of the tenant's, and whom another answer would affect."""
    tenant_id, present = request.tenant.tenant_id, client_policy.of_tenant(request.tenant.tenant_id)
    tried = request.method != "POST" and "metadata_policy" in request.GET
    initial = PolicyForm.initial_of(present)
    form = PolicyForm(request.GET if tried else posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        client_policy.set_policy(**told(request), **form.cleaned_data)
        messages.success(request, _("Client policy saved"))
        return go_to(request, reverse("oauth:clients", kwargs={"slug": request.tenant.slug}))
    context: dict[str, Any] = {
        "form": form,
        "tried": tried and form.is_valid(),
        "moves": client_policy.moves(tenant_id, present, ClientPolicy(**form.cleaned_data))
        if form.is_bound and form.is_valid()
        else [],
        "crumbs": [
            (_("OAuth clients"), reverse("oauth:clients", kwargs={"slug": request.tenant.slug})),
            (_("Policy"), None),
        ],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "oauth/client_policy.html", context, status=status)
