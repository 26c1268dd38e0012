"""The export of end users as a job: exactly whom a filter shows, as a file."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from django import forms
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from authsec.audit.actor import Actor
from authsec.audit.formats import FORMATS, harmless, table
from authsec.audit.operations import record
from authsec.database.fields import uuid_array
from authsec.jobs.kinds import Kind, Step
from authsec.jobs.models import Job
from authsec.web.pagination import CAP
from endusers.bulk import selection as selections
from endusers.bulk.jobs import HOME, describe, place_after, total_of
from endusers.bulk.selection import Selection
from endusers.bulk.verbs import Verb
from endusers.models import Outcome

CHUNK = 2_000  # people a step: what is in memory at one time
COLUMNS = (
    "user_id",
    "email",
    "display_name",
    "status",
    "plan_tier",
    "rate_limit_override",
    "created_at",
    "first_consent_at",
    "last_seen_at",
    "suspended_at",
    "suspended_reason",
    "applications",
)
ROWS = """
select e.user_id, p.email, p.display_name, e.status, t.key, e.rate_limit_override, e.created_at, e.first_consent_at,
       e.last_seen_at, e.suspended_at, e.suspended_reason,
       array(select distinct a.name from oauth_consent c
               join authz_application a on a.tenant_id = %(tenant)s and a.id = c.application_id
              where c.tenant_id = %(tenant)s and c.user_id = e.user_id and c.withdrawn_at is null order by 1)
  from endusers_enduser e
  join tenants_profile p on p.tenant_id = %(tenant)s and p.user_id = e.user_id
  join endusers_plantier t on t.tenant_id = %(tenant)s and t.id = e.plan_tier_id
 where e.tenant_id = %(tenant)s and e.user_id = any(%(ids)s::uuid[])
 order by e.user_id
"""


class FormatForm(forms.Form):
    """As what to export."""

    format = forms.ChoiceField(
        label=_("Format"),
        choices=[(key, format.title) for key, format in FORMATS.items()],
        initial="csv",
        widget=forms.RadioSelect,
    )

    def kept(self) -> dict[str, Any]:
        """The format's key."""
        return {"format": self.cleaned_data["format"]}


def _lines(format: str, rows: Sequence[Sequence[Any]]) -> bytes:
    if format == "jsonl":
        made = [dict(zip(COLUMNS, map(_plain, row), strict=True)) for row in rows]
        return "".join(json.dumps(person) + "\n" for person in made).encode()
    return table([[harmless(_cell(value)) for value in row] for row in rows])


def _plain(value: Any) -> Any:
    """A value as JSON has it. The row's jsonb comes as text."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return "; ".join(value) if isinstance(value, list) else str(_plain(value))


def _head(format: str) -> bytes:
    if format == "jsonl":
        return b""
    return (b"\xef\xbb\xbf" if format == "csv-excel" else b"") + table([COLUMNS])


def _step(job: Job, out: IO[bytes]) -> Step:
    format = job.params["params"]["format"]
    if job.cursor is None:
        out.write(_head(format))
    chosen = Selection.from_json(job.params["selection"])
    common = (job.total or 0) > CAP
    ids = selections.pick(chosen, until=job.created_at, after=place_after(job), limit=CHUNK, common=common)
    with connection.cursor() as cursor:
        cursor.execute(ROWS, {"tenant": job.tenant_id, "ids": uuid_array(ids)})
        rows = [list(row) for row in cursor.fetchall()]
    for row in rows:
        row[5] = json.loads(row[5]) if row[5] and format == "jsonl" else row[5]
    out.write(_lines(format, rows))
    _leave_out(job, set(ids) - {row[0] for row in rows})
    place = {"after": str(ids[-1])} if ids else job.cursor
    return Step(done=len(rows), failed=len(ids) - len(rows), cursor=place, finished=len(ids) < CHUNK)


def _describe(job: Job) -> list[tuple[str, str]]:
    return describe(EXPORT, job)


def _leave_out(job: Job, ids: set[UUID]) -> None:
    """Write down who was named and is no end user here."""
    facts: dict[str, Any] = {"tenant_id": job.tenant_id, "job_id": job.pk, "at": timezone.now()}
    lost = [Outcome(user_id=key, fate=Outcome.Fate.UNKNOWN, **facts) for key in ids]
    Outcome.objects.bulk_create(lost, ignore_conflicts=True)  # a lost file is written anew, from the start


def _record(action: str, job: Job, actor: Actor, now: datetime, target: str) -> None:
    selection = Selection.from_json(job.params["selection"])
    whom = selection.to_json() if selection.filters else {"user_ids": len(selection.user_ids)}
    record(
        tenant_id=job.tenant_id,
        actor=actor,
        action=action,
        target_kind="job",
        target_id=job.pk,
        target_name=target,
        now=now,
        reason=job.params["reason"],
        after={"people": job.done, **job.params["params"], **whom},
    )


def _finished(*, job: Job, now: datetime) -> None:
    _record("end_users.exported", job, Actor.from_json(job.actor), now, "end users")


def _fetched(*, job: Job, actor: Actor, now: datetime) -> None:
    _record("end_users.downloaded", job, actor, now, "an export of end users")


EXPORT = Verb(
    key="export",
    title="Export end users",
    label="Export…",
    icon="download",
    permissions=("endusers:export",),
    effect=("end user is in the file", "end users are in the file"),
    deed="exported",
    already="",
    promise="The file holds names and addresses. You can download it for 24 hours. The export and each download are "
    "recorded in the audit log.",
    unchanged=lambda params: ("", ""),
    form=lambda tenant_id: FormatForm,
    words=lambda params: [("Format", FORMATS[params["format"]].title)],
)
Kind(
    key=EXPORT.kind,
    title=EXPORT.title,
    things="end users",
    permission="endusers:export",
    total=total_of,
    step=_step,
    describe=_describe,
    suffix=lambda job: FORMATS[job.params["params"]["format"]].suffix,
    finished=_finished,
    fetched=_fetched,
    again=True,
    home=HOME,
)
