"""One end user: where they stand, what they reach, what happened."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from authsec.audit.queries import about
from authsec.web.access import requires
from authsec.web.http import Request
from endusers import queries
from endusers.views.people import crumbs


@requires("endusers:read")
def person(request: Request, user_id: UUID) -> HttpResponse:
    """One end user: where they stand, what they reach, what happened."""
    end_user = load(request, user_id)
    context = {
        "end_user": end_user,
        "entries": about(request.tenant.tenant_id, user_id),
        "crumbs": crumbs(request, end_user.name),
    }
    return render(request, "endusers/detail.html", context)


def load(request: Request, user_id: UUID) -> Any:
    """The end user of the address with a ``name``, or 404: unknown, another tenant's, or a member only."""
    end_user: Any = queries.standing(request.tenant.tenant_id, user_id)
    if end_user is None:
        raise Http404("No such end user.")
    end_user.name = end_user.display_name or end_user.email
    return end_user
