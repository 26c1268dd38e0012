"""Bindings: who has which role where, giving one, ending one."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from authsec.web.access import requires
from authsec.web.htmx import go_to
from authsec.web.http import Request, posted, told
from authz import bindings as verbs
from authz import queries
from authz.forms.binding import GiveAnybodyForm, ReasonForm
from authz.models import Binding
from authz.views import tables
from authz.views.asking import GET_OR_POST, ask, must_confirm
from authz.views.links import crumbs, page
from tenants.confirming import confirm_first, kept_answers

LIST = ("Bindings", "bindings")


@requires("bindings:read")
@require_safe
def bindings(request: Request) -> HttpResponse:
    """Bindings that haven't been ended, newest first."""
    context = {
        "bindings": tables.bindings(
            request.tenant.tenant_id, timezone.now(), request.GET.get("bindings", "")
        ),
        "crumbs": crumbs(request.tenant.slug, None, "Authz", "Bindings"),
    }
    return render(request, "authz/bindings.html", context)


@requires("bindings:create")
@require_http_methods(GET_OR_POST)
def new(request: Request) -> HttpResponse:
    """Give a role to a group, service account, plan tier or person."""
    tenant_id = request.tenant.tenant_id
    initial = request.GET.dict() | kept_answers(request)
    form = GiveAnybodyForm(posted(request), tenant_id=tenant_id, initial=initial)
    if request.method == "POST" and form.is_valid():
        if must_confirm(request, verbs.console_permissions(tenant_id, form.cleaned_data["role"])):
            return confirm_first(request)
        given = form.cleaned_data["given"]
        if form.give(actor=request.actor, now=timezone.now(), **given):
            messages.success(request, "The role is given")
            return redirect(page(request.tenant.slug, "bindings"))
    context = {"form": form, "crumbs": crumbs(request.tenant.slug, LIST, "Give a role")}
    return render(request, "authz/binding_new.html", context, status=422 if form.errors else 200)


@requires("bindings:end")
@require_http_methods(GET_OR_POST)
def end(request: Request, binding_id: UUID) -> HttpResponse:
    """Ask, then end a binding; back to where the subject is shown."""
    tenant_id = request.tenant.tenant_id
    found, form = load(request, binding_id), ReasonForm(posted(request))
    back = page(request.tenant.slug, "bindings")
    if found.group_id:
        back = page(request.tenant.slug, "group", group_id=found.group_id)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if form.run(verbs.end, **told(request), binding_id=binding_id, reason=reason):
            messages.success(request, f"{found.role.name} ended for {verbs.subject_of(found)}")
            return go_to(request, back)
    place = f"on {found.application.name}" if found.application else "tenant-wide"
    question = {
        "question": f"End {found.role.name} for {verbs.subject_of(found)} in {request.tenant.name}?",
        "lines": [_reach(queries.reach(tenant_id, found))],
        "text": f"It counts {place} until now. It stays in the history; a new binding gives the role again.",
        "reversible": True,
        "action": "End",
    }
    return ask(request, form, question, back=back, way=[*crumbs(request.tenant.slug, LIST)])


def _reach(count: int) -> tuple[int, str]:
    return count, "subject loses what it gives" if count == 1 else "subjects lose what it gives them"


def load(request: Request, binding_id: UUID) -> Binding:
    """The tenant's binding that hasn't been ended, or 404."""
    rows = Binding.objects.filter(tenant_id=request.tenant.tenant_id, pk=binding_id, ended_at=None)
    found = rows.select_related("role", "application").first()
    if found is None:
        raise Http404("No such binding.")
    return found
