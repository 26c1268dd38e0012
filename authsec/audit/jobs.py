"""The export of the audit log as a job: exactly the events that a filter shows, as a file."""

from datetime import datetime
from typing import IO, Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import TupleLessThan
from django.utils.translation import gettext_lazy as _

from authsec.audit import formats
from authsec.audit.actor import Actor
from authsec.audit.filters import Filter
from authsec.audit.models import Event
from authsec.audit.operations import record
from authsec.audit.queries import of_tenant
from authsec.jobs import operations as jobs
from authsec.jobs.kinds import Kind, Step
from authsec.jobs.models import Job

EXPORT = "audit.export"
CHUNK = 1_000  # events a step: what is in memory at one time


def export(*, tenant_id: UUID, filter: Filter, format: str, actor: Actor, now: datetime) -> Job:
    """Start an export. ``format`` is one of ``formats.FORMATS``. Raises TooManyJobs.

    What is recorded from now on is not in it, so that its size does not run away from its reader.
    """
    params = {"filter": filter.to_json(), "format": format}
    return jobs.start(tenant_id=tenant_id, kind=EXPORT, params=params, actor=actor, now=now)


def _events(job: Job) -> QuerySet[Event]:
    events = of_tenant(job.tenant_id).filter(at__lte=job.created_at)
    return Filter.from_json(job.params["filter"]).narrow(events)


def _total(job: Job) -> int:
    return _events(job).count()


def _step(job: Job, out: IO[bytes]) -> Step:
    write = formats.FORMATS[job.params["format"]]
    rows = _events(job).order_by("-at", "-id")
    if job.cursor is None:
        out.write(write.head())
    else:
        at, id = job.cursor
        place = (datetime.fromisoformat(at), UUID(id))
        rows = rows.filter(TupleLessThan((F("at"), F("id")), place))
    events = list(rows[:CHUNK])
    out.write(write.rows(events))
    cursor: Any = [events[-1].at.isoformat(), str(events[-1].pk)] if events else job.cursor
    return Step(done=len(events), cursor=cursor, finished=len(events) < CHUNK)


def _finished(*, job: Job, now: datetime) -> None:
    record(
        tenant_id=job.tenant_id,
        actor=Actor.from_json(job.actor),
        action="audit.exported",
        target_kind="job",
        target_id=job.pk,
        target_name="the audit log",
        now=now,
        after={"events": job.done, **job.params},
    )


def _fetched(*, job: Job, actor: Actor, now: datetime) -> None:
    record(
        tenant_id=job.tenant_id,
        actor=actor,
        action="audit.downloaded",
        target_kind="job",
        target_id=job.pk,
        target_name="an export of the audit log",
        now=now,
        after={"events": job.done, **job.params},
    )


def _describe(job: Job) -> list[tuple[str, str]]:
    chosen = Filter.from_json(job.params["filter"]).words()
    return [("Format", formats.FORMATS[job.params["format"]].title), *(chosen or [("Events", "all of them")])]


Kind(
    key=EXPORT,
    title="Export of the audit log",
    things="events",
    permission="audit:export",
    total=_total,
    step=_step,
    describe=_describe,
    suffix=lambda job: formats.FORMATS[job.params["format"]].suffix,
    finished=_finished,
    fetched=_fetched,
    again=True,
    home=("audit:list", _("Audit log")),
)
