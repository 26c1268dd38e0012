"""The tokens of an Application in a time as a file for spreadsheets, written by a job."""

import csv
import io
import json
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.formats import harmless
from authsec.audit.operations import record
from authsec.jobs import operations as jobs
from authsec.jobs.kinds import Kind, Step
from authsec.jobs.models import Job
from authz.models import Application
from oauth.usage.who_used import COLUMNS, Period, how_many, tokens_in

EXPORT = "usage.export"
CHUNK = 1_000
COUNTED = 1_000_000


def export(*, tenant_id: UUID, application_id: UUID, period: Period, actor: Actor, now: datetime) -> Job:
    """Start an export of the tokens of a time, one a line. Raises TooManyJobs."""
    params = {
        "application": str(application_id),
        "from": period.start.isoformat(),
        "to": period.end.isoformat(),
    }
    return jobs.start(tenant_id=tenant_id, kind=EXPORT, params=params, actor=actor, now=now)


def _asked(job: Job) -> dict[str, Any]:
    start, end = (datetime.fromisoformat(job.params[name]) for name in ("from", "to"))
    return {
        "tenant_id": job.tenant_id,
        "application_id": UUID(job.params["application"]),
        "period": Period(start, end),
    }


def _step(job: Job, out: IO[bytes]) -> Step:
    text = io.StringIO()
    writer = csv.writer(text)
    if job.cursor is None:
        writer.writerow(COLUMNS)
    after = (datetime.fromisoformat(job.cursor[0]), UUID(job.cursor[1])) if job.cursor else None
    rows = tokens_in(**_asked(job), after=after, size=CHUNK)
    writer.writerows([_cell(row[name]) for name in COLUMNS] for row in rows)
    out.write(text.getvalue().encode("utf-8", "replace"))
    on = [rows[-1]["at"].isoformat(), str(rows[-1]["decision_id"])] if rows else job.cursor or []
    return Step(done=len(rows), cursor=on, finished=len(rows) < CHUNK)


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return harmless(" ".join(value))
    if isinstance(value, dict):
        return harmless(json.dumps(value))
    return "" if value is None else harmless(str(value))


def _name(job: Job) -> str:
    row = Application.objects.filter(tenant_id=job.tenant_id, pk=UUID(job.params["application"])).first()
    return row.name if row else str(job.params["application"])


def _record(job: Job, actor: Actor, action: str, now: datetime) -> None:
    record(
        tenant_id=job.tenant_id,
        actor=actor,
        action=action,
        target_kind="job",
        target_id=job.pk,
        target_name=_name(job),
        now=now,
        after={"tokens": job.done, **job.params},
    )


def _finished(*, job: Job, now: datetime) -> None:
    _record(job, Actor.from_json(job.actor), "usage.exported", now)


def _fetched(*, job: Job, actor: Actor, now: datetime) -> None:
    _record(job, actor, "usage.downloaded", now)


Kind(
    key=EXPORT,
    title="Export of who used an Application",
    things="tokens",
    permission="tokens:read",
    total=lambda job: how_many(**_asked(job), most=COUNTED),
    step=_step,
    describe=lambda job: [
        ("Application", _name(job)),
        ("From", job.params["from"]),
        ("Until", job.params["to"]),
    ],
    suffix=lambda job: ".csv",
    application=lambda job: UUID(job.params["application"]),
    finished=_finished,
    fetched=_fetched,
    again=True,
)
