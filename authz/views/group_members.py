"""Who is in a group: adding people from a pasted list or by picking, taking some out."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from authsec.web.access import requires
from authsec.web.htmx import go_to
from authsec.web.http import Request, posted, told
from authz import group_members as verbs
from authz import people, queries
from authz.bindings import console_permissions_of
from authz.fates import Fate, fates
from authz.forms.binding import ReasonForm
from authz.forms.group import PastedForm
from authz.models import Group
from authz.views.asking import GET_OR_POST, ask, must_confirm
from authz.views.groups import around, load
from authz.what_if.changes import RemoveFromGroup
from tenants.confirming import confirm_first, kept_answers

Fates = list[Fate]


@requires("groups:manage")
@require_http_methods(GET_OR_POST)
def add(request: Request, group_id: UUID) -> HttpResponse:
    """Show what each line would come to; with ``action=add``, add whom it can."""
    found, form = load(request, group_id), PastedForm(posted(request), initial=kept_answers(request))
    told_of: Fates | None = None
    if request.method == "POST" and form.is_valid():
        entries = form.cleaned_data["entries"]
        told_of = form.run(fates, tenant_id=found.tenant_id, group_id=group_id, entries=entries)
        if told_of is not None and request.POST.get("action") == "add":
            done = _add(request, found, form, told_of)
            if done:
                return done
    return _page(request, found, form, told_of)


def _add(request: Request, found: Group, form: PastedForm, told_of: Fates) -> HttpResponse | None:
    """Add those who can be added; None with the reason in the form when that is nobody."""
    wanted = [fate.user_id for fate in told_of if fate.is_added]
    if not wanted:
        if all(fate.state in ("inside", "repeated") for fate in told_of):
            messages.success(request, _("Already in %s") % found.name)
            return go_to(request, around(request, found)["back"])
        form.add_error("people", _("None of these can be added; the reasons stand below."))
        return None
    if must_confirm(request, console_permissions_of(tenant_id=found.tenant_id, group_id=found.pk)):
        return confirm_first(request)
    added = form.run(verbs.add_members, **told(request, group_id=found.pk), user_ids=wanted)
    if added is None:
        return None
    said = ngettext("%(n)s person added to %(name)s", "%(n)s people added to %(name)s", len(added))
    skipped = sum(fate.state in ("unknown", "left", "malformed") for fate in told_of)
    more = ngettext("; %(n)s was not", "; %(n)s were not", skipped) % {"n": skipped} if skipped else ""
    messages.success(request, said % {"n": len(added), "name": found.name} + more)
    return go_to(request, around(request, found)["back"])


def _page(request: Request, found: Group, form: PastedForm, told_of: Fates | None) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    if "\x00" in text or len(text) > 200:
        raise BadRequest("A search of at most 200 characters.")
    judging = bool(request.htmx) and request.method == "POST"
    context = {
        "group": found,
        "form": form,
        "fates": told_of,
        "addable": sum(fate.is_added for fate in told_of or []),
        "choosable": [] if judging else _choosable(found, text),
        "q": text,
        **around(request, found),
    }
    context["crumbs"] = [*context["way"], (_("Add people"), None)]
    status = 422 if judging and form.errors else form.status  # htmx draws no 403
    template = "authz/group_add.html#fates" if judging else "authz/group_add.html"
    return render(request, template, context, status=status)


def _choosable(found: Group, text: str) -> Fates:
    """People to pick from, with what picking each would come to."""
    ids = queries.people_to_pick(found.tenant_id, text)
    return fates(tenant_id=found.tenant_id, group_id=found.pk, entries=[str(key) for key in ids])


@requires("groups:manage")
@require_http_methods(GET_OR_POST)
def remove(request: Request, group_id: UUID, user_id: UUID) -> HttpResponse:
    """Ask, then take one person out of the group."""
    found = load(request, group_id)
    if not queries.people_in(found.tenant_id, group_id).filter(user_id=user_id).exists():
        raise Http404("Not in this group.")
    return _remove(request, found, [user_id])


@requires("groups:manage")
@require_http_methods(GET_OR_POST)
def remove_several(request: Request, group_id: UUID) -> HttpResponse:
    """Ask, then take the ticked people out of the group."""
    ticked = (request.POST if request.method == "POST" else request.GET).getlist("user")
    if len(ticked) > verbs.MAX_AT_ONCE:
        raise BadRequest(f"user: at most {verbs.MAX_AT_ONCE} at once.")
    try:
        wanted = [UUID(text) for text in dict.fromkeys(ticked)]
    except ValueError as error:
        raise BadRequest("user: an id is a UUID.") from error
    return _remove(request, load(request, group_id), wanted)


def _remove(request: Request, found: Group, wanted: list[UUID]) -> HttpResponse:
    inside = queries.people_in(found.tenant_id, found.pk).filter(user_id__in=wanted)
    ids = list(inside.order_by("user_id").values_list("user_id", flat=True))
    if not ids:
        messages.info(request, _("Nobody is taken out: tick people who are in %s.") % found.name)
        return go_to(request, around(request, found)["back"])
    names = people.names_of(found.tenant_id, ids)
    who = names.get(ids[0], str(ids[0])) if len(ids) == 1 else _("%s people") % len(ids)
    form = ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        given = told(request, group_id=found.pk, user_ids=ids)
        if form.run(verbs.remove_members, **given, reason=form.cleaned_data["reason"]):
            said = _("%(who)s out of %(name)s")
            messages.success(request, said % {"who": who, "name": found.name})
            return go_to(request, around(request, found)["back"])
    change = RemoveFromGroup(group_id=found.pk, user_id=ids[0]) if len(ids) == 1 else None
    question = _question(request, found, ids, names, who)
    return ask(request, form, question, **around(request, found), change=change)


def _question(
    request: Request, found: Group, ids: list[UUID], names: dict[UUID, str], who: str
) -> dict[str, Any]:
    bindings = queries.bindings(found.tenant_id, group_id=found.pk).values("pk").count()
    listed = ", ".join(names.get(key, str(key)) for key in ids[:10]) + (" …" if len(ids) > 10 else "")
    lines = [
        (f"{bindings:,}", ngettext("binding stops reaching them", "bindings stop reaching them", bindings))
    ]
    question = {
        "question": _("Take %(who)s out of %(name)s in %(tenant)s?")
        % {"who": who, "name": found.name, "tenant": request.tenant.name},
        "text": _(
            "%(who)s lose what only this group gives, from the next call on. Adding them again brings it back."
        )
        % {"who": listed},
        "lines": lines,
        "reversible": True,
        "action": _("Remove"),
        "hidden": [("user", key) for key in ids],
    }
    if len(ids) == 1:
        text = _(
            "%(who)s loses what only this group gives, from the next call on. Adding them again brings it back."
        )
        question["text"] = text % {"who": listed}
    return question
