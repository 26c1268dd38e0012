"""One end user's own rate limit: giving it, and giving the plan tier's back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from endusers import limits, operations
from endusers.forms import LimitForm
from endusers.views.people import crumbs
from endusers.views.person import load
from tenants.forms import OptionalReason


@requires("endusers:update")
@require_http_methods(["GET", "HEAD", "POST"])
def give(request: Request, user_id: UUID) -> HttpResponse:
    """Ask how many calls, until when and why; give the limit."""
    end_user, now = load(request, user_id), timezone.now()
    own = limits.own_limit(end_user)
    form = LimitForm(posted(request), initial=LimitForm.initial_of(limits.limit_of(end_user, now)))
    if request.method == "POST" and form.is_valid():
        operations.set_rate_limit(**told(request, user_id=user_id), override=form.override())
        undo = "" if own else reverse("endusers:limit_clear", args=[request.tenant.slug, user_id])
        messages.success(request, _("%s has a rate limit of their own now") % end_user.name, extra_tags=undo)
        return go_to(request, _back(request, user_id))
    return _ask(request, "endusers/limit_give.html", end_user, form, own=own, title=_("Rate limit"))


@requires("endusers:update")
@require_http_methods(["GET", "HEAD", "POST"])
def clear(request: Request, user_id: UUID) -> HttpResponse:
    """Say which limit counts then; take their own away."""
    end_user, form = load(request, user_id), OptionalReason(posted(request))
    own = limits.own_limit(end_user)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        operations.set_rate_limit(**told(request, user_id=user_id), override=None, reason=reason)
        messages.success(request, _("%s has the plan tier’s rate limit again") % end_user.name)
        return go_to(request, _back(request, user_id))
    if own is None:
        return redirect(_back(request, user_id))
    title = _("Take the rate limit away")
    return _ask(request, "endusers/limit_clear.html", end_user, form, own=own, title=title)


def _back(request: Request, user_id: UUID) -> str:
    return reverse("endusers:limits", kwargs={"slug": request.tenant.slug, "user_id": user_id})


def _ask(
    request: Request, template: str, end_user: Any, form: Any, *, own: limits.Limit | None, title: str
) -> HttpResponse:
    context = {
        "end_user": end_user,
        "form": form,
        "own": own,
        "back": _back(request, end_user.user_id),
        "crumbs": crumbs(request, end_user.name, title),
    }
    status = 422 if form.is_bound else 200
    return page_or_partial(request, template, context, partial="dialog", status=status)
