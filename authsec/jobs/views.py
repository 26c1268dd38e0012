"""Watching a job, cancelling it, fetching its result, under ``/t/<slug>/jobs/``."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from authsec.jobs import queries, results
from authsec.jobs.kinds import kind_of
from authsec.jobs.models import Job
from authsec.jobs.operations import AlreadyOver, TooManyJobs, cancel, start
from authsec.web import clock
from authsec.web.access import member
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request, told
from authsec.web.pagination import paginate


@member
def jobs(request: Request) -> HttpResponse:
    """The jobs that this member may see, newest first."""
    rows = queries.visible(
        request.tenant.tenant_id,
        to=request.tenant.user_id,
        permissions=queries.permissions_of(request.powers),
    )
    page = paginate(rows, column="created_at", cursor=request.GET.get("cursor", ""))
    context = {"page": page, "lines": [shown(job) for job in page.items], "crumbs": [("Jobs", None)]}
    return render(request, "jobs/list.html", context)


@member
def job(request: Request, job_id: UUID) -> HttpResponse:
    """One job and how it comes along; the panel asks again by itself while the job is active."""
    found = _load(request, job_id)
    return page_or_partial(request, "jobs/job.html", _context(request, found), partial="update")


@require_POST
@member
def cancel_job(request: Request, job_id: UUID) -> HttpResponse:
    """Cancel a job that waits or runs."""
    _load(request, job_id)
    try:
        cancel(**told(request, job_id=job_id))
    except AlreadyOver as error:
        messages.info(request, str(error))
    return redirect("jobs:job", slug=request.tenant.slug, job_id=job_id)


@require_POST
@member
def again(request: Request, job_id: UUID) -> HttpResponse:
    """Ask for the same file once more, of how things are now."""
    found = _load(request, job_id)
    if not _may_repeat(request, found):
        raise PermissionDenied(f"It needs the permission {' and '.join(kind_of(found).needed(found))}.")
    try:
        found = start(**told(request, kind=found.kind, params=found.params))
    except TooManyJobs as error:
        messages.error(request, str(error))
    return redirect("jobs:job", slug=request.tenant.slug, job_id=found.pk)


@member
def result(request: Request, job_id: UUID) -> FileResponse | HttpResponse:
    """The file that the job wrote, for who holds the kind's permission now."""
    found = _load(request, job_id)
    if not queries.may_fetch(found, powers=request.powers):
        raise PermissionDenied(f"It needs the permission {kind_of(found).permission}.")
    try:
        return results.fetch(found, actor=request.actor, now=timezone.now())
    except results.Expired:
        context = _context(request, found) | {"gone": True, "expired": True}
        return render(request, "jobs/job.html", context, status=410)
    except results.NotThere as error:
        messages.info(request, str(error))
        return redirect("jobs:job", slug=request.tenant.slug, job_id=job_id)


def shown(job: Job) -> dict[str, Any]:
    """A job as pages show it. ``milestone`` changes when a listener should hear of it: at each quarter."""
    quarter = 4 * min(job.done, job.total) // job.total if job.total else 0
    now = timezone.now()
    return {
        "job": job,
        "kind": kind_of(job),
        "facts": kind_of(job).describe(job),
        "by": job.actor.get("name") or "",
        "milestone": f"{job.status}-{quarter}",
        "expired": bool(job.expires_at and job.expires_at <= now),
        "left": _left(job, now),
        "took": _took(job),
    }


def _left(job: Job, now: datetime) -> str:
    """How long it will go on at the pace so far, in words; empty while nobody can say."""
    if not (job.active and job.started_at and job.total and job.done):
        return ""
    seconds = (now - job.started_at).total_seconds() * max(job.total - job.done, 0) / job.done
    return str(_("about %s left")) % clock.span(seconds)


def _took(job: Job) -> str:
    if not (job.started_at and job.finished_at):
        return ""
    return str(_("after %s")) % clock.span((job.finished_at - job.started_at).total_seconds())


def _context(request: Request, found: Job) -> dict[str, Any]:
    kind, slug = kind_of(found), request.tenant.slug
    home, label = kind.home
    return shown(found) | {
        "may_fetch": queries.may_fetch(found, powers=request.powers),
        "may_repeat": _may_repeat(request, found),
        "home_url": home and reverse(home, kwargs={"slug": slug}),
        "home_label": label,
        "crumbs": [("Jobs", reverse("jobs:list", kwargs={"slug": slug})), (kind.title, None)],
        "heard": request.GET.get("heard", ""),
    }


def _may_repeat(request: Request, found: Job) -> bool:
    kind = kind_of(found)
    place = kind.application(found)
    return kind.again and all(
        request.powers.decide(name, application_id=place).allowed for name in kind.needed(found)
    )


def _load(request: Request, job_id: UUID) -> Job:
    found = queries.of_tenant(request.tenant.tenant_id).filter(pk=job_id).first()
    if found is None:
        raise Http404
    if not queries.may_see(found, to=request.tenant.user_id, powers=request.powers):
        raise PermissionDenied(f"Somebody else started it, and you do not hold {kind_of(found).permission}.")
    return found
