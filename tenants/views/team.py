"""Settings → Team: who works here, and who was asked to."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from authsec.jobs.operations import TooManyJobs
from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, told
from tenants import jobs
from tenants.models import MemberType
from tenants.team import SORTS, Team, team
from tenants.views.inviting import expires_soon, invite_form, waiting

STATUSES = (("", _("All")), ("active", _("Active")), ("suspended", _("Suspended")), ("left", _("Left")))
COLUMNS = (("name", _("Person")), ("", _("Type")), ("joined", _("Joined")), ("seen", _("Last seen")))
TEXT_LIMIT = 200


@requires("team:read")
def people(request: Request) -> HttpResponse:
    """Everybody on one page, narrowed by status, type and text."""
    chosen = read(request.GET)
    tenant_id, now = request.tenant.tenant_id, timezone.now()
    everybody = team(tenant_id, now)
    narrowing = bool(request.htmx)
    context = {
        "team": everybody,
        "people": everybody.narrowed(**chosen),
        "pending": []
        if narrowing
        else [(row, row.state(now), expires_soon(row, now)) for row in waiting(tenant_id)],
        "invite": invite_form(request) if "org:invite" in request.decision.can else None,
        "chosen": chosen,
        "query": address(chosen),
        "statuses": statuses(everybody, chosen),
        "types": [(key, label) for key, label in MemberType.choices if everybody.types[key]],
        "columns": {
            key or "type": {
                "url": address(chosen, sort=key),
                "label": label,
                "current": chosen["sort"] == key,
            }
            for key, label in COLUMNS
        },
        "crumbs": [(_("Settings"), None), (_("Team"), None)],
    }
    return page_or_partial(request, "tenants/team.html", context, partial="update")


@requires("team:read")
@require_POST
def export(request: Request) -> HttpResponse:
    """Start the export of exactly those whom the address shows."""
    slug = request.tenant.slug
    try:
        job = jobs.export(**told(request), chosen=read(request.GET))
    except TooManyJobs as error:
        messages.error(request, str(error))
        return go_to(request, reverse("tenants:team", kwargs={"slug": slug}))
    return go_to(request, reverse("jobs:job", kwargs={"slug": slug, "job_id": job.pk}))


def read(data: QueryDict) -> dict[str, str]:
    """The filters of the address. Raises BadRequest with the reason."""
    chosen = {name: data.get(name, "").strip() for name in ("status", "type", "sort")}
    chosen["text"] = data.get("q", "").strip()
    allowed: dict[str, Any] = {
        "status": dict(STATUSES),
        "type": {"", *MemberType.values},
        "sort": {"", *SORTS},
    }
    for name, values in allowed.items():
        if chosen[name] not in values:
            raise BadRequest(f"{name} is one of {', '.join(value for value in values if value)}.")
    if len(chosen["text"]) > TEXT_LIMIT or "\x00" in chosen["text"]:
        raise BadRequest(f"q has at most {TEXT_LIMIT} characters.")
    return chosen


def statuses(everybody: Team, chosen: dict[str, str]) -> list[dict[str, Any]]:
    """The switch between statuses, each with its number."""
    counts = everybody.counts
    return [
        {
            "label": label,
            "url": address(chosen, status=key),
            "current": key == chosen["status"],
            "count": counts[key] if key else None,
        }
        for key, label in STATUSES
    ]


def address(chosen: dict[str, str], **other: str) -> str:
    """The query string of the team with these filters."""
    query = QueryDict(mutable=True)
    named = chosen | other
    query.update({"q" if name == "text" else name: value for name, value in named.items() if value})
    return f"?{query.urlencode()}"
