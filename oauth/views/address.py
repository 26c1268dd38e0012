"""Whether an Application's address is proved to be its tenant's, and looking for a proof."""

from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from authsec.web.access import requires
from authsec.web.htmx import go_to
from authsec.web.http import Request
from authz.models import Application
from authz.views.applications import around, load
from oauth import proof, verification


@requires("apps:read")
@require_http_methods(["GET", "HEAD"])
def address(request: Request, application_id: UUID) -> HttpResponse:
    """How the address is proved, since when, when it was looked at last, and the ways to prove it."""
    found = load(request, application_id)
    context = {
        "application": found,
        "tab": "address",
        "busy": request.GET.get("again") == "later",
        "document_url": proof.document_url(found.resource_uri),
        "document": _document(request, found),
        "record_name": proof.record_name(found.resource_uri),
        "record": proof.record_value(found.pk),
        "crumbs": [*around(request, found)["way"], ("Address", None)],
    }
    return render(request, "oauth/application_address.html", context)


@requires("apps:manage")
@require_http_methods(["POST"])
def verify(request: Request, application_id: UUID) -> HttpResponse:
    """Look for a proof, once the transaction is over; then back to the page, which says what came of it."""
    found = load(request, application_id)
    place = reverse("oauth:address", kwargs={"slug": request.tenant.slug, "application_id": found.pk})
    request.errand = partial(_look, found, request.actor, place)
    return go_to(request, place)


def _look(found: Application, actor: Any, place: str, response: HttpResponse) -> None:
    try:
        verification.verify(
            tenant_id=found.tenant_id, application_id=found.pk, actor=actor, now=timezone.now()
        )
    except (verification.NotProved, verification.Taken, verification.NoSuchApplication):
        return  # the page says it
    except verification.Busy:
        response["HX-Redirect" if "HX-Redirect" in response else "Location"] = f"{place}?again=later"


def _document(request: Request, found: Application) -> str:
    return request.build_absolute_uri(reverse("protocol:protected_resource", args=[found.pk]))
