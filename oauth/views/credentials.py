"""Credentials, shown once: those of Applications and those of service accounts. Panels for the pages of authz."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from authsec.web.access import reauthenticate, requires
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request
from authz.models import Application, ServiceAccount
from oauth import client_key_changes, clients, credentials
from oauth.models import Client


def _application(request: Request, application_id: UUID) -> Application:
    found = Application.objects.filter(tenant_id=request.tenant.tenant_id, pk=application_id).first()
    if found is None:
        raise Http404
    return found


def _account(request: Request, service_account_id: UUID) -> ServiceAccount:
    found = ServiceAccount.objects.filter(
        tenant_id=request.tenant.tenant_id, pk=service_account_id, ended_at__isnull=True
    ).first()
    if found is None:
        raise Http404
    return found


@requires("apps:read")
def application_credentials(request: Request, application_id: UUID) -> HttpResponse:
    """The credentials with which an Application introspects; never their secrets."""
    return _application_panel(request, _application(request, application_id))


@requires("apps:manage")
@reauthenticate
@require_POST
def issue(request: Request, application_id: UUID) -> HttpResponse:
    """Make a credential and show its secret, once. Those in use go on for a day."""
    application = _application(request, application_id)
    try:
        secret = credentials.rotate(
            tenant_id=application.tenant_id,
            application_id=application.pk,
            actor=request.actor,
            now=timezone.now(),
        )
    except credentials.NoSuchApplication as error:
        raise Http404 from error
    return _application_panel(request, application, secret)


@requires("apps:manage")
@reauthenticate
@require_POST
def end(request: Request, application_id: UUID, credential_id: UUID) -> HttpResponse:
    """Stop a credential at once."""
    application = _application(request, application_id)
    row = credentials.live(
        tenant_id=application.tenant_id, application_id=application.pk, now=timezone.now()
    ).filter(pk=credential_id)
    if (found := row.first()) is None:
        raise Http404
    credentials.end(
        tenant_id=application.tenant_id,
        application_id=application.pk,
        credential_id=found.credential_id,
        actor=request.actor,
        now=timezone.now(),
    )
    return _application_panel(request, application)


def _application_panel(
    request: Request, application: Application, shown: tuple[str, str] | None = None
) -> HttpResponse:
    rows = credentials.live(
        tenant_id=application.tenant_id, application_id=application.pk, now=timezone.now()
    )
    context = {
        "application": application,
        "rows": rows,
        "shown": [(_("Id"), shown[0]), (_("Secret"), shown[1])] if shown else [],
        "crumbs": [
            (application.name, _url(request, "authz:application", application_id=application.pk)),
            (_("Credentials"), None),
        ],
    }
    response = page_or_partial(request, "oauth/application_credentials.html", context, partial="panel")
    response["Cache-Control"] = "no-store"
    return response


@requires("service_accounts:read")
def account_credentials(request: Request, service_account_id: UUID) -> HttpResponse:
    """The client with which a service account authenticates; never its secret."""
    return _account_panel(request, _account(request, service_account_id))


@requires("service_accounts:manage")
@reauthenticate
@require_POST
def rotate_account(request: Request, service_account_id: UUID) -> HttpResponse:
    """Give the account's client a new secret and show it, once; the old one stops at once."""
    account = _account(request, service_account_id)
    named: dict[str, Any] = {"tenant_id": account.tenant_id, "actor": request.actor, "now": timezone.now()}
    client = _client_of(account)
    if client is None:
        client, secret = clients.create_for_service_account(
            service_account_id=account.pk, name=account.name, **named
        )
    elif client.proves_by_key:
        return _account_panel(request, account)  # another tab gave it keys meanwhile
    else:
        secret = clients.rotate_secret(client_id=client.pk, **named)
    return _account_panel(request, account, (client.client_id, secret))


def _client_of(account: ServiceAccount) -> Client | None:
    found: Client | None = (
        Client.objects.filter(tenant_id=account.tenant_id, service_account=account)
        .order_by("created")
        .first()
    )
    return found


def _account_panel(
    request: Request, account: ServiceAccount, shown: tuple[str, str] | None = None
) -> HttpResponse:
    client = _client_of(account)
    context = {
        "account": account,
        "client": client,
        "proof": client_key_changes.facts(client) if client else {},
        "shown": [(_("Client id"), shown[0]), (_("Client secret"), shown[1])] if shown else [],
        "crumbs": [
            (account.name, _url(request, "authz:service_account", service_account_id=account.pk)),
            (_("Credentials"), None),
        ],
    }
    response = page_or_partial(request, "oauth/account_credentials.html", context, partial="panel")
    response["Cache-Control"] = "no-store"
    return response


def _url(request: Request, name: str, **ids: UUID) -> str | None:
    try:
        return reverse(name, kwargs={"slug": request.tenant.slug, **ids})
    except NoReverseMatch:
        return None
