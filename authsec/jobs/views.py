"""Watching a job, cancelling it, fetching its result, under ``/t/<slug>/jobs/``."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from authsec.jobs import queries, results
from authsec.jobs.kinds import kind_of
from authsec.jobs.models import Job
from authsec.jobs.operations import AlreadyOver, cancel
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
    context = shown(found) | {
        "may_fetch": queries.may_fetch(found, permissions=queries.permissions_of(request.powers)),
        "crumbs": [
            ("Jobs", reverse("jobs:list", kwargs={"slug": request.tenant.slug})),
            (kind_of(found).title, None),
        ],
        "heard": request.GET.get("heard", ""),
    }
    return page_or_partial(request, "jobs/job.html", context, partial="update")


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


@member
def result(request: Request, job_id: UUID) -> FileResponse | HttpResponse:
    """The file that the job wrote, for who holds the kind's permission now."""
    found = _load(request, job_id)
    if not queries.may_fetch(found, permissions=queries.permissions_of(request.powers)):
        raise PermissionDenied(f"It needs the permission {kind_of(found).permission}.")
    try:
        return results.fetch(found, actor=request.actor, now=timezone.now())
    except results.NotThere as error:
        messages.info(request, str(error))
        return redirect("jobs:job", slug=request.tenant.slug, job_id=job_id)


def shown(job: Job) -> dict[str, Any]:
    """A job as pages show it. ``milestone`` changes when a listener should hear of it: at each quarter."""
    quarter = 4 * min(job.done, job.total) // job.total if job.total else 0
    return {
        "job": job,
        "kind": kind_of(job),
        "facts": kind_of(job).describe(job),
        "by": job.actor.get("name") or "",
        "milestone": f"{job.status}-{quarter}",
        "expired": bool(job.expires_at and job.expires_at <= timezone.now()),
    }


def _load(request: Request, job_id: UUID) -> Job:
    found = queries.of_tenant(request.tenant.tenant_id).filter(pk=job_id).first()
    if found is None:
        raise Http404
    if not queries.may_see(
        found, to=request.tenant.user_id, permissions=queries.permissions_of(request.powers)
    ):
        raise PermissionDenied(f"Somebody else started it, and you do not hold {kind_of(found).permission}.")
    return found
