"""Groups: the list, one of them with what it gives and who is in it, its history; making one, giving it a role."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from authsec.audit.queries import about
from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from authsec.web.pagination import Page
from authz import filters, queries
from authz import groups as verbs
from authz.bindings import console_permissions
from authz.forms.binding import GiveRoleForm
from authz.forms.group import GroupForm
from authz.group_members import SYNCED
from authz.models import Group, GroupMember
from authz.views import tables
from authz.views.asking import GET_OR_POST, must_confirm
from authz.views.links import crumbs, page
from authz.views.naming import renamed
from tenants.confirming import confirm_first, kept_answers

LIST = ("Groups", "groups")
SHOWN_EVENTS = 8


@requires("groups:read")
@require_safe
def groups(request: Request) -> HttpResponse:
    """Groups by name: those that stand, or the archived; by a part of the name, or by who fills them."""
    chosen = filters.read(filters.GroupFilters(request.GET), request.GET)
    form = chosen.form
    rows = queries.groups(
        request.tenant.tenant_id, text=chosen.text, ended=form.ended, source=form.cleaned_data["source"]
    )
    context = {
        "page": tables.by_name(rows, chosen.cursor),
        "chosen": chosen,
        "crumbs": crumbs(request.tenant.slug, None, "Authz", "Groups"),
    }
    return render(request, "authz/groups.html", context)


@requires("groups:manage")
@require_http_methods(GET_OR_POST)
def new(request: Request) -> HttpResponse:
    """Create a group."""
    form = GroupForm(posted(request))
    if request.method == "POST" and form.is_valid():
        group = form.run(verbs.create, **told(request), **form.cleaned_data)
        if group:
            messages.success(request, _("%(name)s created") % {"name": group.name})
            return redirect(page(request.tenant.slug, "group", group_id=group.pk))
    context = {
        "form": form,
        "title": _("Create a group in %(tenant)s") % {"tenant": request.tenant.name},
        "action": _("Create group"),
        "back": page(request.tenant.slug, "groups"),
        "crumbs": crumbs(request.tenant.slug, LIST, _("Create group")),
    }
    return render(request, "authz/name_it.html", context, status=422 if form.errors else 200)


@requires("groups:manage")
@require_http_methods(GET_OR_POST)
def edit(request: Request, group_id: UUID) -> HttpResponse:
    """Rename a group, or say anew what it is for."""
    found = load(request, group_id)
    return renamed(request, found, verbs.edit, around(request, found), group_id=group_id)


@requires("groups:read")
@require_safe
def group(request: Request, group_id: UUID) -> HttpResponse:
    """What a group gives, then who is in it, then what was done about it. An archived one is its history."""
    found = load(request, group_id, archived=True)
    if found.ended_at:
        return redirect(page(request.tenant.slug, "group_history", group_id=group_id))
    return shown(request, found)


@requires("groups:read")
@require_safe
def history(request: Request, group_id: UUID) -> HttpResponse:
    """What a group gave and who was in it. Of an archived group also what stood in it when it was archived."""
    found = load(request, group_id, archived=True)
    tenant_id, now = request.tenant.tenant_id, timezone.now()
    at = {"bindings": request.GET.get("bindings", ""), "cursor": request.GET.get("cursor", "")}
    context = {
        "group": found,
        "tab": "history",
        "past_bindings": tables.bindings(tenant_id, now, at["bindings"], ended=True, group_id=found.pk),
        "past_members": tables.people(
            queries.people_in(tenant_id, found.pk, ended=True),
            at["cursor"],
            "source",
            "ended_at",
            column="ended_at",
        ),
        "entries": _activity(request, found, limit=50),
        "crumbs": [*around(request, found)["way"], (_("History"), None)],
    }
    if found.ended_at:
        context["last_bindings"] = tables.bindings(tenant_id, now, group_id=found.pk)
        context["last_members"] = tables.people(queries.people_in(tenant_id, found.pk), "", "source")
    return render(request, "authz/group_history.html", context)


@requires("bindings:create")
@require_http_methods(GET_OR_POST)
def give(request: Request, group_id: UUID) -> HttpResponse:
    """Give the group a role in one form."""
    found = load(request, group_id)
    initial = request.GET.dict() | kept_answers(request)
    subject = {"group_id": group_id}
    form = GiveRoleForm(posted(request), tenant_id=found.tenant_id, holder=subject, initial=initial)
    if request.method == "POST" and form.is_valid():
        if must_confirm(request, console_permissions(found.tenant_id, form.cleaned_data["role"])):
            return confirm_first(request)
        binding = form.give(actor=request.actor, now=timezone.now(), **subject)
        if binding:
            messages.success(request, _("%s has the role now") % found.name)
            return go_to(request, page(request.tenant.slug, "group", group_id=group_id))
    return shown(request, found, role_form=form)


def load(request: Request, group_id: UUID, *, archived: bool = False) -> Group:
    """The tenant's group that stands, or with ``archived`` any of its groups; else 404."""
    rows = Group.objects.filter(tenant_id=request.tenant.tenant_id, pk=group_id)
    found = rows.first() if archived else rows.filter(ended_at=None).first()
    if found is None:
        raise Http404("No such group.")
    return found


def around(request: Request, found: Group) -> dict[str, Any]:
    """Where a page below the group leads back to, and the way to it."""
    back = page(request.tenant.slug, "group", group_id=found.pk)
    return {"back": back, "way": [*crumbs(request.tenant.slug, LIST), (found.name, back)]}


def shown(request: Request, found: Group, *, role_form: GiveRoleForm | None = None) -> HttpResponse:
    """The group's page, with the form that is being filled in open."""
    tenant_id, text = request.tenant.tenant_id, request.GET.get("member", "").strip()
    if "\x00" in text or len(text) > 200:
        raise BadRequest("A search of at most 200 characters.")
    inside = queries.people_in(tenant_id, found.pk, text=text)
    members = tables.people(inside, request.GET.get("cursor", ""), "source")
    context = {
        "group": found,
        "tab": "now",
        "bindings": tables.bindings(
            tenant_id, timezone.now(), request.GET.get("bindings", ""), group_id=found.pk
        ),
        "members": members,
        "member": text,
        "synced": _synced(members, inside),
        "role_form": role_form,
        "entries": _activity(request, found, limit=SHOWN_EVENTS),
        "crumbs": crumbs(request.tenant.slug, LIST, found.name),
    }
    status = role_form.status if role_form else 200
    return page_or_partial(request, "authz/group.html", context, partial="body", status=status)


def _activity(request: Request, found: Group, limit: int) -> list[Any]:
    """What was done to the group, for those who may read the audit log."""
    may_read = "audit:read" in request.decision.can
    return about(request.tenant.tenant_id, found.pk, limit=limit) if may_read else []


def _synced(members: Page[Any], inside: QuerySet[GroupMember]) -> int:
    """How many of the group's people come from a directory; no statement where all are on the page."""
    if members.next or members.previous:
        return inside.filter(source__in=SYNCED).count()
    return sum(row["source"] in SYNCED for row in members.items)
