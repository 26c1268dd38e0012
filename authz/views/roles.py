"""Roles: the list, a new one, one of them to read or to change."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from authsec.web.access import reauthenticate, requires
from authsec.web.htmx import go_to
from authsec.web.http import Request, posted, told
from authz import queries
from authz import roles as verbs
from authz.cedar import engine
from authz.contents import contents_of
from authz.forms.binding import ReasonForm
from authz.forms.role import RoleForm
from authz.models import Role
from authz.views import tables
from authz.views.asking import GET_OR_POST, ask
from authz.views.links import crumbs, page
from tenants.confirming import kept_answers

LIST = ("Roles", "roles")


@requires("roles:read")
@require_safe
def roles(request: Request) -> HttpResponse:
    """Roles that stand, by name."""
    found = tables.by_name(queries.roles(request.tenant.tenant_id), request.GET.get("cursor", ""))
    given = contents_of(found.items)
    context = {
        "page": found,
        "roles": [(role, given[role.pk]) for role in found.items],
        "crumbs": crumbs(request.tenant.slug, None, "Authz", "Roles"),
    }
    return render(request, "authz/roles.html", context)


@requires("roles:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def new(request: Request) -> HttpResponse:
    """Create a role; ``?copy=<id>`` begins with what another one gives."""
    known = queries.known_scopes(request.tenant.tenant_id)
    initial = _copied(request, known) | kept_answers(request)
    form = RoleForm(posted(request), known=known, initial=initial)
    if request.method == "POST" and form.is_valid():
        role = form.run(verbs.create, **told(request), **form.facts())
        if role:
            messages.success(request, f"{role.name} created")
            return redirect(page(request.tenant.slug, "role", role_id=role.pk))
    way = crumbs(request.tenant.slug, LIST, "New role")
    context = {"form": form, "back": page(request.tenant.slug, "roles"), "crumbs": way}
    return render(request, "authz/role_form.html", context, status=422 if form.errors else 200)


@requires("roles:read")
@require_safe
def role(request: Request, role_id: UUID) -> HttpResponse:
    """What a role gives and to whom."""
    found = load(request, role_id)
    given = contents_of([found])[found.pk]
    known = queries.known_scopes(found.tenant_id)
    context = {
        "role": found,
        "scopes": [(name, known.get(name, "")) for name in given.scopes],
        "tenant_groups": [(name, engine.tenant_groups().get(name, "")) for name in given.tenant_groups],
        "permissions": [
            (name, words, given.decided_by(name))
            for name, words in engine.actions().items()
            if name in given.console_permissions
        ],
        "bindings": tables.bindings(
            found.tenant_id, timezone.now(), request.GET.get("bindings", ""), role=found
        ),
        "crumbs": crumbs(request.tenant.slug, LIST, found.name),
    }
    return render(request, "authz/role.html", context)


@requires("roles:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def edit(request: Request, role_id: UUID) -> HttpResponse:
    """Change what a role gives; system roles can't be."""
    found = load(request, role_id, own=True)
    known = queries.known_scopes(found.tenant_id)
    initial = _facts(found, known) | {"name": found.name, "description": found.description}
    initial |= kept_answers(request)
    form = RoleForm(posted(request), known=known, initial=initial)
    back = page(request.tenant.slug, "role", role_id=role_id)
    if form.is_valid() and form.run(verbs.edit, **told(request), role_id=role_id, **form.facts()):
        messages.success(request, f"{found.name} changed")
        return redirect(back)
    way = [*crumbs(request.tenant.slug, LIST), (found.name, back), ("Edit", None)]
    context = {"form": form, "role": found, "back": back, "crumbs": way}
    return render(request, "authz/role_form.html", context, status=422 if form.errors else 200)


@requires("roles:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def archive(request: Request, role_id: UUID) -> HttpResponse:
    """Ask, then close a role."""
    found, form = load(request, role_id, own=True), ReasonForm(posted(request))
    facts = told(request, role_id=role_id)
    if form.is_valid() and form.run(verbs.archive, **facts, **form.cleaned_data):
        messages.success(request, f"{found.name} archived")
        return go_to(request, page(request.tenant.slug, "roles"))
    question = {
        "question": f"Archive {found.name} in {request.tenant.name}?",
        "lines": [
            (
                queries.bindings(found.tenant_id, role=found).values("pk").count(),
                "bindings give nothing any more, counted now",
            )
        ],
        "text": "The role stays in the history and can’t be opened again.",
        "reversible": False,
        "action": "Archive",
    }
    back = page(request.tenant.slug, "role", role_id=role_id)
    return ask(
        request, form, question, back=back, way=[*crumbs(request.tenant.slug, LIST), (found.name, back)]
    )


def load(request: Request, role_id: UUID, *, own: bool = False) -> Role:
    """The tenant's role that stands, or 404; ``own`` leaves system roles out."""
    rows = Role.objects.filter(tenant_id=request.tenant.tenant_id, pk=role_id, ended_at=None)
    found = (rows.filter(system_key="") if own else rows).first()
    if found is None:
        raise Http404("No such role.")
    return found


def _copied(request: Request, known: dict[str, str]) -> dict[str, Any]:
    try:
        source = load(request, UUID(request.GET.get("copy", "")))
    except ValueError:
        return {}
    return _facts(source, known) | {"name": f"Copy of {source.name}"[:100], "description": source.description}


def _facts(role: Role, known: dict[str, str]) -> dict[str, Any]:
    given = contents_of([role])[role.pk]
    return {
        "known_scopes": [name for name in given.scopes if name in known],
        "other_scopes": " ".join(name for name in given.scopes if name not in known),
        "tenant_groups": given.tenant_groups,
        "console_permissions": given.beyond_tenant_groups,
    }
