"""The tenant's own clients: made by hand, changed, given another secret, removed."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from authsec.web.access import reauthenticate, requires
from authsec.web.htmx import go_to
from authsec.web.http import Request, posted, told
from authz.models import Application
from oauth.clients import approvals
from oauth.clients import changes as client_changes
from oauth.clients import creation as clients
from oauth.clients.own_forms import ClientForm, NewClientForm
from oauth.clients.registration import LOGOUT_URI
from oauth.models import Client, ClientApproval
from oauth.views.client import GET_OR_POST, ask, crumbs, load, name_of, page_of
from tenants.confirming import kept_answers
from tenants.forms import OptionalReason


@requires("clients:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def new(request: Request) -> HttpResponse:
    """Make a client. A confidential one's secret is on the answer, once."""
    form = NewClientForm(posted(request), offered=_applications(request), initial=kept_answers(request))
    if request.method == "POST" and form.is_valid():
        made, secret = clients.create_for_tenant(**told(request), **form.facts())
        messages.success(request, _("%s made") % made.name)
        if not secret:
            return redirect(page_of(request, made.pk))
        return _secret(request, made, secret)
    context = {
        "form": form,
        "back": _list(request),
        "crumbs": [(_("OAuth clients"), _list(request)), (_("New client"), None)],
    }
    return render(request, "oauth/client_form.html", context, status=422 if form.errors else 200)


@requires("clients:manage")
@require_http_methods(GET_OR_POST)
def edit(request: Request, client_id: UUID) -> HttpResponse:
    """Change what a client is called, how people get in, where it leads and which Applications it may ask for."""
    row = _own(request, client_id)
    reach = approvals.reach_of(row.tenant_id, [client_id]).get(client_id, []) if row.limited_at else []
    initial = {
        "name": row.client.name,
        "ways": ClientForm.ways_of(row.client),
        "redirect_uris": "\n".join(row.client.redirect_uris.split()),
        "post_logout_redirect_uris": "\n".join(row.client.post_logout_redirect_uris.split()),
        "backchannel_logout_uri": row.client.metadata.get(LOGOUT_URI, ""),
        "applications": sorted({str(one.application_id) for one in reach}),
    }
    form = ClientForm(posted(request), offered=_applications(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        client_changes.edit(**told(request, client_id=client_id), **form.facts(row.client.grant_types))
        messages.success(request, _("%s changed") % form.cleaned_data["name"])
        return redirect(page_of(request, client_id))
    context = {
        "form": form,
        "client": row.client,
        "back": page_of(request, client_id),
        "crumbs": crumbs(request, row, _("Edit")),
    }
    return render(request, "oauth/client_form.html", context, status=422 if form.errors else 200)


@requires("clients:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def rotate(request: Request, client_id: UUID) -> HttpResponse:
    """Ask, then give a confidential client another secret, shown once."""
    row, form = _own(request, client_id), OptionalReason(posted(request))
    if row.client.client_type != Client.CLIENT_CONFIDENTIAL:
        messages.info(request, _("%s is public: it has no secret") % name_of(row))
        return redirect(page_of(request, client_id))
    if row.client.proves_by_key:
        messages.info(request, _("%s proves itself by a key: remove its keys first") % name_of(row))
        return redirect(page_of(request, client_id))
    if request.method == "POST" and form.is_valid():
        return _secret(request, row.client, clients.rotate_secret(**told(request, client_id=client_id)))
    question = {
        "question": _("Give %(name)s in %(tenant)s a new secret?")
        % {"name": name_of(row), "tenant": request.tenant.name},
        "text": _(
            "The old one stops at once: the client gets no token until it has the new one. Tokens live on."
        ),
        "action": _("New secret"),
        "reversible": False,
        "plain": True,  # the secret is on the page that answers
    }
    return ask(request, row, form, question)


@requires("clients:manage")
@require_http_methods(GET_OR_POST)
def remove(request: Request, client_id: UUID) -> HttpResponse:
    """Ask, then close a client of the tenant's own for good."""
    row, form = _own(request, client_id), OptionalReason(posted(request))
    if request.method == "POST" and form.is_valid():
        client_changes.close(**told(request, client_id=client_id), reason=form.cleaned_data["reason"])
        messages.success(request, _("%s removed") % name_of(row))
        return go_to(request, _list(request))
    question = {
        "question": _("Remove %(name)s from %(tenant)s?")
        % {"name": name_of(row), "tenant": request.tenant.name},
        "text": _(
            "Its registration is closed and its tokens answer inactive at the next introspection. To shut it "
            "out for a while, disable it."
        ),
        "action": _("Remove"),
        "reversible": False,
    }
    return ask(request, row, form, question)


def _own(request: Request, client_id: UUID) -> ClientApproval:
    """The tenant's own client that stands, or 404."""
    row = load(request, client_id)
    if row.client.tenant_id is None or row.client.disabled_at:
        raise Http404("Not a client of the tenant's own.")
    return row


def _secret(request: Request, client: Client, secret: str) -> HttpResponse:
    context: dict[str, Any] = {
        "client": client,
        "lines": [(_("Client ID"), client.client_id), (_("Secret"), secret)],
        "back": page_of(request, client.pk),
        "crumbs": [(_("OAuth clients"), _list(request)), (client.name, page_of(request, client.pk))],
    }
    response = render(request, "oauth/client_secret.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _applications(request: Request) -> Any:
    rows = Application.objects.filter(tenant_id=request.tenant.tenant_id, ended_at__isnull=True)
    return rows.order_by("name")


def _list(request: Request) -> str:
    return reverse("oauth:clients", kwargs={"slug": request.tenant.slug})
