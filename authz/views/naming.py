"""The page that renames a group or a service account, or says anew what it is for."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from authsec.web.http import Request, posted, told
from authz.forms.group import GroupForm
from authz.models import Group, ServiceAccount


def renamed(
    request: Request,
    found: Group | ServiceAccount,
    verb: Callable[..., Group | ServiceAccount],
    around: dict[str, Any],
    **which: UUID,
) -> HttpResponse:
    """Ask for its words, then change them by ``verb``; ``around``: where to go back to, and the way to there."""
    form = GroupForm(posted(request), initial={"name": found.name, "description": found.description})
    if request.method == "POST" and form.is_valid():
        row = form.run(verb, **told(request, **which), **form.cleaned_data)
        if row:
            messages.success(request, _("%(name)s saved") % {"name": row.name})
            return redirect(around["back"])
    context = {
        "form": form,
        "title": _("Rename %(name)s in %(tenant)s") % {"name": found.name, "tenant": request.tenant.name},
        "action": _("Save"),
        "back": around["back"],
        "crumbs": [*around["way"], (_("Rename"), None)],
    }
    return render(request, "authz/name_it.html", context, status=422 if form.errors else 200)
