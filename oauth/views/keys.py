"""What proves itself by a key, a service account or a client of the tenant's own: its public keys, set and removed."""

import json
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from authsec.web.access import reauthenticate, requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from authz.refusals import Escalation
from authz.views.links import Crumbs, crumbs
from authz.views.service_accounts import LIST
from oauth.clients import key_changes as client_key_changes
from oauth.clients import known as known_clients
from oauth.clients.own_forms import KeysForm
from oauth.models import Client
from tenants.forms import OptionalReason

GET_OR_POST = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class Holder:
    """Whose keys they are: the client that authenticates by them, what people call it, its page and the way there."""

    client: Client
    name: str
    page: str
    way: Crumbs


@requires("service_accounts:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def set_account_keys(request: Request, service_account_id: UUID) -> HttpResponse:
    """Ask for public keys, then let the account prove itself by them and by nothing else."""
    return _set(request, _account(request, service_account_id))


@requires("service_accounts:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def remove_account_keys(request: Request, service_account_id: UUID) -> HttpResponse:
    """Say what stops, then take the account's keys away."""
    return _remove(request, _account(request, service_account_id))


@requires("clients:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def set_client_keys(request: Request, client_id: UUID) -> HttpResponse:
    """Ask for public keys, then let a client of the tenant's own prove itself by them and by nothing else."""
    holder = _client(request, client_id)
    return _public(request, holder) or _set(request, holder)


@requires("clients:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def remove_client_keys(request: Request, client_id: UUID) -> HttpResponse:
    """Say what stops, then take the client's keys away."""
    holder = _client(request, client_id)
    return _public(request, holder) or _remove(request, holder)


def _set(request: Request, holder: Holder) -> HttpResponse:
    form = KeysForm(posted(request), initial=_present(holder.client))
    if request.method == "POST" and form.is_valid():
        try:
            keys = form.cleaned_data["keys"]
            client_key_changes.set_keys(**told(request, client_id=holder.client.pk), keys=keys)
        except Escalation as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("%s proves itself by its key now") % holder.name)
            return go_to(request, holder.page)
    return _dialog(request, "oauth/keys.html", holder, form)


def _remove(request: Request, holder: Holder) -> HttpResponse:
    form = OptionalReason(posted(request))
    if request.method == "POST":
        try:
            client_key_changes.remove_keys(**told(request, client_id=holder.client.pk))
        except Escalation as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("%s has no keys any more") % holder.name)
            return go_to(request, holder.page)
    return _dialog(request, "oauth/keys_remove.html", holder, form)


def _dialog(request: Request, template: str, holder: Holder, form: KeysForm | OptionalReason) -> HttpResponse:
    context = {
        "name": holder.name,
        "client": holder.client,
        "form": form,
        "back": holder.page,
        "crumbs": [*holder.way, (holder.name, holder.page), (_("Keys"), None)],
    }
    status = 422 if request.method == "POST" else 200
    return page_or_partial(request, template, context, partial="dialog", status=status)


def _public(request: Request, holder: Holder) -> HttpResponse | None:
    """Where to send who asks for the keys of a client that proves nothing; None for the others."""
    if holder.client.client_type == Client.CLIENT_CONFIDENTIAL:
        return None
    messages.info(request, _("%s is public: it has no keys") % holder.name)
    return go_to(request, holder.page)


def _account(request: Request, service_account_id: UUID) -> Holder:
    clients = Client.objects.filter(
        tenant_id=request.tenant.tenant_id,
        service_account_id=service_account_id,
        service_account__ended_at__isnull=True,
        disabled_at__isnull=True,
    )
    client = clients.select_related("service_account").order_by("created").first()
    if client is None or client.service_account is None:
        raise Http404
    names = {"slug": request.tenant.slug, "service_account_id": service_account_id}
    above = crumbs(request.tenant.slug, LIST)
    return Holder(client, client.service_account.name, reverse("authz:service_account", kwargs=names), above)


def _client(request: Request, client_id: UUID) -> Holder:
    row = known_clients.one_of(request.tenant.tenant_id, client_id)
    if row is None or row.client.tenant_id is None or row.client.disabled_at:
        raise Http404("Not a client of the tenant's own.")
    names = {"slug": request.tenant.slug, "client_id": client_id}
    above: Crumbs = [(_("OAuth clients"), reverse("oauth:clients", kwargs={"slug": request.tenant.slug}))]
    return Holder(row.client, row.client.name, reverse("oauth:client", kwargs=names), above)


def _present(client: Client) -> dict[str, str]:
    if client.jwks_uri or not client.jwks:
        return {"jwks_uri": client.jwks_uri}
    return {"jwks": json.dumps(client.jwks, indent=2)}
