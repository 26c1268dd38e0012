"""Panels and pages of an Application that need to know its tokens: launch, activity, and trying a token."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from authsec.web.access import requires
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request, posted
from authz.models import Application
from authz.views.applications import around, load
from oauth import launch, throttle, trial
from oauth.forms import TokenForm
from oauth.usage import callers
from oauth.usage.report import PERIODS, report


@requires("apps:read")
@require_safe
def launch_checklist(request: Request, application_id: UUID) -> HttpResponse:
    """What is done and what is still to do before people can use the Application."""
    found = load(request, application_id)
    steps = launch.steps(tenant_id=found.tenant_id, application_id=found.pk)
    shown = [(step, _place(request, found, step)) for step in steps]
    context = {
        **_around(request, found, "Launch"),
        "steps": shown,
        "done": sum(step.done for step in steps),
        "next": next((step for step in steps if not step.done), None),
    }
    return page_or_partial(request, "oauth/application_launch.html", context, partial="panel")


def _place(request: Request, found: Application, step: launch.Step) -> str:
    if step.right not in request.decision.can:
        return ""
    named = {"slug": request.tenant.slug}
    if step.place != "authz:binding_new":
        named["application_id"] = str(found.pk)
    return reverse(step.place, kwargs=named) + (f"?{step.query}" if step.query else "")


@requires("apps:read")
@require_safe
def activity(request: Request, application_id: UUID) -> HttpResponse:
    """How often the Application asked, and what it was answered, over time and by reason."""
    found = load(request, application_id)
    period = PERIODS.get(request.GET.get("period", ""), PERIODS["day"])
    if request.htmx.target == "callers":
        context = _around(request, found, "Activity") | _callers(request, found, period.key)
        return render(request, "oauth/top_callers.html", context)
    told = report(tenant_id=found.tenant_id, application_id=found.pk, period=period, now=timezone.now())
    first = told.columns[0][0]
    start = f"{first:%H:%M} UTC" if period.key == "day" else f"{first:%-d %b}"
    context = {
        **_around(request, found, "Activity"),
        "tab": "activity",
        "period": period,
        "periods": [
            {"label": each.label, "url": f"?period={key}", "current": each is period}
            for key, each in PERIODS.items()
        ],
        "report": told,
        "start": start,
        "active_values": [active for _, active, _ in told.columns],
        "refused_values": [refused for _, _, refused in told.columns],
        **_callers(request, found, period.key),
    }
    return render(request, "oauth/application_activity.html", context)


def _callers(request: Request, found: Application, shown: str) -> dict[str, Any]:
    """Who calls most, now or today, for whom may read tokens; the other period stays in the address.

    Asked for by the page itself once it is there: what it waits for is the introspections.
    """
    if "tokens:read" not in request.decision.can:
        return {}
    asked = request.GET.get("callers", "")
    current = asked if asked in callers.PERIODS else "now"
    wanted = bool(asked) or request.htmx.target == "callers"
    return {
        "callers_current": current,  # without a fragment: htmx would scroll there by itself
        "callers": callers.top(application=found, period=current, now=timezone.now()) if wanted else None,
        "callers_periods": [
            {"label": words, "url": f"?period={shown}&callers={key}#callers", "current": key == current}
            for key, words in callers.PERIODS.items()
        ],
    }


@requires("apps:manage")
@require_http_methods(["GET", "HEAD", "POST"])
def try_token(request: Request, application_id: UUID) -> HttpResponse:
    """What the Application would be told about a token, and why. The token is neither kept nor shown again."""
    found, form, tried, status = load(request, application_id), TokenForm(posted(request)), None, 200
    if request.method == "POST" and not form.is_valid():
        status = 422
    elif request.method == "POST" and not throttle.hit("try", str(request.actor.id)):
        form.add_error(None, "Too many tokens in a minute. Wait a little.")
        status = 429
    elif request.method == "POST":
        token = form.cleaned_data["token"]
        tried = trial.explain(
            tenant_id=found.tenant_id, application_id=found.pk, token=token, now=timezone.now()
        )
        form = TokenForm()
    context = {
        **_around(request, found, "Try it"),
        "tab": "try",
        "form": form,
        "tried": tried,
        "facts": trial.facts_of(tried) if tried else [],
    }
    response = render(request, "oauth/application_try.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _around(request: Request, found: Application, label: str) -> dict[str, Any]:
    return {"application": found, "crumbs": [*around(request, found)["way"], (label, None)]}
