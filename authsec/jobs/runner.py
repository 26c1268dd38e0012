"""The task behind every job: takes it, does it step by step, and finishes it. Imported by the worker only."""

import contextlib
import io
import logging
from typing import IO
from uuid import UUID

from django.db import connection
from django.utils import timezone
from procrastinate import BaseRetryStrategy, JobContext, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.exceptions import JobAborted
from procrastinate.jobs import Job as Queued

from authsec.database.context import tenant_context
from authsec.jobs import files, power, progress
from authsec.jobs.kinds import Kind, Step, Stopped, kind_of
from authsec.jobs.models import Job
from authsec.jobs.operations import TASK

log = logging.getLogger(__name__)
LONGEST_WAIT_S = 300
BROKE = "Something went wrong on our side. Our log knows it by the job's id."


class Backoff(BaseRetryStrategy):
    """Again after 2, 4, 8, … seconds; at once after an orderly stop. The job itself knows when to give up."""

    def get_retry_decision(self, *, exception: BaseException, job: Queued) -> RetryDecision:
        if isinstance(exception, JobAborted):
            return RetryDecision(retry_in={"seconds": 0})
        return RetryDecision(retry_in={"seconds": min(2 ** (job.attempts + 1), LONGEST_WAIT_S)})


class Lost(Exception):
    """The job was cancelled, or another worker has it."""


@app.task(name=TASK, pass_context=True, retry=Backoff())
def run(context: JobContext, *, tenant_id: str, job_id: str) -> None:
    """Do a job, or what is left of it. Running it again when it is over changes nothing."""
    now = timezone.now()
    with tenant_context(tenant_id):
        job = progress.take(tenant_id=UUID(tenant_id), job_id=UUID(job_id), now=now)
    if job is None:
        return
    try:
        work(job, context)
    except Lost:
        files.discard(job)
    except Stopped as stopped:
        with tenant_context(job.tenant_id):
            progress.end(job, Job.Status.FAILED, now=timezone.now(), error=str(stopped)[:300])
        files.discard(job)
    except JobAborted:
        with tenant_context(job.tenant_id):
            progress.hand_back(job)
        raise
    except Exception:
        if job.tries < progress.MOST_TRIES:
            log.warning("Job %s stopped at attempt %s, to be tried again", job.pk, job.attempt, exc_info=True)
            raise
        log.exception("Gave up on job %s", job.pk)
        with tenant_context(job.tenant_id):
            progress.end(job, Job.Status.FAILED, now=timezone.now(), error=BROKE)
        files.discard(job)


def work(job: Job, context: JobContext) -> None:
    """Every step in a transaction of its own, then the end. Raises Lost, Stopped or JobAborted between two steps."""
    kind = kind_of(job)
    suffix = kind.suffix(job)
    with files.writing(job) if suffix else contextlib.nullcontext(io.BytesIO()) as out:
        if job.total is None:
            with tenant_context(job.tenant_id):
                _still_ours(progress.measure(job, kind.total(job)))
        over = False
        while not over:
            if context.should_abort():
                raise JobAborted
            over = _step(job, kind, out).finished
    _finish(job, kind, suffix)


def _step(job: Job, kind: Kind, out: IO[bytes]) -> Step:
    """One step and the word of it, which does not wait for the disk.

    Should the database crash, the last steps are lost whole, and the job, which stands where it stood before them, does
    them again. Its end does wait, and with it all that came before.
    """
    with tenant_context(job.tenant_id):
        power.check(job, now=timezone.now())
        with connection.cursor() as cursor:
            cursor.execute("set local synchronous_commit = off")
        step = kind.step(job, out)
        out.flush()
        _still_ours(progress.keep(job, step, size=out.tell()))
    return step


def _finish(job: Job, kind: Kind, suffix: str) -> None:
    now = timezone.now()
    name = files.publish(job, suffix) if suffix else ""
    with tenant_context(job.tenant_id):
        _still_ours(
            progress.end(
                job, Job.Status.DONE, now=now, file=name, expires_at=now + files.KEPT if suffix else None
            )
        )
        kind.finished(job=job, now=now)


def _still_ours(kept: bool) -> None:
    if not kept:
        raise Lost
