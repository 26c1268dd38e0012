"""The way back of a job that changed people: a job that gives each what was replaced, from what was written down."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, JSONObject, Replace

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


@dataclass(frozen=True)
class TakenBack:
    """The job that takes another one back."""

    pk: UUID
    status: str
    created_at: datetime

    @property
    def over(self) -> bool:
        """Whether it went its way to the end, or is about to: then nobody else goes it."""
        return self.status not in (Job.Status.CANCELLED, Job.Status.FAILED)


def with_ways_back(rows: QuerySet[Job]) -> QuerySet[Any]:
    """The jobs with the last one of those that took each back, which :func:`taken_back_by` reads."""
    # The kind first: it needs no look into what other jobs keep, which may be thousands of ids.
    undoing = Job.objects.filter(
        tenant_id=OuterRef("tenant_id"),
        kind=Replace(OuterRef("kind"), Value("end_users."), Value("end_users.undo_")),
        created_at__gte=OuterRef("created_at"),
    )
    undoing = undoing.annotate(of=KT("params__of")).filter(of=Cast(OuterRef("pk"), TextField()))
    told = JSONObject(pk="id", status="status", created_at="created_at")
    return rows.annotate(taken_back=Subquery(undoing.order_by("-created_at").values(told=told)[:1]))


def taken_back_by(job: Any) -> TakenBack | None:
    """The last job that took this one back, or is about to; ``job`` as :func:`with_ways_back` reads it."""
    found = job.taken_back
    if not found:
        return None
    at = datetime.fromisoformat(found["created_at"])
    return TakenBack(UUID(found["pk"]), found["status"], at)


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
    rows = with_ways_back(Job.objects.filter(tenant_id=tenant_id, pk=job.pk))
    earlier = taken_back_by(rows.get())
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
