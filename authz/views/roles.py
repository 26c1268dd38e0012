"""Roles: the list, and one of them to read."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_safe

from authsec.web.access import requires
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request
from authz import filters, queries
from authz.cedar import engine
from authz.contents import contents_of
from authz.effective.supported import by_application, supported_by
from authz.models import Role
from authz.role_history import Step, history_of
from authz.views import tables
from authz.views.links import crumbs
from endusers.filters import address

LIST = ("Roles", "roles")
VIEWS = {"": "All", "own": "Own", "system": "System", "archived": "Archived"}


@requires("roles:read")
@require_safe
def roles(request: Request) -> HttpResponse:
    """Roles as the address filters them, by name."""
    tenant_id = request.tenant.tenant_id
    chosen = filters.read(filters.RoleFilters(request.GET), request.GET)
    kind = chosen.form.cleaned_data["kind"]
    found = tables.by_name(chosen.form.narrow(tenant_id, queries.roles(tenant_id)), chosen.cursor)
    given = contents_of(found.items)
    context = {
        "page": found,
        "roles": [(role, given[role.pk]) for role in found.items],
        "chosen": chosen,
        "kind": kind,
        "views": [
            {"label": words, "url": address(request.GET, kind=key or None), "current": key == kind}
            for key, words in VIEWS.items()
        ],
        "crumbs": crumbs(request.tenant.slug, None, "Authz", "Roles"),
    }
    return page_or_partial(request, "authz/roles.html", context, partial="update")


@requires("roles:read")
@require_safe
def role(request: Request, role_id: UUID) -> HttpResponse:
    """What a role gives, to whom, and what it gave before."""
    found, now = load(request, role_id, archived=True), timezone.now()
    given = contents_of([found])[found.pk]
    known, rest = by_application(given.scopes, supported_by(tenant_id=found.tenant_id, at=now))
    context = {
        "role": found,
        "scope_count": len(given.scopes),
        "known": known,
        "rest": rest,
        "tenant_groups": [(name, engine.tenant_groups().get(name, "")) for name in given.tenant_groups],
        "permissions": [
            (name, words, given.decided_by(name))
            for name, words in engine.actions().items()
            if name in given.console_permissions
        ],
        "bindings": tables.bindings(found.tenant_id, now, request.GET.get("bindings", ""), role=found),
        "entries": [_entry(step, found) for step in history_of(found)],
        "crumbs": crumbs(request.tenant.slug, LIST, found.name),
    }
    return page_or_partial(request, "authz/role.html", context, partial="page")


def load(request: Request, role_id: UUID, *, own: bool = False, archived: bool = False) -> Role:
    """The tenant's role, or 404; ``own`` leaves system roles out, ``archived`` takes archived ones in."""
    rows = Role.objects.filter(tenant_id=request.tenant.tenant_id, pk=role_id)
    rows = rows.filter(system_key="") if own else rows
    found = (rows if archived else rows.filter(ended_at=None)).first()
    if found is None:
        raise Http404("No such role.")
    return found


def _entry(step: Step, role: Role) -> dict[str, Any]:
    """An edit as components/timeline.html takes it."""
    began = step.at == role.created_at
    said = [("created it with" if began else "added", step.added), ("took out", step.removed)]
    parts = [
        format_html(
            "{} {}", verb, format_html_join(", ", "<code>{}</code>", ((name,) for name in sorted(names)))
        )
        for verb, names in said
        if names
    ]
    deeds = format_html_join(" and ", "{}", ((part,) for part in parts))
    return {
        "icon": "plus" if began else "pencil",
        "tone": "stop" if step.removed and not step.added else "",
        "sentence": format_html("<b>{}</b> {}", step.by or "AuthSec", deeds),
        "at": step.at,
    }
