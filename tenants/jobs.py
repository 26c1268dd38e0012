"""The export of the team as a job: exactly the people that the page's filters show, as a file for spreadsheets."""

import csv
import io
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from authsec.audit.actor import Actor
from authsec.audit.formats import harmless
from authsec.audit.operations import record
from authsec.jobs import operations as jobs
from authsec.jobs.kinds import Kind, Step
from authsec.jobs.models import Job
from tenants.team import TeamMember, team

EXPORT = "team.export"
COLUMNS = (
    "user_id",
    "name",
    "email",
    "type",
    "status",
    "roles",
    "roles_by_groups",
    "second_factor",
    "came_by",
    "joined_at",
    "last_seen_at",
    "suspended_at",
    "suspended_reason",
    "left_at",
)


def export(*, tenant_id: UUID, chosen: dict[str, str], actor: Actor, now: datetime) -> Job:
    """Start an export of whom ``chosen`` (status, type, text, sort, as on the page) shows. Raises TooManyJobs."""
    return jobs.start(tenant_id=tenant_id, kind=EXPORT, params=chosen, actor=actor, now=now)


def _people(job: Job) -> list[TeamMember]:
    return team(job.tenant_id, job.created_at).narrowed(**job.params)


def _step(job: Job, out: IO[bytes]) -> Step:
    """All at once: a team stands on one page."""
    people, text = _people(job), io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(getattr(person, name)) for name in COLUMNS] for person in people)
    out.write(text.getvalue().encode())
    return Step(done=len(people), cursor=None, finished=True)


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return harmless(", ".join(value))
    return "" if value is None else harmless(str(value))


def _finished(*, job: Job, now: datetime) -> None:
    record(
        tenant_id=job.tenant_id,
        actor=Actor.from_json(job.actor),
        action="team.exported",
        target_kind="job",
        target_id=job.pk,
        target_name="the team",
        now=now,
        after={"people": job.done, **job.params},
    )


def _describe(job: Job) -> list[tuple[str, str]]:
    words = {"status": "Status", "type": "Type", "text": "Search"}
    chosen = [(words[name], value) for name, value in job.params.items() if value and name in words]
    return chosen or [("People", "all of them")]


Kind(
    key=EXPORT,
    title="Export of the team",
    things="people",
    permission="team:read",
    total=lambda job: len(_people(job)),
    step=_step,
    describe=_describe,
    suffix=lambda job: ".csv",
    finished=_finished,
    again=True,
    home=("tenants:team", _("Team")),
)
