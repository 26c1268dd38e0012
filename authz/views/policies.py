"""The policies in force, read-only, and the actions that they decide about."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from authsec.web.access import requires
from authsec.web.http import Request
from authz.cedar import engine
from authz.views.links import crumbs


@requires("policies:read")
@require_safe
def policies(request: Request) -> HttpResponse:
    """Each policy with its sentence, and the list of actions."""
    context = {
        "policies": engine.policies(),
        "actions": engine.actions().items(),
        "crumbs": crumbs(request.tenant.slug, None, "Authz", "Policies"),
    }
    return render(request, "authz/policies.html", context)
