"""A person's own connections: every client they allowed, in every tenant."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authsec.web.access import signed_in
from oauth import connections, consent
from oauth.models import Consent
from tenants.views.account import account_tabs


@signed_in
def own(request: Any) -> HttpResponse:
    """The list, newest first."""
    context = {"tabs": account_tabs(request), "rows": connections.of_identity(request.user.pk)}
    return render(request, "oauth/own_connections.html", context)


@signed_in
@require_POST
def withdraw(request: Any, consent_id: UUID) -> HttpResponse:
    """Take a consent back: the client's tokens for that Application die at once."""
    tenant_id = connections.tenant_of(request.user.pk, consent_id)
    if tenant_id is None:
        raise Http404
    name = request.user.get_full_name()
    with tenant_context(tenant_id, savepoint=False):
        user_id = Consent.objects.values_list("user_id", flat=True).get(tenant_id=tenant_id, pk=consent_id)
        actor = Actor("end_user", user_id, name, ip=request.client_ip, via="console", request_id=request.id)
        ended = consent.withdraw(tenant_id=tenant_id, consent_id=consent_id, actor=actor, now=timezone.now())
        client = ended.client.name or ended.client.client_id
    messages.success(request, _("%s can use nothing as you there any more") % client)
    return redirect("connections:own")
