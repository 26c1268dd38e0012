"""A service account that proves itself by a key: giving it public keys, and taking them away."""

import json
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from authsec.web.access import reauthenticate, requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from authz.models import ServiceAccount
from authz.refusals import Escalation
from oauth import client_key_changes
from oauth.forms import KeysForm
from oauth.models import Client
from tenants.forms import OptionalReason


@requires("service_accounts:manage")
@reauthenticate
@require_http_methods(["GET", "HEAD", "POST"])
def set_keys(request: Request, service_account_id: UUID) -> HttpResponse:
    """Ask for public keys, then let the account prove itself by them and by nothing else."""
    account, client = _found(request, service_account_id)
    form = KeysForm(posted(request), initial=_present(client))
    if request.method == "POST" and form.is_valid():
        try:
            keys = form.cleaned_data["keys"]
            client_key_changes.set_keys(**told(request, client_id=client.pk), keys=keys)
        except Escalation as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("%s proves itself by its key now") % account.name)
            return go_to(request, _page(request, account))
    return _dialog(request, "oauth/account_keys.html", account, client, form)


@requires("service_accounts:manage")
@reauthenticate
@require_http_methods(["GET", "HEAD", "POST"])
def remove_keys(request: Request, service_account_id: UUID) -> HttpResponse:
    """Say what stops, then take the keys away."""
    account, client = _found(request, service_account_id)
    form = OptionalReason(posted(request))
    if request.method == "POST":
        try:
            client_key_changes.remove_keys(**told(request, client_id=client.pk))
        except Escalation as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("%s has no keys any more") % account.name)
            return go_to(request, _page(request, account))
    return _dialog(request, "oauth/account_keys_remove.html", account, client, form)


def _dialog(
    request: Request, template: str, account: ServiceAccount, client: Client, form: KeysForm | OptionalReason
) -> HttpResponse:
    context = {
        "account": account,
        "client": client,
        "form": form,
        "back": _page(request, account),
        "crumbs": [(account.name, _page(request, account)), (_("Keys"), None)],
    }
    status = 422 if request.method == "POST" else 200
    return page_or_partial(request, template, context, partial="dialog", status=status)


def _found(request: Request, service_account_id: UUID) -> tuple[ServiceAccount, Client]:
    clients = Client.objects.filter(
        tenant_id=request.tenant.tenant_id,
        service_account_id=service_account_id,
        service_account__ended_at__isnull=True,
        disabled_at__isnull=True,
    )
    client = clients.select_related("service_account").order_by("created").first()
    if client is None or client.service_account is None:
        raise Http404
    return client.service_account, client


def _present(client: Client) -> dict[str, str]:
    if client.jwks_uri or not client.jwks:
        return {"jwks_uri": client.jwks_uri}
    return {"jwks": json.dumps(client.jwks, indent=2)}


def _page(request: Request, account: ServiceAccount) -> str:
    return reverse(
        "authz:service_account", kwargs={"slug": request.tenant.slug, "service_account_id": account.pk}
    )
