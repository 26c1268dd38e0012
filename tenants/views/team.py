"""Settings → Team: who works here, and the changes to one of them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from authsec.web.access import reauthenticate, requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request
from tenants import operations
from tenants.forms import OptionalReason, RequiredReason, TypeForm
from tenants.team import TeamMember, team

STATUSES = (("", "All"), ("active", "Active"), ("suspended", "Suspended"), ("left", "Left"))
TEXT_LIMIT = 200


@requires("team:read")
def people(request: Request) -> HttpResponse:
    """Everybody on one page, narrowed by status and text."""
    status, text = request.GET.get("status", ""), request.GET.get("q", "").strip()
    if status not in dict(STATUSES) or len(text) > TEXT_LIMIT or "\x00" in text:
        raise BadRequest("status is active, suspended or left; q at most 200 characters.")
    everybody = team(request.tenant.tenant_id, timezone.now())
    context = {
        "team": everybody,
        "people": everybody.narrowed(status, text),
        "status": status,
        "text": text,
        "statuses": [
            {"label": label, "url": address(key, text), "current": key == status} for key, label in STATUSES
        ],
        "crumbs": [("Settings", None), ("Team", None)],
    }
    return page_or_partial(request, "tenants/team.html", context, partial="update")


@requires("team:update")
@require_http_methods(["GET", "HEAD", "POST"])
def suspend(request: Request, member_id: UUID) -> HttpResponse:
    """Ask for the reason, say what stops; suspend a member."""
    form = RequiredReason(request.POST if request.method == "POST" else None)
    return change(request, member_id, form, "tenants/suspend.html", operations.suspend_member, "suspended")


@requires("team:update")
@require_http_methods(["GET", "HEAD", "POST"])
def reactivate(request: Request, member_id: UUID) -> HttpResponse:
    """Say what comes back; reactivate a member."""
    form = OptionalReason(request.POST if request.method == "POST" else None)
    return change(
        request, member_id, form, "tenants/reactivate.html", operations.reactivate_member, "reactivated"
    )


@requires("team:update")
@reauthenticate
@require_http_methods(["GET", "HEAD", "POST"])
def change_type(request: Request, member_id: UUID) -> HttpResponse:
    """Choose a type; give it to a member."""
    form = TypeForm(
        request.POST if request.method == "POST" else None,
        owners="org:make_owners" in request.decision.can,
        initial={"type": load(request, member_id).type},
    )
    return change(request, member_id, form, "tenants/type.html", operations.change_member_type, "changed")


@requires("team:update")
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: Request, member_id: UUID) -> HttpResponse:
    """Say what ends; remove a member."""
    form = OptionalReason(request.POST if request.method == "POST" else None)
    return change(request, member_id, form, "tenants/remove.html", operations.remove_member, "removed")


def load(request: Request, member_id: UUID) -> TeamMember:
    """The member of the address, or 404: unknown, another tenant's, no member, or gone."""
    found = team(request.tenant.tenant_id, timezone.now(), member_id).people
    if not found or found[0].status not in operations.COUNTS_AS_MEMBERSHIP:
        raise Http404("No such member.")
    return found[0]


def change(
    request: Request,
    member_id: UUID,
    form: forms.Form,
    template: str,
    verb: Callable[..., Any],
    done: str,
) -> HttpResponse:
    """Ask on GET, do on POST. 422 for a bad answer, 409 where the last active owner would be lost."""
    person, status = load(request, member_id), 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                verb(
                    tenant_id=request.tenant.tenant_id,
                    user_id=member_id,
                    actor=request.actor,
                    now=timezone.now(),
                    **form.cleaned_data,
                )
            except operations.LastOwner as error:
                form.add_error(None, str(error))
                status = 409
            else:
                messages.success(request, f"{person.name} {done} in {request.tenant.name}")
                return go_to(request, reverse("tenants:team", kwargs={"slug": request.tenant.slug}))
    context = {"person": person, "form": form, "crumbs": crumbs(request, person.name)}
    return page_or_partial(request, template, context, partial="dialog", status=status)


def crumbs(request: Request, last: str) -> list[tuple[str, str | None]]:
    """The way from the team to a page about one of them."""
    return [
        ("Settings", None),
        ("Team", reverse("tenants:team", kwargs={"slug": request.tenant.slug})),
        (last, None),
    ]


def address(status: str, text: str) -> str:
    """The query string of the team with this status and text."""
    query = QueryDict(mutable=True)
    query.update({key: value for key, value in (("status", status), ("q", text)) if value})
    return f"?{query.urlencode()}"
