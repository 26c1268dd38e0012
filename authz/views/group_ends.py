"""What ends about a group: all its access at once, or the group itself."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from authsec.web.access import requires
from authsec.web.htmx import go_to
from authsec.web.http import Request, posted, told
from authz import groups as verbs
from authz import queries
from authz.forms.binding import ReasonForm
from authz.models import Group
from authz.views.asking import GET_OR_POST, ask
from authz.views.groups import around, load
from authz.views.links import page
from authz.what_if.changes import ArchiveGroup, EndGroupAccess


@requires("groups:manage")
@require_http_methods(GET_OR_POST)
def archive(request: Request, group_id: UUID) -> HttpResponse:
    """Ask, then close the group."""
    found, form = load(request, group_id), ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if form.run(verbs.archive, **told(request), group_id=group_id, reason=reason):
            messages.success(request, _("%(name)s archived") % {"name": found.name})
            return go_to(request, page(request.tenant.slug, "groups"))
    question = {
        "question": _("Archive %(name)s in %(tenant)s?") % _names(request, found),
        "lines": _counted(found),
        "text": _(
            "The group stays in the history and can’t be opened again; to undo it, make a new one and fill it anew."
        ),
        "reversible": False,
        "action": _("Archive"),
    }
    return ask(request, form, question, **around(request, found), change=ArchiveGroup(group_id=group_id))


@requires("bindings:end")
@require_http_methods(GET_OR_POST)
def end_access(request: Request, group_id: UUID) -> HttpResponse:
    """Ask, then end all that the group gives, at once."""
    found, form = load(request, group_id), ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        ended = form.run(verbs.end_access, **told(request), group_id=group_id, reason=reason)
        if ended is not None:
            done = ngettext("%(n)s binding ended", "%(n)s bindings ended", len(ended)) % {"n": len(ended)}
            messages.success(request, done if ended else _("%s gave nothing") % found.name)
            return go_to(request, page(request.tenant.slug, "group", group_id=group_id))
    question = {
        "question": _("End all access of %(name)s in %(tenant)s now?") % _names(request, found),
        "lines": _counted(found),
        "text": _(
            "The people stay in the group; give it each role anew to bring access back. Ended bindings stay as history."
        ),
        "reversible": False,
        "action": _("End all access"),
    }
    return ask(request, form, question, **around(request, found), change=EndGroupAccess(group_id=group_id))


def _names(request: Request, found: Group) -> dict[str, str]:
    return {"name": found.name, "tenant": request.tenant.name}


def _counted(found: Group) -> list[tuple[str, str]]:
    """Whom it hits and how much, for a confirmation. Two statements."""
    people = queries.people_in(found.tenant_id, found.pk).count()
    bindings = queries.bindings(found.tenant_id, group_id=found.pk).values("pk").count()
    return [
        (
            f"{people:,}",
            ngettext(
                "person loses what the group gives, and keeps what comes another way",
                "people lose what the group gives, and keep what comes another way",
                people,
            ),
        ),
        (
            f"{bindings:,}",
            ngettext("binding gives nothing any more", "bindings give nothing any more", bindings),
        ),
    ]
