"""One member of the team: their page, and the changes to them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from authsec.audit.queries import around
from authsec.web.access import reauthenticate, requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from tenants import operations
from tenants.forms import OptionalReason, RequiredReason, TypeForm
from tenants.holdings import holdings
from tenants.operations import transitions
from tenants.team import TeamMember, team

MAKE_OWNERS = "org:make_owners"


@requires("team:read")
@require_safe
def member(request: Request, member_id: UUID) -> HttpResponse:
    """Who they are, what they hold, what they did and what was done to them. Also of somebody who left."""
    tenant_id, now = request.tenant.tenant_id, timezone.now()
    person = load(request, member_id)
    reads_audit = "audit:read" in request.decision.can
    context = {
        "person": person,
        "holds": holdings(tenant_id, member_id, now),
        "entries": around(tenant_id, member_id) if reads_audit else None,
        "verbs": verbs(request, person),
        "is_me": member_id == request.membership.user_id,
        "again": invite_again(request, person),
        "crumbs": crumbs(request, person.name),
    }
    return render(request, "tenants/member.html", context)


@requires("team:update")
@require_http_methods(["GET", "HEAD", "POST"])
def suspend(request: Request, member_id: UUID) -> HttpResponse:
    """Ask for the reason, say what stops; suspend a member."""
    form = RequiredReason(posted(request))
    undo = reverse("tenants:reactivate_member", kwargs={"slug": request.tenant.slug, "member_id": member_id})
    said = _("%s suspended in %s")
    return change(request, member_id, form, "suspend", operations.suspend_member, said, undo)


@requires("team:update")
@require_http_methods(["GET", "HEAD", "POST"])
def reactivate(request: Request, member_id: UUID) -> HttpResponse:
    """Say what comes back; reactivate a member."""
    form = OptionalReason(posted(request))
    return change(
        request, member_id, form, "reactivate", operations.reactivate_member, _("%s reactivated in %s")
    )


@requires("team:update")
@reauthenticate
@require_http_methods(["GET", "HEAD", "POST"])
def change_type(request: Request, member_id: UUID) -> HttpResponse:
    """Choose a type; give it to a member. ``?to=`` chooses beforehand."""
    form = TypeForm(
        posted(request),
        owners=request.powers.decide(MAKE_OWNERS).allowed,
        initial={"type": request.GET.get("to") or load(request, member_id).type},
    )
    return change(
        request, member_id, form, "type", operations.change_member_type, _("%s has another type in %s")
    )


@requires("team:update")
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: Request, member_id: UUID) -> HttpResponse:
    """Say what ends; remove a member."""
    form = OptionalReason(posted(request))
    return change(request, member_id, form, "remove", operations.remove_member, _("%s removed from %s"))


def load(request: Request, member_id: UUID) -> TeamMember:
    """The member of the address in any status, or 404: unknown, another tenant's, or never a member."""
    found = team(request.tenant.tenant_id, timezone.now(), member_id).people
    if not found:
        raise Http404("No such member.")
    return found[0]


def invite_again(request: Request, person: TeamMember) -> str:
    """Where somebody who left is invited; empty for who may not invite."""
    if "org:invite" not in request.decision.can:
        return ""
    query = urlencode({"email": person.email})
    return f"{reverse('tenants:invite', kwargs={'slug': request.tenant.slug})}?{query}"


def verbs(request: Request, person: TeamMember) -> frozenset[str]:
    """What may be offered: changes that the status allows and the person who looks may make."""
    if "team:update" not in request.decision.can:
        return frozenset()
    if person.type == "owner" and MAKE_OWNERS not in request.decision.can:
        return frozenset()
    return person.verbs


def change(
    request: Request,
    member_id: UUID,
    form: forms.Form,
    template: str,
    verb: Callable[..., Any],
    done: str,
    undo: str = "",
) -> HttpResponse:
    """Ask on GET, do on POST. 422 for a bad answer, 409 where the status or the last owner forbids it.

    ``undo``: where the notice's button posts to take it back.
    """
    person, status, refused = load(request, member_id), 200, ""
    if person.type == "owner" and not request.powers.decide(MAKE_OWNERS).allowed:
        raise PermissionDenied("Only who may make owners may change, suspend or remove one.")
    try:
        if transitions.change(verb.__name__, person.status) is None:
            return go_to(request, back(request, member_id))
        if not form.is_bound:
            refuse_last_owner(request, person)
        else:
            status = 422
            if form.is_valid():
                verb(**told(request, user_id=member_id), **form.cleaned_data)
                messages.success(request, done % (person.name, request.tenant.name), extra_tags=undo)
                return go_to(request, back(request, member_id))
    except (operations.LastOwner, operations.WrongStatus) as error:
        refused, status = str(error), 409
    context = {
        "person": person,
        "form": form,
        "refused": refused,
        "holds": holdings(request.tenant.tenant_id, member_id, timezone.now()),
        "here": request.get_full_path(),
        "back": back(request, member_id),
        "is_me": member_id == request.membership.user_id,
        "crumbs": crumbs(request, person.name),
    }
    return page_or_partial(request, f"tenants/{template}.html", context, partial="dialog", status=status)


def refuse_last_owner(request: Request, person: TeamMember) -> None:
    """Say before the question what the verb would say after it (Rule 6). Raises LastOwner."""
    if (person.type, person.status) != ("owner", "active"):
        return
    if team(request.tenant.tenant_id, timezone.now()).last_owner == person.user_id:
        raise operations.LastOwner


def back(request: Request, member_id: UUID) -> str:
    """Where the question was asked from: the member's page, else the list."""
    slug = request.tenant.slug
    if request.GET.get("from") == "member":
        return reverse("tenants:member", kwargs={"slug": slug, "member_id": member_id})
    return reverse("tenants:team", kwargs={"slug": slug})


def crumbs(request: Request, last: str) -> list[tuple[str, str | None]]:
    """The way from the team to a page about one of them."""
    return [
        (_("Settings"), None),
        (_("Team"), reverse("tenants:team", kwargs={"slug": request.tenant.slug})),
        (last, None),
    ]
