"""What a bulk job or an import did: how many met which fate, who was changed or left out, the way back."""

from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Exists, OuterRef, UUIDField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import push_url

from authsec.jobs import queries as job_queries
from authsec.jobs.kinds import kind_of
from authsec.jobs.models import Job
from authsec.jobs.operations import TooManyJobs
from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from authsec.web.pagination import Count, paginate
from endusers.bulk import jobs
from endusers.bulk import undo as way
from endusers.bulk.outcomes import changed, left_out, with_names
from endusers.bulk.verbs import Fate, why
from endusers.models import Upload
from endusers.operations import EndUserError
from endusers.views.bulk import check
from tenants.forms import OptionalReason

PANEL = "endusers:outcomes"


@requires("endusers:read")
def outcomes(request: Request, bulk_job_id: UUID) -> HttpResponse:
    """Counts, and the list of who was left out or of who was changed; the panel beside the job is its beginning."""
    job, cursor = _load(request, bulk_job_id), request.GET.get("cursor", "")
    numbers = _numbers(job)
    show = request.GET.get("show") or ("left" if numbers["left"] else "changed")
    if show not in numbers:
        raise BadRequest("show: left or changed.")
    order = {"column": "at"} if show == "left" else {"column": "fate", "textual": True}
    rows = left_out(job) if show == "left" else changed(job)
    page = paginate(rows, id_column="user_id", cursor=cursor, count=Count(numbers[show]), **order)
    earlier = way.taken_back_by(job)
    context = {
        "job": job,
        "kind": kind_of(job),
        "tally": [(f"{number:,}", _word(job, fate)) for fate, number in _counted(job)],
        "show": show,
        "tabs": _tabs(request, job, show),
        "page": page,
        "rows": with_names(job, page.items),
        "upload": job.file_kept and job.params["upload"],
        "of": job.params.get("of"),
        "taken_back_by": earlier,
        "may_undo": _may_undo(request, job, earlier),
        "crumbs": _way(request, job, _("What it did")),
    }
    response = page_or_partial(request, "endusers/outcomes.html", context, partial="panel")
    # The panel turns its pages on the job's page, which keeps its own address.
    return push_url(response, False) if request.htmx else response


def _counted(job: Job) -> list[tuple[str, int]]:
    """Fate and number, first who was changed."""
    return sorted(jobs.tally(job).items(), key=lambda item: list(WORDS).index(item[0]))


def _numbers(job: Job) -> dict[str, int]:
    """How many were changed and how many left out, as people; the lines of a file that name nobody are its own."""
    tally = jobs.tally(job)
    left = 0 if "upload" in job.params else sum(n for fate, n in tally.items() if fate != Fate.CHANGED)
    return {"left": left, "changed": tally.get(Fate.CHANGED, 0)}


def _tabs(request: Request, job: Job, show: str) -> list[dict[str, object]]:
    """The two lists, where there are two."""
    here = reverse(PANEL, args=[request.tenant.slug, job.pk])
    words = {"left": _("Left out"), "changed": _("Changed")}
    tabs: list[dict[str, object]] = [
        {"label": words[key], "url": f"{here}?show={key}", "current": key == show, "count": f"{number:,}"}
        for key, number in _numbers(job).items()
        if number
    ]
    return tabs if len(tabs) > 1 else []


@requires("endusers:read")
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: Request, bulk_job_id: UUID) -> HttpResponse:
    """Say what would be taken back; start the job that does it."""
    job, form = _load(request, bulk_job_id), OptionalReason(posted(request))
    back = way.way_back(job)
    if back is None:
        raise Http404
    check(request, way.needed(job))
    if request.method == "POST" and form.is_valid():
        try:
            undoing = way.take_back(**told(request), job=job, reason=form.cleaned_data["reason"])
            where = {"slug": request.tenant.slug, "job_id": undoing.pk}
            return go_to(request, reverse("jobs:job", kwargs=where))
        except (EndUserError, TooManyJobs) as error:
            form.add_error(None, str(error))
    context = {
        "job": job,
        "back": back,
        "form": form,
        "number": jobs.tally(job).get(Fate.CHANGED, 0),
        "crumbs": _way(request, job, _("Take it back")),
    }
    status = 422 if request.method == "POST" else 200
    return page_or_partial(request, "endusers/undo.html", context, partial="dialog", status=status)


def _way(request: Request, job: Job, last: Any) -> list[tuple[Any, str | None]]:
    """The way to a page below the job's own."""
    slug = request.tenant.slug
    above = (_("Jobs"), reverse("jobs:list", kwargs={"slug": slug}))
    return [
        above,
        (kind_of(job).title, reverse("jobs:job", kwargs={"slug": slug, "job_id": job.pk})),
        (last, None),
    ]


def _load(request: Request, job_id: UUID) -> Any:
    """A job of this context that the caller may see, with its way back and ``file_kept``, or 404. One statement."""
    tenant_id = request.tenant.tenant_id
    kept = Upload.objects.filter(tenant_id=tenant_id, pk=Cast(OuterRef("upload"), UUIDField()))
    rows = way.with_ways_back(job_queries.of_tenant(tenant_id).filter(pk=job_id))
    job = rows.annotate(upload=KT("params__upload")).annotate(file_kept=Exists(kept)).first()
    if job is None or kind_of(job).panel != PANEL:
        raise Http404
    if not job_queries.may_see(job, to=request.tenant.user_id, powers=request.powers):
        raise PermissionDenied(f"Somebody else started it, and you do not hold {kind_of(job).permission}.")
    return job


def _word(job: Job, fate: str) -> str:
    """A fate in words, as the counts say it."""
    verb = jobs.verb_of(job)
    return WORDS[fate] if verb is None else why(verb, fate)


WORDS = {
    "changed": "changed",
    "already": "were so already",
    "since": "changed again since",
    "unknown": "name no end user here",
    "malformed": "can’t be done",
}


def _may_undo(request: Request, job: Job, earlier: way.TakenBack | None) -> bool:
    """Whether to offer the way back: there is one, for somebody, nobody went it to its end, and the caller may."""
    if way.way_back(job) is None or job.active or not jobs.tally(job).get(Fate.CHANGED, 0):
        return False
    if earlier and earlier.over:
        return False
    return all(request.powers.decide(permission).allowed for permission in way.needed(job))
