"""How a job comes along: written by the worker only, and only by the attempt that took the job last.

Each runs inside the job's ``tenant_context``. A job that was cancelled, or that another worker took over, answers
None or False: whoever hears that stops and leaves the row alone.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from authsec.jobs.kinds import Step
from authsec.jobs.models import Job

Status = Job.Status
ACTIVE = (Status.QUEUED, Status.RUNNING)
MOST_TRIES = 6
GAVE_UP = "It stopped several times at the same place. Our log knows it by the job's id."


def take(*, tenant_id: UUID, job_id: UUID, now: datetime) -> Job | None:
    """Begin an attempt, from where the last one came to. None when the job is over or gone.

    One that never gets anywhere is given up after MOST_TRIES, also if it takes its worker along each time.
    """
    job = Job.objects.select_for_update().filter(tenant_id=tenant_id, pk=job_id).first()
    if job is None or not job.active:
        return None
    if job.tries >= MOST_TRIES:
        end(job, Status.FAILED, now=now, error=GAVE_UP)
        return None
    job.status, job.started_at = Status.RUNNING, job.started_at or now
    job.attempt += 1
    job.tries += 1
    job.save(update_fields=["status", "started_at", "attempt", "tries"])
    return job


def measure(job: Job, total: int) -> bool:
    """Write down how much there is to do."""
    job.total = total
    return bool(_mine(job).update(total=total))


def keep(job: Job, step: Step, *, size: int) -> bool:
    """Write down one step with what it did, in its transaction. False: stop, and roll back."""
    job.done, job.failed = job.done + step.done, job.failed + step.failed
    job.cursor, job.size, job.tries = step.cursor, size, 0
    return bool(_mine(job).update(done=job.done, failed=job.failed, cursor=step.cursor, size=size, tries=0))


def end(
    job: Job,
    status: str,
    *,
    now: datetime,
    error: str = "",
    file: str = "",
    expires_at: datetime | None = None,
) -> bool:
    """Finish the job. False when it is not ours to finish."""
    changes = {
        "status": status,
        "finished_at": now,
        "error": error,
        "file": file,
        "expires_at": expires_at,
    }
    for name, value in changes.items():
        setattr(job, name, value)
    return bool(_mine(job).update(**changes))


def hand_back(job: Job) -> None:
    """The worker stops: this attempt was no failed try."""
    _mine(job).update(tries=0)


def _mine(job: Job) -> QuerySet[Job]:
    rows: QuerySet[Job] = Job.objects.filter(
        tenant_id=job.tenant_id, pk=job.pk, attempt=job.attempt, status__in=ACTIVE
    )
    return rows
