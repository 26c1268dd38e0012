"""Bindings: who has which role where, one of them, and giving one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from authsec.audit.queries import about
from authsec.web.access import requires
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request, posted
from authz import bindings as verbs
from authz import filters, queries
from authz.binding_states import STATES, in_state
from authz.cedar import engine
from authz.conditions import conditions_of
from authz.contents import contents_of
from authz.effective.supported import by_application, supported_by
from authz.forms.binding import SUBJECT_KINDS, GiveAnybodyForm
from authz.holders import subject_of
from authz.models import Binding, Role
from authz.views import tables
from authz.views.asking import GET_OR_POST, missing_in, must_confirm
from authz.views.links import crumbs, page
from authz.what_if.changes.bindings import Bind
from authz.what_if.preview import Preview, preview
from endusers.filters import address
from tenants.confirming import confirm_first, kept_answers

LIST = ("Bindings", "bindings")
FEW = 5  # bindings that the panel of ends shows


@requires("bindings:read")
@require_safe
def bindings(request: Request) -> HttpResponse:
    """Bindings as the address filters them."""
    tenant_id, now = request.tenant.tenant_id, timezone.now()
    offered = queries.places_and_roles(tenant_id)
    chosen = filters.read(filters.BindingFilters(request.GET, offered), request.GET)
    state = chosen.form.cleaned_data["state"]
    context = {
        "bindings": tables.all_bindings(chosen, tenant_id, now),
        "chosen": chosen,
        "state": state,
        "views": [
            {"label": words, "url": address(request.GET, state=key or None), "current": key == state}
            for key, words in {"": "Current", **STATES}.items()
        ],
        "crumbs": crumbs(request.tenant.slug, None, "Authz", "Bindings"),
    }
    return page_or_partial(request, "authz/bindings.html", context, partial="update")


@requires("bindings:read")
@require_safe
def ending(request: Request) -> HttpResponse:
    """The few bindings that end next, for where somebody looks at access first."""
    tenant_id, now = request.tenant.tenant_id, timezone.now()
    soon = in_state(tenant_id, queries.ever_bound(tenant_id), "ending_soon", now).order_by("expires_at", "id")
    rows = list(soon[: FEW + 1])
    tables.dressed(rows[:FEW], now)
    context = {
        "soon": rows[:FEW],
        "more": len(rows) > FEW,
        "crumbs": crumbs(request.tenant.slug, LIST, "Ending soon"),
    }
    return page_or_partial(request, "authz/bindings_ending.html", context, partial="panel")


@requires("bindings:read")
@require_safe
def binding(request: Request, binding_id: UUID) -> HttpResponse:
    """One binding: its terms, what it gives, whom it reaches, and what became of it."""
    tenant_id, now = request.tenant.tenant_id, timezone.now()
    found = load(request, binding_id, ended=True)
    tables.dressed([found], now)
    given = contents_of([found.role])[found.role_id]
    supported = supported_by(tenant_id=tenant_id, at=now)
    if found.application_id:
        supported = {key: one for key, one in supported.items() if key == found.application_id}
    known, rest = by_application(given.scopes, supported)
    permissions = given.console_permissions if not found.plan_tier_id else frozenset()
    context = {
        "binding": found,
        "known": known,
        "rest": rest,
        "permissions": [(name, words) for name, words in engine.actions().items() if name in permissions],
        "former": [(terms, tables.conditions(terms, now)) for terms in queries.former_terms(found)],
        "reach": queries.reach(tenant_id, found),
        "entries": about(tenant_id, binding_id) if "audit:read" in request.decision.can else None,
        "crumbs": crumbs(request.tenant.slug, LIST, found.role.name),
    }
    return render(request, "authz/binding.html", context)


@requires("bindings:create")
@require_http_methods(GET_OR_POST)
def new(request: Request) -> HttpResponse:
    """Give a role to a group, service account, plan tier or person; ``?like=<id>`` begins with another one's terms."""
    tenant_id = request.tenant.tenant_id
    initial = _like(request) | _named(request) | kept_answers(request)
    form = GiveAnybodyForm(posted(request), tenant_id=tenant_id, initial=initial)
    if request.method == "POST" and form.is_valid():
        if must_confirm(request, verbs.console_permissions(tenant_id, form.cleaned_data["role"])):
            return confirm_first(request)
        given = form.give(actor=request.actor, now=timezone.now(), **form.cleaned_data["given"])
        if given:
            messages.success(request, f"{given.role.name} given to {subject_of(given)}")
            return redirect(page(request.tenant.slug, "binding", binding_id=given.pk))
    context = {"form": form, "crumbs": crumbs(request.tenant.slug, LIST, "Give a role")}
    return render(request, "authz/binding_new.html", context, status=form.status)


@requires("bindings:create")
@require_POST
def effect(request: Request) -> HttpResponse:
    """What the form that gives a role would do if it were sent now. Nothing is changed.

    htmx asks as the form is filled in; without it the answer is the form's page with what was typed.
    """
    tenant_id, now = request.tenant.tenant_id, timezone.now()
    form = GiveAnybodyForm(request.POST, tenant_id=tenant_id)
    context = {"form": form, "crumbs": crumbs(request.tenant.slug, LIST, "Give a role")}
    valid = form.is_valid()
    role_id: Any = form.cleaned_data.get("role")
    context["gives"] = contents_of(Role.objects.filter(tenant_id=tenant_id, pk=role_id)).get(role_id)
    if valid:
        facts = form.facts(now, **form.cleaned_data["given"])
        change = Bind(**{name: value for name, value in facts.items() if name != "tenant_id"})
        context["preview"] = preview(tenant_id=tenant_id, change=change, actor=request.actor, now=now)
        context["ends_at"] = facts["expires_at"]
    else:
        context["preview"] = Preview(missing=missing_in(form))
    template = "authz/binding_effect.html" if request.htmx else "authz/binding_new.html"
    return render(request, template, context)


def _named(request: Request) -> dict[str, Any]:
    """What the address names. A link may call the subject what it is: ``user``, ``group``, ``service_account``…"""
    given: dict[str, Any] = request.GET.dict()
    if "user" in given:
        given.setdefault("person", given["user"])
    for letter, (argument, _model) in SUBJECT_KINDS.items():
        if key := given.get(argument.removesuffix("_id")):
            given.setdefault("subject", f"{letter}:{key}")
    return given


def _like(request: Request) -> dict[str, Any]:
    """What the form opens with when it gives again what an earlier binding gave; the end is said anew."""
    try:
        found = load(request, UUID(request.GET.get("like", "")), ended=True)
    except ValueError:
        return {}
    conditions = conditions_of(found)
    letter = {"g": found.group_id, "s": found.service_account_id, "p": found.plan_tier_id}
    return {
        "subject": next((f"{kind}:{key}" for kind, key in letter.items() if key), ""),
        "person": str(found.user_id or ""),
        "role": found.role_id,
        "application": found.application_id or "",
        "mfa_within": conditions.mfa_max_age_s or "",
        "addresses": " ".join(conditions.allowed_ip_cidrs),
        "reason": found.reason,
    }


def load(request: Request, binding_id: UUID, *, ended: bool = False) -> Binding:
    """The tenant's binding, or 404; one that has been ended counts if ``ended``."""
    tenant_id = request.tenant.tenant_id
    rows = queries.ever_bound(tenant_id) if ended else queries.bindings(tenant_id)
    found = rows.filter(pk=binding_id).first()
    if found is None:
        raise Http404("No such binding.")
    return found
