"""What a bulk job did: how many met which fate, who was left out and why, and the way back."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from authsec.jobs import queries as job_queries
from authsec.jobs.kinds import kind_of
from authsec.jobs.models import Job
from authsec.jobs.operations import TooManyJobs
from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from authsec.web.pagination import paginate
from endusers import imports
from endusers.bulk import jobs
from endusers.bulk.outcomes import left_out, with_names
from endusers.bulk.verbs import Fate, why
from endusers.operations import EndUserError
from endusers.views.bulk import check
from endusers.views.people import crumbs
from tenants.forms import OptionalReason


@requires("endusers:read")
def outcomes(request: Request, bulk_job_id: UUID) -> HttpResponse:
    """Counts and the list of who was left out; the panel beside the job is its beginning."""
    job = _load(request, bulk_job_id)
    page = paginate(
        left_out(job),
        column="at",
        id_column="user_id",
        cursor=request.GET.get("cursor", ""),
        ask_planner=True,
    )
    context = {
        "job": job,
        "kind": kind_of(job),
        "tally": _words(job),
        "page": page,
        "rows": with_names(job, page.items),
        "upload": job.params.get("upload"),
        "may_undo": _may_undo(request, job),
        "crumbs": crumbs(request, kind_of(job).title),
    }
    return page_or_partial(request, "endusers/outcomes.html", context, partial="panel")


@requires("endusers:read")
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: Request, bulk_job_id: UUID) -> HttpResponse:
    """Say what would be taken back; start the job that does it."""
    job, form = _load(request, bulk_job_id), OptionalReason(posted(request))
    verb = jobs.verb_of(job)
    if verb is None or verb.undo is None or job.kind != verb.kind:
        raise Http404
    check(request, verb)
    if request.method == "POST" and form.is_valid():
        try:
            undoing = jobs.take_back(**told(request), job=job, verb=verb, reason=form.cleaned_data["reason"])
            where = {"slug": request.tenant.slug, "job_id": undoing.pk}
            return go_to(request, reverse("jobs:job", kwargs=where))
        except (EndUserError, TooManyJobs) as error:
            form.add_error(None, str(error))
    context = {
        "job": job,
        "verb": verb,
        "form": form,
        "number": jobs.tally(job).get(Fate.CHANGED, 0),
        "crumbs": crumbs(request, kind_of(job).title),
    }
    status = 422 if request.method == "POST" else 200
    return page_or_partial(request, "endusers/undo.html", context, partial="dialog", status=status)


def _load(request: Request, job_id: UUID) -> Job:
    """A job of this context that the caller may see, or 404."""
    job = job_queries.of_tenant(request.tenant.tenant_id).filter(pk=job_id).first()
    if job is None or not (jobs.verb_of(job) or job.kind == imports.KIND):
        raise Http404
    permissions = job_queries.permissions_of(request.powers)
    if not job_queries.may_see(job, to=request.tenant.user_id, permissions=permissions):
        raise PermissionDenied(f"Somebody else started it, and you do not hold {kind_of(job).permission}.")
    return job


def _words(job: Job) -> list[tuple[str, str]]:
    """How many met which fate, in words."""
    verb = jobs.verb_of(job)
    undoing = verb is not None and job.kind == verb.undo_kind

    def word(fate: str) -> str:
        if verb is None or undoing:
            return WORDS[fate]
        return why(verb, fate)

    return [(f"{number:,}", word(fate)) for fate, number in jobs.tally(job).items()]


WORDS = {
    "changed": "changed",
    "already": "were so already",
    "unknown": "name no end user here",
    "malformed": "can’t be read",
    "since": "changed again since",
}


def _may_undo(request: Request, job: Job) -> bool:
    verb: Any = jobs.verb_of(job)
    if verb is None or verb.undo is None or job.kind != verb.kind or job.active:
        return False
    held = all(request.powers.decide(permission).allowed for permission in verb.permissions)
    return held and jobs.tally(job).get(Fate.CHANGED, 0) > 0
