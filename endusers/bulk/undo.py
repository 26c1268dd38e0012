"""The way back of a job that changed people: a job that gives each what was replaced, from what was written down."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from django.db.models import QuerySet

from authsec.audit.actor import Actor
from authsec.jobs import operations
from authsec.jobs.kinds import Kind, Step
from authsec.jobs.models import Job
from endusers.bulk import jobs
from endusers.bulk.verbs import Fate, Fates, Run
from endusers.models import Outcome
from endusers.operations import EndUserError


class NoWayBack(EndUserError):
    """The job is not over, changed nobody, is taken back already, or what it did can't be taken back."""


@dataclass(frozen=True)
class WayBack:
    """How jobs of the kind ``of`` are taken back. ``title`` and ``deed`` are those of what they did.

    ``do`` gives the people of one chunk back what the job replaced. ``kept(job)``: what the way back has to know of
    the job; ``needs``: the permissions that it takes, by that.
    """

    of: str
    title: str
    deed: str
    do: Callable[[Run, Sequence[UUID]], Fates]
    needs: Callable[[Mapping[str, Any]], Sequence[str]]
    kept: Callable[[Job], dict[str, Any]] = lambda job: job.params["params"]

    def __post_init__(self) -> None:
        WAYS_BACK[self.of] = self
        Kind(
            key=self.kind,
            title=self.undoing,
            things="end users",
            permission=self.needs({})[0],
            total=lambda job: _changed(job).count(),
            step=lambda job, out: _step(self, job, out),
            describe=lambda job: [
                ("Takes back", f"{self.title}, job {shortened(job.params['of'])}"),
                *([("Reason", job.params["reason"])] if job.params["reason"] else []),
            ],
            needs=lambda job: self.needs(job.params["params"]),
            home=jobs.HOME,
            panel="endusers:outcomes",
        )

    @property
    def kind(self) -> str:
        """The kind of the jobs that go this way."""
        return self.of.replace("end_users.", "end_users.undo_")

    @property
    def undoing(self) -> str:
        """What those jobs are called."""
        return f"Take back: {self.title[:1].lower()}{self.title[1:]}"


WAYS_BACK: dict[str, WayBack] = {}


def shortened(key: str) -> str:
    """An id as pages show it."""
    return f"{key[:8]}…{key[-4:]}"


def way_back(job: Job) -> WayBack | None:
    """How a job could be taken back, if its kind can be."""
    return WAYS_BACK.get(job.kind)


def taken_back_by(job: Job) -> Job | None:
    """The last job that took this one back, or is about to. One statement."""
    way = way_back(job)
    rows = Job.objects.filter(tenant_id=job.tenant_id, params__of=str(job.pk), created_at__gte=job.created_at)
    return rows.filter(kind=way.kind).order_by("-created_at").first() if way else None


def needed(job: Job) -> Sequence[str]:
    """The permissions that taking the job back needs. Raises NoWayBack."""
    way = way_back(job)
    if way is None:
        raise NoWayBack("This can't be taken back.")
    return way.needs(way.kept(job))


def take_back(*, tenant_id: UUID, job: Job, reason: str, actor: Actor, now: datetime) -> Job:
    """Queue the way back of exactly what a job changed, where nobody changed it again since. Raises NoWayBack.

    One that was cancelled or failed half-way can be asked for again, for those whom it did not reach.
    """
    way = way_back(job)
    if way is None:
        raise NoWayBack("This can't be taken back.")
    if job.active:
        raise NoWayBack("The job is not over yet.")
    changed = jobs.tally(job).get(Fate.CHANGED, 0)
    if not changed:
        raise NoWayBack("The job changed nobody: there is nothing to take back.")
    earlier = taken_back_by(job)
    if earlier and earlier.status == Job.Status.DONE:
        raise NoWayBack("The job was taken back already.")
    kept = {"of": str(job.pk), "params": way.kept(job), "reason": reason.strip()}
    undoing = operations.start(tenant_id=tenant_id, kind=way.kind, params=kept, actor=actor, now=now)
    if undoing.created_at == now:
        about = {"deed": way.undoing, "of": str(job.pk)}
        jobs.note(undoing, f"{changed:,} end users", actor, now, reason.strip(), about)
    return undoing


def _changed(job: Job) -> QuerySet[Outcome]:
    rows: QuerySet[Outcome] = Outcome.objects.filter(
        tenant_id=job.tenant_id, job_id=UUID(job.params["of"]), fate=Fate.CHANGED
    )
    return rows


def _step(way: WayBack, job: Job, out: IO[bytes]) -> Step:
    rows, after = _changed(job), jobs.place_after(job)
    if after:
        rows = rows.filter(user_id__gt=after)
    ids = list(rows.order_by("user_id").values_list("user_id", flat=True)[: jobs.CHUNK])
    return jobs.kept(job, ids, jobs.done(way.do, job, ids))
