"""The verbs about jobs: what people do with them. Each runs inside the caller's ``tenant_context(tenant_id)``."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection
from procrastinate.contrib.django import app

from authsec.jobs.models import Job

if TYPE_CHECKING:
    from authsec.audit.actor import Actor

Status = Job.Status
ACTIVE = (Status.QUEUED, Status.RUNNING)
MOST_ACTIVE = 5
TASK = "authsec.jobs.run"


class TooManyJobs(Exception):
    """The caller has as many jobs waiting or running as one may have."""


class AlreadyOver(Exception):
    """The job is done or failed: there is nothing left to cancel."""


def start(*, tenant_id: UUID, kind: str, params: dict[str, Any], actor: "Actor", now: datetime) -> Job:
    """Queue a job; it and its place in the queue are kept with the caller's transaction, or neither.

    The same work asked for twice by one person is one job: the one that waits or runs is returned. Raises
    TooManyJobs beyond MOST_ACTIVE a person.
    """
    if actor.id is None:
        raise ValueError("Somebody has to start a job.")
    with connection.cursor() as cursor:  # who asks twice at one moment asks one after the other
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"job {tenant_id} {actor.id}"]
        )
    active = list(
        Job.objects.filter(tenant_id=tenant_id, started_by=actor.id, status__in=ACTIVE)[: MOST_ACTIVE + 1]
    )
    same = next((job for job in active if job.kind == kind and job.params == params), None)
    if same:
        return same
    if len(active) >= MOST_ACTIVE:
        raise TooManyJobs(f"{MOST_ACTIVE} jobs of yours wait or run already. Cancel one, or wait for it.")
    job = Job.objects.create(
        tenant_id=tenant_id,
        kind=kind,
        params=params,
        started_by=actor.id,
        actor=actor.to_json(),
        created_at=now,
    )
    defer(job)
    return job


def defer(job: Job) -> None:
    """Put a job into the queue: ids, nothing else. Jobs of one kind take turns within their tenant."""
    app.configure_task(TASK, lock=f"{job.tenant_id}:{job.kind}").defer(
        tenant_id=str(job.tenant_id), job_id=str(job.pk)
    )


def cancel(*, tenant_id: UUID, job_id: UUID, actor: "Actor", now: datetime) -> Job:
    """Cancel a job: one that waits never starts, one that runs stops at its next step and keeps what it did.

    Raises Job.DoesNotExist, or AlreadyOver. Already cancelled: returned unchanged.
    """
    job = Job.objects.select_for_update().get(tenant_id=tenant_id, pk=job_id)
    if job.status == Status.CANCELLED:
        return job
    if not job.active:
        raise AlreadyOver("This job is over already.")
    job.status, job.finished_at = Status.CANCELLED, now
    job.save(update_fields=["status", "finished_at"])
    return job
