"""Settings → General."""

from django.http import HttpResponse
from django.shortcuts import render

from authsec.web.access import requires
from authsec.web.http import Request
from tenants.models import Tenant


@requires("org:read")
def general(request: Request) -> HttpResponse:
    """The tenant's name, slug, plan and id."""
    context = {
        "row": Tenant.objects.get(pk=request.tenant.tenant_id),
        "crumbs": [("Settings", None), ("General", None)],
    }
    return render(request, "tenants/general.html", context)
