"""Handing out what a job wrote."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.http import FileResponse

from authsec.jobs import files
from authsec.jobs.kinds import kind_of
from authsec.jobs.models import Job

if TYPE_CHECKING:
    from authsec.audit.actor import Actor

TYPES = {".csv": "text/csv; charset=utf-8", ".jsonl": "application/jsonl; charset=utf-8"}


class NotThere(Exception):
    """No result: not yet, not any more, or on a node that does not share its files with this one."""


class NotYet(NotThere):
    """The job is not done, or leaves no file."""


class Expired(NotThere):
    """The result was kept for a day and is deleted."""


def fetch(job: Job, *, actor: "Actor", now: datetime) -> FileResponse:
    """The file as a download, noted in the audit log in the caller's transaction. Raises NotThere.

    The bytes go out after that transaction, from the open file: nothing is read into memory.
    """
    if job.status != Job.Status.DONE or job.expires_at is None:
        raise NotYet("There is no file to fetch: the job is not done.")
    if job.expires_at <= now or not job.file or not files.path_of(job).is_file():
        raise Expired("The file is deleted: results are kept for a day. Start the job again.")
    handle = files.path_of(job).open("rb")
    kind = kind_of(job)
    kind.fetched(job=job, actor=actor, now=now)
    suffix = files.path_of(job).suffix
    name = f"{kind.key.replace('.', '-')}-{job.created_at:%Y-%m-%d-%H%M}{suffix}"
    response = FileResponse(handle, as_attachment=True, filename=name, content_type=TYPES[suffix])
    response["Cache-Control"] = "no-store"
    return response
