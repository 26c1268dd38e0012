"""Giving a workload leave to act for oneself, and the console's panels that show who gave it."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from authsec.database.context import tenant_context
from authsec.web.access import requires, signed_in
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request
from authz.models import Application, ServiceAccount
from authz.resource_uri import canonical
from authz.views.links import crumbs, page
from authz.views.service_accounts import LIST
from oauth import consent, delegation
from oauth.authorization import MAX_QUERY
from oauth.client_authentication import find_client
from oauth.clients import kept_back
from oauth.issuance import Grantable, Subject, grantable_scopes, read_terms
from oauth.models import Client
from oauth.wishes import Wish, described, told
from tenants.models import TenantUser
from tenants.plain_text import one_line
from tenants.signin import Waiting, note_waiting, sign_in_of


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def give(request: Any) -> HttpResponse:
    """Ask a person whether a workload may act for them at one Application; a yes is a Consent like any other."""
    client = _workload(request.GET.get("client_id", ""))
    resource = canonical(request.GET.get("resource", ""))
    target = client and consent.find_target(resource_uri=resource, identity_id=request.user.pk, client=client)
    if client is None or target is None or target.user_id is None or len(request.get_full_path()) > MAX_QUERY:
        return render(request, "oauth/delegation_unknown.html", status=404)
    now, sign_in = timezone.now(), sign_in_of(request.session)
    with tenant_context(target.tenant_id, savepoint=False):
        terms = read_terms(
            tenant_id=target.tenant_id,
            subject=Subject("user", target.user_id, sign_in.mfa_at, request.client_ip),
            client_id=client.pk,
            application_id=target.application_id,
            at=now,
            consented=False,
        )
        asked = request.GET.get("scope", "").split()
        grantable = grantable_scopes(terms, requested=asked or list(terms.supported)) if terms else None
        if grantable is None or grantable.refusal:
            return render(request, "oauth/delegation_unknown.html", {"target": target}, status=403)
        if request.method == "POST":
            return _answer(request, client, target, grantable)
        return _page(request, client, target, grantable)


def _workload(client_id: str) -> Client | None:
    client = find_client(client_id)
    return client if client and client.service_account_id and client.tenant_id else None


def _page(
    request: Any, client: Client, target: consent.Target, grantable: Grantable, *, nothing: bool = False
) -> HttpResponse:
    words = described(target, grantable.requested)
    before = consent.consented_scopes(
        tenant_id=target.tenant_id,
        user_id=target.user_id,
        client_id=client.pk,
        application_id=target.application_id,
    )
    here = request.get_full_path()
    context = {
        "workload": one_line(client.name),
        "target": replace(
            target,
            application_name=one_line(target.application_name),
            tenant_name=one_line(target.tenant_name),
        ),
        "action": here,
        "before": before is not None,
        "granted": [(words[n], before is None or n in before) for n in grantable.granted],
        "waiting": [words[n] for n in grantable.waiting],
        "not_given": [words[n] for n in grantable.not_given],
        "step_up_url": _step_up_url(request, client, target, [words[n] for n in grantable.waiting]),
        "nothing": nothing,
    }
    response = render(request, "oauth/delegation_give.html", context, status=422 if nothing else 200)
    response["Cache-Control"] = "no-store"
    return response


def _step_up_url(request: Any, client: Client, target: consent.Target, waiting: list[Wish]) -> str:
    """The page that asks for the second factor, which says what waits for it; '' where nothing does."""
    if not waiting:
        return ""
    here = request.get_full_path()
    workload, application = one_line(client.name), one_line(target.application_name)
    noted = Waiting(workload, application, one_line(target.tenant_name), told(waiting))
    note_waiting(request.session, onward=here, waiting=noted)
    return f"{reverse('stepup')}?{urlencode({'next': here})}"


def _answer(request: Any, client: Client, target: consent.Target, grantable: Grantable) -> HttpResponse:
    """Nothing posted widens what is allowed: ticks choose from what the gate gives at this moment."""
    if request.POST.get("action") != "allow":
        messages.info(request, _("%s may not act for you") % client.name)
        return redirect("connections:own")
    ticked = set(request.POST.getlist("scopes"))
    chosen = [name for name in grantable.granted if name in ticked]
    if not chosen:
        return _page(request, client, target, grantable, nothing=True)
    consent.record(
        tenant_id=target.tenant_id,
        identity=request.user,
        client=client,
        grantable=grantable,
        scopes=chosen,
        ip=request.client_ip,
        request_id=request.id,
        now=timezone.now(),
    )
    messages.success(
        request,
        _("%(workload)s may act for you at %(application)s until you disconnect it")
        % {"workload": client.name, "application": target.application_name},
    )
    return redirect("connections:own")


@requires("tokens:read")
@require_safe
def user_delegations(request: Request, user_id: UUID) -> HttpResponse:
    """The panel of Effective Access: what stands between this person and a token, workloads and limited clients."""
    tenant_id = request.tenant.tenant_id
    if not TenantUser.objects.filter(tenant_id=tenant_id, pk=user_id).exists():
        raise Http404("No such person.")
    rows = delegation.of_user(tenant_id, user_id, now=timezone.now())
    return _panel(request, {"rows": rows, "of": "user", "kept": kept_back.from_user(tenant_id, user_id)})


@requires("service_accounts:read")
@require_safe
def account_delegations(request: Request, service_account_id: UUID) -> HttpResponse:
    """The panel of a service account: for whom it acts, and the links by which people allow it."""
    tenant_id = request.tenant.tenant_id
    account = ServiceAccount.objects.filter(tenant_id=tenant_id, pk=service_account_id).first()
    if account is None:
        raise Http404("No such service account.")
    client = Client.objects.filter(tenant_id=tenant_id, service_account=account).first()
    context = {
        "rows": delegation.of_account(tenant_id, service_account_id, now=timezone.now()),
        "of": "account",
        "kept": kept_back.from_account(tenant_id, service_account_id),
        "links": _links(tenant_id, client) if client and not account.ended_at else [],
        "crumbs": [
            *crumbs(request.tenant.slug, LIST),
            (account.name, page(request.tenant.slug, "service_account", service_account_id=account.pk)),
            (_("Acting for people"), None),
        ],
    }
    return _panel(request, context)


def _panel(request: Request, context: dict[str, Any]) -> HttpResponse:
    return page_or_partial(request, "oauth/delegations.html", context, partial="panel")


def _links(tenant_id: UUID, client: Client) -> list[tuple[str, str]]:
    """For each Application the address at which a person says yes."""
    found = Application.objects.filter(tenant_id=tenant_id, ended_at__isnull=True).order_by("name")[:20]
    return [
        (
            one.name,
            f"{settings.ISSUER}{reverse('connections:give')}?"
            + urlencode({"client_id": client.client_id, "resource": one.resource_uri}),
        )
        for one in found
    ]
