"""Groups: the list, one of them with what it gives and who is in it, and every change to them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from authsec.web.pagination import Page
from authz import groups as verbs
from authz import people, queries
from authz.bindings import console_permissions, console_permissions_of
from authz.forms.binding import GiveRoleForm, ReasonForm
from authz.forms.group import GroupForm, PeopleForm
from authz.models import Group, GroupMember
from authz.views import tables
from authz.views.asking import GET_OR_POST, ask, must_confirm
from authz.views.links import crumbs, page
from tenants.confirming import confirm_first, kept_answers

LIST = ("Groups", "groups")


@requires("groups:read")
@require_safe
def groups(request: Request) -> HttpResponse:
    """The groups that stand, by name."""
    context = {
        "page": tables.by_name(queries.groups(request.tenant.tenant_id), request.GET.get("cursor", "")),
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
            messages.success(request, f"{group.name} created")
            return redirect(page(request.tenant.slug, "group", group_id=group.pk))
    context = {
        "form": form,
        "what": "group",
        "back": page(request.tenant.slug, "groups"),
        "crumbs": crumbs(request.tenant.slug, LIST, "New group"),
    }
    return render(request, "authz/name_it.html", context, status=422 if form.errors else 200)


@requires("groups:read")
@require_safe
def group(request: Request, group_id: UUID) -> HttpResponse:
    """What a group gives, then who is in it."""
    return shown(request, load(request, group_id))


@requires("groups:manage")
@require_http_methods(GET_OR_POST)
def add(request: Request, group_id: UUID) -> HttpResponse:
    """Add people by e-mail or id."""
    found, form = load(request, group_id), PeopleForm(posted(request))
    if request.method == "POST" and form.is_valid():
        if must_confirm(request, console_permissions_of(tenant_id=found.tenant_id, group_id=group_id)):
            return confirm_first(request)
        facts = {"user_ids": form.cleaned_data["user_ids"], "emails": form.cleaned_data["emails"]}
        added = form.run(verbs.add_members, **told(request), group_id=group_id, **facts)
        if added is not None:
            count = len(added)
            word = f"{count} {'person' if count == 1 else 'people'} added to {found.name}"
            messages.success(request, word if count else f"Already in {found.name}")
            return go_to(request, page(request.tenant.slug, "group", group_id=group_id))
    return shown(request, found, people_form=form)


@requires("groups:manage")
@require_http_methods(GET_OR_POST)
def remove(request: Request, group_id: UUID, user_id: UUID) -> HttpResponse:
    """Ask, then take one person out of the group."""
    found, form = load(request, group_id), ReasonForm(posted(request))
    name = people.name_of(request.tenant.tenant_id, user_id)
    if not queries.people_in(request.tenant.tenant_id, group_id).filter(user_id=user_id).exists():
        raise Http404("Not in this group.")
    if request.method == "POST" and form.is_valid():
        given = told(request, group_id=group_id, user_id=user_id)
        if form.run(verbs.remove_member, **given, reason=form.cleaned_data["reason"]):
            messages.success(request, f"{name} is out of {found.name}")
            return go_to(request, page(request.tenant.slug, "group", group_id=group_id))
    question = {
        "question": f"Take {name} out of {found.name} in {request.tenant.name}?",
        "text": f"What {found.name} is bound to no longer reaches {name} from the next call on. "
        "Adding them again brings it back.",
        "reversible": True,
        "action": "Remove",
    }
    return ask(request, form, question, **around(request, found))


@requires("groups:manage")
@require_http_methods(GET_OR_POST)
def archive(request: Request, group_id: UUID) -> HttpResponse:
    """Ask, then close the group."""
    found, form = load(request, group_id), ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if form.run(verbs.archive, **told(request), group_id=group_id, reason=reason):
            messages.success(request, f"{found.name} archived")
            return go_to(request, page(request.tenant.slug, "groups"))
    counts = [
        (
            queries.people_in(request.tenant.tenant_id, group_id).count(),
            "people lose what the group gives them",
        ),
        (
            queries.bindings(request.tenant.tenant_id, group_id=group_id).values("pk").count(),
            "bindings give nothing any more",
        ),
    ]
    question = {
        "question": f"Archive {found.name} in {request.tenant.name}?",
        "lines": counts,
        "text": "The group stays in the history and can’t be opened again.",
        "reversible": False,
        "action": "Archive",
    }
    return ask(request, form, question, **around(request, found))


@requires("bindings:create")
@require_http_methods(GET_OR_POST)
def give(request: Request, group_id: UUID) -> HttpResponse:
    """Give the group a role in one form."""
    found = load(request, group_id)
    form = GiveRoleForm(posted(request), tenant_id=found.tenant_id, initial=kept_answers(request))
    if request.method == "POST" and form.is_valid():
        if must_confirm(request, console_permissions(found.tenant_id, form.cleaned_data["role"])):
            return confirm_first(request)
        binding = form.give(actor=request.actor, now=timezone.now(), group_id=group_id)
        if binding:
            messages.success(request, f"{found.name} has the role now")
            return go_to(request, page(request.tenant.slug, "group", group_id=group_id))
    return shown(request, found, role_form=form)


def load(request: Request, group_id: UUID) -> Group:
    """The tenant's group that stands, or 404."""
    found = Group.objects.filter(tenant_id=request.tenant.tenant_id, pk=group_id, ended_at=None).first()
    if found is None:
        raise Http404("No such group.")
    return found


def around(request: Request, found: Group) -> dict[str, Any]:
    """Where a question about the group leads back to, and the way to it."""
    back = page(request.tenant.slug, "group", group_id=found.pk)
    return {"back": back, "way": [*crumbs(request.tenant.slug, LIST), (found.name, back)]}


def _synced(members: Page[dict[str, Any]], inside: QuerySet[GroupMember]) -> int:
    """How many of the group's people come from a directory; no statement where all are on the page."""
    if members.next or members.previous:
        return inside.filter(source__in=verbs.SYNCED).count()
    return sum(row["source"] in verbs.SYNCED for row in members.items)


def shown(
    request: Request,
    found: Group,
    *,
    people_form: PeopleForm | None = None,
    role_form: GiveRoleForm | None = None,
) -> HttpResponse:
    """The group's page, with the form that is being filled in open."""
    tenant_id = request.tenant.tenant_id
    inside = queries.people_in(tenant_id, found.pk)
    members = tables.people(inside, request.GET.get("cursor", ""), "source")
    invalid = any(form is not None and form.errors for form in (people_form, role_form))
    context = {
        "group": found,
        "bindings": tables.bindings(
            tenant_id, timezone.now(), request.GET.get("bindings", ""), group_id=found.pk
        ),
        "members": members,
        "synced": _synced(members, inside),
        "people_form": people_form or PeopleForm(),
        "role_form": role_form,
        "crumbs": crumbs(request.tenant.slug, LIST, found.name),
    }
    return page_or_partial(
        request, "authz/group.html", context, partial="body", status=422 if invalid else 200
    )
