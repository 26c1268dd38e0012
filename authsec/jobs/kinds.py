"""What kinds of jobs there are. A context that has long work registers its kinds in its ``jobs.py``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any
from uuid import UUID

from authsec.jobs.models import Job


@dataclass(frozen=True)
class Step:
    """What one bounded step did: how many items, how many of them failed, where the next step begins, is it over."""

    done: int
    cursor: Any
    finished: bool
    failed: int = 0


class Stopped(Exception):
    """The job can't go on, and trying again would not help: the text, for people, says why. What it did is kept."""


def nothing(**_: Any) -> None:
    """A hook that has nothing to do."""


def no_file(job: Job) -> str:
    """The suffix of a kind that writes nothing."""
    return ""


@dataclass(frozen=True)
class Kind:
    """One kind of job, as its context describes it.

    ``permission``: the Cedar action that lets colleagues see and cancel it, and anybody fetch its result. Who asked
    has to hold it, or all that ``needs`` names, at every step: tenant-wide, or on the job's ``application``. ``total``
    counts the items. ``step`` does the next few of them inside the tenant's transaction, which also keeps how far it
    came: it may run again after a crash, and then finds neither its changes nor its cursor. A kind with a ``suffix``
    writes a file; bytes that were written and not kept are cut off before the next attempt.
    """

    key: str
    title: str
    things: str
    permission: str
    total: Callable[[Job], int]
    step: Callable[[Job, IO[bytes]], Step]
    describe: Callable[[Job], list[tuple[str, str]]]
    suffix: Callable[[Job], str] = no_file
    finished: Callable[..., None] = nothing  # (job, now), in the transaction that makes the job done
    fetched: "Callable[..., None]" = nothing  # (job, actor, now), in the transaction of the download
    needs: Callable[[Job], Sequence[str]] | None = None
    application: Callable[[Job], UUID | None] = lambda job: None
    # Asking for the same once more changes nobody: the page of one whose file is gone offers it.
    again: bool = False
    home: tuple[str, Any] = (
        "",
        "",
    )  # the page that it is asked for on: URL name (slug), and what it is called
    panel: str = ""  # URL name of a panel (slug, job) about what it did, shown with the job when it is over

    def __post_init__(self) -> None:
        KINDS[self.key] = self

    @property
    def writes(self) -> bool:
        """Whether its jobs leave a file."""
        return self.suffix is not no_file

    def needed(self, job: Job) -> Sequence[str]:
        """What who asked for the job has to hold while it runs."""
        return self.needs(job) if self.needs else (self.permission,)


KINDS: dict[str, Kind] = {}


def kind_of(job: Job) -> Kind:
    """The kind of a job. Raises KeyError for one of a version that is gone."""
    return KINDS[job.kind]
