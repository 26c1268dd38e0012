"""Suspending, reactivating and moving one end user: a question with its consequence, then the change."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from endusers import operations
from endusers.forms import TierForm
from endusers.models import PlanTier
from endusers.views.people import crumbs
from endusers.views.person import load
from tenants.forms import OptionalReason, RequiredReason


@requires("endusers:suspend")
@require_http_methods(["GET", "HEAD", "POST"])
def suspend(request: Request, user_id: UUID) -> HttpResponse:
    """Ask for the reason and show what stops; suspend."""
    end_user, form = (
        load(request, user_id),
        RequiredReason(posted(request)),
    )
    if request.method == "POST" and form.is_valid():
        operations.suspend(**told(request, user_id=user_id), reason=form.cleaned_data["reason"])
        undo = reverse("endusers:reactivate", kwargs={"slug": request.tenant.slug, "user_id": user_id})
        return changed(request, end_user, f"{end_user.name} suspended in {request.tenant.name}", undo)
    return ask(request, "endusers/suspend.html", end_user, form, "Suspend")


@requires("endusers:suspend")
@require_http_methods(["GET", "HEAD", "POST"])
def reactivate(request: Request, user_id: UUID) -> HttpResponse:
    """Say what comes back; reactivate."""
    end_user, form = (
        load(request, user_id),
        OptionalReason(posted(request)),
    )
    if request.method == "POST" and form.is_valid():
        operations.reactivate(**told(request, user_id=user_id), reason=form.cleaned_data["reason"])
        return changed(request, end_user, f"{end_user.name} reactivated in {request.tenant.name}")
    return ask(request, "endusers/reactivate.html", end_user, form, "Reactivate")


@requires("endusers:update")
@require_http_methods(["GET", "HEAD", "POST"])
def plan_tier(request: Request, user_id: UUID) -> HttpResponse:
    """Choose a plan tier (``?plan_tier=<key>`` opens with one); move the end user to it."""
    end_user = load(request, user_id)
    tiers = PlanTier.objects.filter(tenant_id=request.tenant.tenant_id, ended_at=None)
    form = TierForm(
        posted(request),
        tiers=[(tier.key, tier.name) for tier in tiers.order_by("created_at", "rate_limit")],
        initial={"plan_tier": request.GET.get("plan_tier") or end_user.plan_tier.key},
    )
    if request.method == "POST" and form.is_valid():
        moved = operations.set_plan_tier(
            **told(request, user_id=user_id),
            tier_key=form.cleaned_data["plan_tier"],
            reason=form.cleaned_data["reason"],
        )
        said = f"{end_user.name} is on {moved.plan_tier.name} now"
        return changed(request, end_user, said, shown_at="endusers:limits")
    return ask(request, "endusers/plan_tier.html", end_user, form, "Change plan tier")


def ask(request: Request, template: str, end_user: Any, form: forms.Form, verb: str) -> HttpResponse:
    """The question as a page or as a dialog; 422 when an answer was not valid."""
    back = reverse("endusers:detail", kwargs={"slug": request.tenant.slug, "user_id": end_user.user_id})
    context = {
        "end_user": end_user,
        "form": form,
        "back": back,
        "crumbs": crumbs(request, end_user.name, verb),
    }
    return page_or_partial(request, template, context, partial="dialog", status=422 if form.is_bound else 200)


def changed(
    request: Request, end_user: Any, said: str, undo: str = "", shown_at: str = "endusers:detail"
) -> HttpResponse:
    """Say what was done, on the end user's page, or the tab that shows it. ``undo``: where the notice's button posts to
    take it back.
    """
    messages.success(request, said, extra_tags=undo)
    where = {"slug": request.tenant.slug, "user_id": end_user.user_id}
    return go_to(request, reverse(shown_at, kwargs=where))
