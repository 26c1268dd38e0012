"""Applications: the list, registering one, one of them with its scopes, and turning it off."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from authsec.web.access import requires
from authsec.web.htmx import go_to
from authsec.web.http import Request, posted, told
from authz import applications as verbs
from authz import queries
from authz.application_changes import change
from authz.forms.application import ApplicationForm, EditForm, scope_rows
from authz.forms.binding import ReasonForm
from authz.models import Application
from authz.refusals import Refused
from authz.scope_changes import set_scopes
from authz.views import tables
from authz.views.asking import GET_OR_POST, ask
from authz.views.links import crumbs, page
from tenants.operations import PlanLimit

LIST = ("Applications", "applications")
QUESTIONS: dict[str, dict[str, Any]] = {
    "disable": {
        "text": "Nobody gets a token for it, and existing ones answer inactive at the next call. Enabling it brings "
        "the same ones back.",
        "reversible": True,
        "action": "Disable",
    },
    "enable": {"text": "Its tokens answer again.", "reversible": True, "action": "Enable"},
    "archive": {
        "text": "It stays in the history; its bindings give nothing any more. Its name and address become free.",
        "reversible": False,
        "action": "Archive",
    },
}


@requires("apps:read")
@require_safe
def applications(request: Request) -> HttpResponse:
    """Applications that stand, by name."""
    context = {
        "page": tables.by_name(queries.applications(request.tenant.tenant_id), request.GET.get("cursor", "")),
        "crumbs": crumbs(request.tenant.slug, None, "Applications"),
    }
    return render(request, "authz/applications.html", context)


@requires("apps:manage")
@require_http_methods(GET_OR_POST)
def new(request: Request) -> HttpResponse:
    """Register an Application with its scopes."""
    form, rows = ApplicationForm(posted(request)), scope_rows(posted(request))
    status = 422 if posted(request) is not None else 200
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        try:
            made = verbs.register(**told(request), **form.cleaned_data, scopes=rows.specs())
        except Refused as refusal:
            rows.show(refusal.errors, form)
        except PlanLimit as refusal:
            form.add_error(None, str(refusal))
            status = 409
        else:
            messages.success(request, f"{made.name} registered")
            return redirect(page(request.tenant.slug, "application", application_id=made.pk))
    context = {"form": form, "rows": rows, "crumbs": crumbs(request.tenant.slug, LIST, "Register")}
    return render(request, "authz/application_new.html", context, status=status)


@requires("apps:read")
@require_safe
def application(request: Request, application_id: UUID) -> HttpResponse:
    """One Application: facts, scopes, who is bound on it."""
    found = load(request, application_id)
    context = {
        "application": found,
        "scopes": queries.scopes(found.tenant_id, found.pk),
        "bindings": tables.bindings(
            found.tenant_id, timezone.now(), request.GET.get("bindings", ""), application=found
        ),
        "crumbs": crumbs(request.tenant.slug, LIST, found.name),
    }
    return render(request, "authz/application.html", context)


@requires("apps:manage")
@require_http_methods(GET_OR_POST)
def edit(request: Request, application_id: UUID) -> HttpResponse:
    """Change an Application's facts."""
    found = load(request, application_id)
    form = EditForm.of(found, posted(request), request.FILES or None)
    which = told(request, application_id=application_id)
    if form.is_valid() and form.run(change, **which, **form.said()):
        messages.success(request, f"{form.cleaned_data['name']} changed")
        return redirect(around(request, found)["back"])
    context = {"form": form, "application": found, **_below(request, found, "Edit")}
    return render(request, "authz/application_edit.html", context, status=422 if form.errors else 200)


@requires("apps:manage")
@require_http_methods(GET_OR_POST)
def scopes(request: Request, application_id: UUID) -> HttpResponse:
    """Declare the scopes that the Application understands."""
    found = load(request, application_id)
    rows = scope_rows(posted(request), list(queries.scopes(found.tenant_id, found.pk)))
    if request.method == "POST" and rows.is_valid():
        try:
            set_scopes(**told(request), application_id=application_id, scopes=rows.specs())
        except Refused as refusal:
            rows.show(refusal.errors)
        else:
            messages.success(request, f"Scopes of {found.name} changed")
            return redirect(around(request, found)["back"])
    context = {"rows": rows, "application": found, **_below(request, found, "Scopes")}
    status = 422 if request.method == "POST" else 200
    return render(request, "authz/application_scopes.html", context, status=status)


@requires("apps:manage")
@require_http_methods(GET_OR_POST)
def switch(request: Request, application_id: UUID, verb: str) -> HttpResponse:
    """Ask, then disable, enable or archive."""
    found, form, question = load(request, application_id), ReasonForm(posted(request)), QUESTIONS[verb]
    if request.method == "POST" and form.is_valid():
        act = {"disable": verbs.disable, "enable": verbs.enable, "archive": verbs.archive}[verb]
        reason = form.cleaned_data["reason"]
        if form.run(act, **told(request), application_id=application_id, reason=reason):
            messages.success(request, f"{found.name} {verb}d")
            after = around(request, found)["back"]
            return go_to(request, page(request.tenant.slug, "applications") if verb == "archive" else after)
    asked = f"{question['action']} {found.name} in {request.tenant.name}?"
    return ask(request, form, question | {"question": asked}, **around(request, found))


def load(request: Request, application_id: UUID) -> Application:
    """The tenant's Application that stands, or 404."""
    rows = Application.objects.filter(tenant_id=request.tenant.tenant_id, pk=application_id, ended_at=None)
    found = rows.first()
    if found is None:
        raise Http404("No such Application.")
    return found


def around(request: Request, found: Application) -> dict[str, Any]:
    """Where a page below the Application leads back to, and the way to it."""
    back = page(request.tenant.slug, "application", application_id=found.pk)
    return {"back": back, "way": [*crumbs(request.tenant.slug, LIST), (found.name, back)]}


def _below(request: Request, found: Application, label: str) -> dict[str, Any]:
    near = around(request, found)
    return {"back": near["back"], "crumbs": [*near["way"], (label, None)]}
