"""Power at every step: a job outlives the request that allowed it, and what who asked for it may do changes meanwhile.

Bindings and policies stand on a floor above: it registers here who reads them.
"""

from collections.abc import Callable
from datetime import datetime

from authsec.jobs.kinds import Stopped, kind_of
from authsec.jobs.models import Job

# (job, now) → those of the kind's ``needs`` that whoever asked for the job does not hold now.
Reader = Callable[..., list[str]]
_readers: list[Reader] = []


def reads(reader: Reader) -> Reader:
    """Register who knows what somebody may do."""
    _readers.append(reader)
    return reader


def check(job: Job, *, now: datetime) -> None:
    """Raise Stopped unless who asked for the job may still do it, inside the tenant's context. One statement."""
    missing = [name for reader in _readers for name in reader(job=job, now=now)]
    if missing:
        who = job.actor.get("name") or "Whoever asked for it"
        raise Stopped(f"{who} no longer holds {' and '.join(missing)}, which “{kind_of(job).title}” needs.")
