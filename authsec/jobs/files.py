"""Results of jobs as files under ``var/exports``: readable by this account alone, written by one attempt at a time."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO

from django.conf import settings

from authsec.jobs.models import Job

KEPT = timedelta(hours=24)  # how long a result may be fetched


def folder() -> Path:
    """Where results lie. Nodes that do not share it find no results of each other."""
    path = Path(settings.VAR) / "exports"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def path_of(job: Job) -> Path:
    """The file of a finished job."""
    return folder() / job.file


def part_of(job: Job, attempt: int) -> Path:
    """The unfinished file of one attempt: a worker that lost the job writes on into a file that nobody reads."""
    return folder() / f"{job.pk.hex}.{attempt}.part"


@contextlib.contextmanager
def writing(job: Job) -> Iterator[IO[bytes]]:
    """Open this attempt's file behind what the earlier one kept; without that one the job starts over.

    Starting over sets the job's ``cursor``, ``size``, ``done`` and ``failed`` back.
    """
    path = part_of(job, job.attempt)
    earlier = part_of(job, job.attempt - 1)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "r+b") as out:
        if job.size and earlier.is_file() and earlier.stat().st_size >= job.size:
            with earlier.open("rb") as kept:
                shutil.copyfileobj(kept, out)
            out.truncate(job.size)
            out.seek(job.size)
        else:
            job.cursor, job.size, job.done, job.failed = None, 0, 0, 0
        earlier.unlink(missing_ok=True)
        yield out


def publish(job: Job, suffix: str) -> str:
    """Give the finished file its last name, and return that."""
    name = f"{job.pk.hex}.{job.attempt}{suffix}"
    part_of(job, job.attempt).replace(folder() / name)
    return name


def discard(job: Job) -> None:
    """Delete what this attempt wrote."""
    for path in folder().glob(f"{job.pk.hex}.{job.attempt}.*"):
        path.unlink(missing_ok=True)
