"""Opening another tenant."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from authsec.web.access import signed_in
from authsec.web.http import posted
from tenants import operations
from tenants.forms import NewTenantForm


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new_tenant(request: Any) -> HttpResponse:
    """A name, and a slug if one wants to choose it; whoever opens a tenant owns it."""
    form, status, wait = NewTenantForm(posted(request)), 200, None
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                tenant = operations.open_own_tenant(
                    identity=request.user, actor=request.actor, now=timezone.now(), **form.cleaned_data
                )
            except operations.TenantError as error:
                about_slug = isinstance(error, operations.SlugTaken | operations.BadSlug)
                form.add_error("slug" if about_slug else None, str(error))
                wait = getattr(error, "retry_after", None)
                status = 429 if wait else 409 if isinstance(error, operations.SlugTaken) else 422
            else:
                messages.success(request, _("%s is open, and yours.") % tenant.name)
                return redirect("workspace", slug=tenant.slug)
    response = render(request, "account/new_tenant.html", {"form": form}, status=status)
    if wait:
        response["Retry-After"] = str(wait)
    return response
