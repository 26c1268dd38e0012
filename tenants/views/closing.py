"""Closing a tenant: what stops, counted now, and the slug typed out."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from authsec.web.access import reauthenticate, requires
from authsec.web.http import Request, posted
from tenants import operations
from tenants.forms import ClosingForm
from tenants.plans import usage
from tenants.views.settings import crumbs


@requires("org:close")
@reauthenticate
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: Request) -> HttpResponse:
    """Say what stops; close the tenant for everybody."""
    now, card = timezone.now(), request.tenant
    form = ClosingForm(posted(request), slug=card.slug)
    if form.is_valid():
        operations.close_tenant(
            tenant_id=card.tenant_id, actor=request.actor, now=now, reason=form.cleaned_data["reason"]
        )
        messages.success(request, _("%s is closed.") % card.name)
        return redirect("account_tenants")
    context = {
        "form": form,
        "uses": usage(tenant_id=card.tenant_id, plan=card.plan, now=now),
        "until": operations.reopens_until(now),
        "crumbs": crumbs(request, _("Close")),
    }
    return render(request, "tenants/close.html", context, status=422 if form.errors else 200)
