"""A service account's client: made with the account, its secret shown once and rotated, how it was used last."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from authsec.web.access import reauthenticate, requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from authz import service_accounts
from authz.forms.group import GroupForm
from authz.models import Application, ServiceAccount
from authz.views.asking import GET_OR_POST
from authz.views.links import Crumbs, crumbs, page
from authz.views.service_accounts import LIST
from oauth import connections
from oauth.clients import creation as clients
from oauth.clients import key_changes as client_key_changes
from oauth.models import Client, Decision
from tenants.confirming import kept_answers

OVERLAPS = [
    ("86400", gettext_lazy("works for another day")),
    ("3600", gettext_lazy("works for another hour")),
    ("604800", gettext_lazy("works for another week")),
    ("0", gettext_lazy("stops at once, as after a leak")),
]


class RotationForm(forms.Form):
    """What becomes of the secret that is replaced."""

    overlap = forms.TypedChoiceField(
        label=gettext_lazy("The present secret"),
        choices=OVERLAPS,
        coerce=int,
        initial="86400",
        required=False,
    )


@requires("service_accounts:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def new(request: Request) -> HttpResponse:
    """Make a service account with its client, and show the secret, once."""
    form = GroupForm(posted(request), initial=kept_answers(request))
    if request.method == "POST" and form.is_valid():
        at = told(request)
        account = form.run(service_accounts.create, **at, **form.cleaned_data)
        if account:
            client, secret = clients.create_for_service_account(
                service_account_id=account.pk, name=account.name, **at
            )
            return _shown_once(request, account, client, secret)
    context = {
        "form": form,
        "title": _("Create a service account in %(tenant)s") % {"tenant": request.tenant.name},
        "action": _("Create service account"),
        "back": page(request.tenant.slug, "service_accounts"),
        "crumbs": crumbs(request.tenant.slug, LIST, _("Create service account")),
    }
    return render(request, "authz/name_it.html", context, status=422 if form.errors else 200)


@requires("service_accounts:read")
@require_safe
def panel(request: Request, service_account_id: UUID) -> HttpResponse:
    """The client with which a service account authenticates, and how it was used last; never its secret."""
    account, now = _account(request, service_account_id), timezone.now()
    client = _client_of(account)
    context = {
        "account": account,
        "client": client,
        "proof": client_key_changes.facts(client) if client else {},
        "old_until": client.old_secret_until if client and client.has_old_secret(now) else None,
        "last": _last_use(account),
        "crumbs": [*_way(request, account), (_("Credentials"), None)],
    }
    response = page_or_partial(request, "oauth/account_credentials.html", context, partial="panel")
    response["Cache-Control"] = "no-store"
    return response


@requires("service_accounts:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def rotate(request: Request, service_account_id: UUID) -> HttpResponse:
    """Ask what becomes of the present secret, then give the account's client another and show it, once."""
    account, form = _account(request, service_account_id), RotationForm(posted(request))
    client, at = _client_of(account), told(request)
    if client is not None and client.proves_by_key:
        messages.info(request, _("%s proves itself by a key: remove its keys first") % account.name)
        return go_to(request, _page_of(request, account))
    if request.method == "POST" and form.is_valid():
        if client is None:
            made = clients.create_for_service_account(service_account_id=account.pk, name=account.name, **at)
            return _shown_once(request, account, *made)
        overlap = timedelta(seconds=form.cleaned_data["overlap"] or 0)
        secret = clients.rotate_secret(client_id=client.pk, overlap=overlap, **at)
        client.refresh_from_db()
        return _shown_once(request, account, client, secret)
    question = {
        "question": _("Give %(name)s in %(tenant)s a new secret?") % _names(request, account),
        "text": _("Tokens live on. Only one old secret works beside the new one: an older one stops now."),
        "action": _("New secret"),
        "plain": True,  # the secret is on the page that answers
        "form": form,
    }
    return _ask(request, question, account, status=422 if form.errors else 200)


@requires("service_accounts:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def end_old(request: Request, service_account_id: UUID) -> HttpResponse:
    """Ask, then stop the secret before the last rotation."""
    account = _account(request, service_account_id)
    client = _client_of(account)
    if client is None or not client.has_old_secret(timezone.now()):
        messages.info(request, _("No old secret of %s works any more") % account.name)
        return go_to(request, _page_of(request, account))
    if request.method == "POST":
        clients.end_old_secret(**told(request, client_id=client.pk))
        messages.success(request, _("The old secret of %s has ended") % account.name)
        return go_to(request, _page_of(request, account))
    question = {
        "question": _("End the old secret of %(name)s in %(tenant)s now?") % _names(request, account),
        "text": _(
            "Whoever still uses it gets no token from now on. The new secret works, and tokens live on."
        ),
        "action": _("End old secret"),
    }
    return _ask(request, question, account)


@requires("service_accounts:read")
@require_safe
def consequence(request: Request, service_account_id: UUID) -> HttpResponse:
    """The tokens that stop when the account ends, counted now."""
    account, now = _account(request, service_account_id), timezone.now()
    alive = sum(connections.live_tokens(account.tenant_id, account.pk, now=now).values())
    context = {
        "person": account.name,
        "lines": [(f"{alive:,}", ngettext("token answers inactive", "tokens answer inactive", alive))],
        "counted_at": now,
        "crumbs": [*_way(request, account), (_("What stops"), None)],
    }
    return page_or_partial(request, "oauth/closing_consequence.html", context, partial="lines")


def _account(request: Request, service_account_id: UUID) -> ServiceAccount:
    rows = ServiceAccount.objects.filter(tenant_id=request.tenant.tenant_id, ended_at=None)
    found = rows.filter(pk=service_account_id).first()
    if found is None:
        raise Http404("No such service account.")
    return found


def _client_of(account: ServiceAccount) -> Client | None:
    rows = Client.objects.filter(tenant_id=account.tenant_id, service_account=account)
    found: Client | None = rows.order_by("created").first()
    return found


def _last_use(account: ServiceAccount) -> dict[str, Any] | None:
    """The latest token for an Application: when, for which, by which client and grant. None without one."""
    rows = Decision.objects.filter(tenant_id=account.tenant_id, subject=account.pk)
    last = rows.order_by("-at").values("at", "client_name", "grant_type", "application_id").first()
    if last is None:
        return None
    place = Application.objects.filter(tenant_id=account.tenant_id, pk=last["application_id"]).first()
    grant = str(last["grant_type"]).rpartition(":")[2].replace("_", " ").replace("-", " ")
    return last | {"application": place.name if place else "", "grant": grant}


def _shown_once(request: Request, account: ServiceAccount, client: Client, secret: str) -> HttpResponse:
    context = {
        "client": account,
        "lines": [(_("Client ID"), client.client_id), (_("Client secret"), secret)],
        "old_until": client.old_secret_until,
        "back": _page_of(request, account),
        "crumbs": [*_way(request, account), (_("Secret"), None)],
    }
    response = render(request, "oauth/client_secret.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _ask(
    request: Request, question: dict[str, Any], account: ServiceAccount, status: int = 200
) -> HttpResponse:
    back = _page_of(request, account)
    context = question | {"back": back, "crumbs": [*_way(request, account), (question["action"], None)]}
    return page_or_partial(request, "oauth/credentials_ask.html", context, partial="dialog", status=status)


def _names(request: Request, account: ServiceAccount) -> dict[str, str]:
    return {"name": account.name, "tenant": request.tenant.name}


def _way(request: Request, account: ServiceAccount) -> Crumbs:
    return [*crumbs(request.tenant.slug, LIST), (account.name, _page_of(request, account))]


def _page_of(request: Request, account: ServiceAccount) -> str:
    given = {"slug": request.tenant.slug, "service_account_id": account.pk}
    return reverse("authz:service_account", kwargs=given)
