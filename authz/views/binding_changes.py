"""What happens to a binding after it was given: other terms, its end, and the end undone."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from authsec.web import clock
from authsec.web.access import requires
from authsec.web.htmx import go_to
from authsec.web.http import Request, posted, told
from authz import bindings as verbs
from authz import queries
from authz.conditions import conditions_of
from authz.forms.binding import ReasonForm
from authz.forms.terms import ChangeTermsForm
from authz.holders import holder_of, subject_of
from authz.models import Binding
from authz.refusals import Refused
from authz.views.asking import GET_OR_POST, ask, consequences, missing_in, must_confirm
from authz.views.bindings import LIST, load
from authz.views.links import Crumbs, crumbs, links_for, page
from authz.what_if.changes.bindings import ChangeBinding, EndBinding
from authz.what_if.preview import Preview, preview
from tenants.confirming import confirm_first, kept_answers


@requires("bindings:create")
@require_http_methods(GET_OR_POST)
def change(request: Request, binding_id: UUID) -> HttpResponse:
    """Extend or shorten a binding, change its conditions or what is said about it; shown before, if asked."""
    found = load(request, binding_id)
    asked = request.GET.dict() | kept_answers(request)
    form = ChangeTermsForm(posted(request), binding=found, initial=asked)
    if request.method == "POST" and (request.htmx or "show" in request.POST):
        return _terms(request, form, found, _effect(request, form, found))
    if request.method == "POST" and form.is_valid():
        if must_confirm(request, verbs.console_permissions(found.tenant_id, found.role_id)):
            return confirm_first(request)
        if form.change(actor=request.actor, now=timezone.now()):
            messages.success(request, "The terms are changed")
            return redirect(page(request.tenant.slug, "binding", binding_id=binding_id))
    return _terms(request, form, found)


def _effect(request: Request, form: ChangeTermsForm, found: Binding) -> dict[str, Any]:
    """What the new terms would do: a preview, and when they end."""
    if not form.is_valid():
        return {"preview": Preview(missing=missing_in(form))}
    now = timezone.now()
    terms = form.terms(now)
    change = ChangeBinding(binding_id=found.pk, given=terms)
    about = told(request) | {"now": now}
    return {"preview": preview(**about, change=change), "ends_at": terms["expires_at"]}


def _terms(
    request: Request, form: ChangeTermsForm, found: Binding, effect: dict[str, Any] | None = None
) -> HttpResponse:
    """The form's page; for htmx only the column that says what it does."""
    context = {
        "form": form,
        "binding": found,
        "subject": subject_of(found),
        "back": page(request.tenant.slug, "binding", binding_id=found.pk),
        "crumbs": [*_way(request, found), ("Change terms", None)],
        **(effect or {}),
    }
    template = "authz/binding_effect.html" if request.htmx else "authz/binding_change.html"
    return render(request, template, context, status=200 if effect else form.status)


@requires("bindings:end")
@require_http_methods(GET_OR_POST)
def end(request: Request, binding_id: UUID) -> HttpResponse:
    """Ask, then end a binding; back to where the subject is shown, with a way to undo it."""
    found, form = load(request, binding_id), ReasonForm(posted(request))
    back = links_for(request)(*_shown_at(found)) or page(request.tenant.slug, "bindings")
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if form.run(verbs.end, **told(request), binding_id=binding_id, reason=reason):
            may_undo = "bindings:create" in request.decision.can
            undo = page(request.tenant.slug, "binding_again", binding_id=binding_id) if may_undo else ""
            text = f"{found.role.name} ended for {subject_of(found)}"
            messages.success(request, text, extra_tags=undo)
            return go_to(request, back)
    return ask(request, form, _question(request, found), back=back, way=_way(request, found))


@requires("bindings:create")
@require_POST
def again(request: Request, binding_id: UUID) -> HttpResponse:
    """Undo an end: bind anew under the same terms. The binding that was ended stays as history."""
    found = load(request, binding_id, ended=True)
    back = page(request.tenant.slug, "binding", binding_id=binding_id)
    if must_confirm(request, verbs.console_permissions(found.tenant_id, found.role_id)):
        return confirm_first(request)
    about = told(request) | holder_of(found)
    try:
        given = verbs.bind(
            **about,
            role_id=found.role_id,
            application_id=found.application_id,
            conditions=conditions_of(found),
            expires_at=found.expires_at,
            reason=found.reason,
        )
    except Refused as refusal:
        messages.error(request, f"Not given again. {' '.join(refusal.errors.values())}")
        return redirect(back)
    messages.success(request, f"{subject_of(found)} has {found.role.name} again")
    return redirect(page(request.tenant.slug, "binding", binding_id=given.pk))


def _shown_at(found: Binding) -> tuple[str, UUID | None]:
    """What has a page of its own with this binding on it: the group, or the account, that it is for."""
    return ("group", found.group_id) if found.group_id else ("service-account", found.service_account_id)


def _question(request: Request, found: Binding) -> dict[str, Any]:
    place = f"on {found.application.name}" if found.application else "tenant-wide"
    until = f" It would end by itself on {clock.full(found.expires_at)}." if found.expires_at else ""
    effect = preview(**told(request), change=EndBinding(binding_id=found.pk))
    count = queries.reach(found.tenant_id, found)
    reached = (
        "person or account is reached by it" if count.value == 1 else "people and accounts are reached by it"
    )
    return {
        "question": f"End {found.role.name} for {subject_of(found)} in {request.tenant.name}?",
        "lines": [(count, reached), *consequences(effect)],
        "text": f"It counts {place} until now.{until} It stays in the history; a new binding gives the role again.",
        "reversible": True,
        "action": "End",
    }


def _way(request: Request, found: Binding) -> Crumbs:
    one = page(request.tenant.slug, "binding", binding_id=found.pk)
    return [*crumbs(request.tenant.slug, LIST), (found.role.name, one)]
