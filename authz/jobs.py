"""The export of *Who has…* as a job: exactly the people that the page's filters show, as a file for spreadsheets."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from django.http import QueryDict

from authsec.audit.actor import Actor
from authsec.audit.formats import harmless
from authsec.audit.operations import record
from authsec.jobs import operations as jobs
from authsec.jobs.kinds import Kind, Step
from authsec.jobs.models import Job
from authz import bulk  # noqa: F401 - registers its kind
from authz.effective.wanted import Wanted
from authz.effective.who_has import AsIf, Holder, Narrowed, following, how_many
from authz.forms.as_if import AsIfForm
from authz.models import Application, Group, Role

EXPORT = "who_has.export"
CHUNK = 500  # people a step: what is in memory at one time
COUNTED = 1_000_000
COLUMNS = (
    "kind",
    "id",
    "name",
    "email",
    "state",
    "standing",
    "source",
    "source_name",
    "role",
    "application",
    "binding_id",
    "binding_state",
    "requires_mfa",
    "addresses",
    "not_before",
    "expires_at",
)


def export(
    *, tenant_id: UUID, wanted: Wanted, narrowed: Narrowed, actor: Actor, now: datetime, **circumstances: str
) -> Job:
    """Start an export. ``circumstances``: mfa, ip and at, as the strip of Effective Access has them; without ``at``
    the file is of the moment at which it was asked for. Raises TooManyJobs.
    """
    params = {
        "wanted": {name: str(value) for name, value in vars(wanted).items() if value},
        "narrowed": {name: value for name, value in vars(narrowed).items() if value},
        "as_if": {name: value for name, value in circumstances.items() if value},
    }
    return jobs.start(tenant_id=tenant_id, kind=EXPORT, params=params, actor=actor, now=now)


def _asked(job: Job) -> dict[str, Any]:
    kept = job.params["wanted"]
    ids = {name: UUID(kept[name]) for name in ("application_id", "role_id", "group_id") if name in kept}
    query = QueryDict(mutable=True)
    query.update(job.params["as_if"])
    form = AsIfForm(query)
    form.full_clean()
    return {
        "tenant_id": job.tenant_id,
        "wanted": Wanted(**kept | ids),
        "narrowed": Narrowed(**job.params["narrowed"]),
        "as_if": AsIf.of(form.context(job.created_at)),
    }


def _total(job: Job) -> int:
    return how_many(**_asked(job), most=COUNTED)


def _step(job: Job, out: IO[bytes]) -> Step:
    text = io.StringIO()
    writer = csv.writer(text)
    if job.cursor is None:
        writer.writerow(COLUMNS)
    after = UUID(job.cursor) if job.cursor else None
    holders, on = following(**_asked(job), after=after, size=CHUNK)
    for holder in holders:
        writer.writerows(_rows(holder))
    out.write(text.getvalue().encode("utf-8", "replace"))
    return Step(done=len(holders), cursor=str(on or ""), finished=on is None)


def _rows(one: Holder) -> Iterable[list[str]]:
    """A line for each way."""
    for way in one.ways:
        cells = (
            one.kind,
            one.id,
            one.name,
            one.email,
            one.state,
            one.reason,
            way.source,
            way.source_name,
            way.role_name,
            way.application_name,
            way.binding_id,
            way.state,
            "yes" if way.requires_mfa else "",
            " ".join(way.ip_ranges),
            way.not_before,
            way.expires_at,
        )
        yield [_cell(value) for value in cells]


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else harmless(str(value))


def _finished(*, job: Job, now: datetime) -> None:
    _record(job, Actor.from_json(job.actor), "who_has.exported", now)


def _fetched(*, job: Job, actor: Actor, now: datetime) -> None:
    _record(job, actor, "who_has.downloaded", now)


def _record(job: Job, actor: Actor, action: str, now: datetime) -> None:
    record(
        tenant_id=job.tenant_id,
        actor=actor,
        action=action,
        target_kind="job",
        target_id=job.pk,
        target_name=" on ".join(value for _, value in _describe(job)[:2]),
        now=now,
        after={"people": job.done, **job.params},
    )


def _describe(job: Job) -> list[tuple[str, str]]:
    kept, said = job.params["wanted"], []
    for key, label in (("scope", "Scope"), ("permission", "Console permission")):
        if key in kept:
            said.append((label, kept[key]))
    for key, label, model in (
        ("application_id", "Application", Application),
        ("role_id", "Role", Role),
        ("group_id", "Group", Group),
    ):
        if key in kept:
            row = model.objects.filter(tenant_id=job.tenant_id, pk=UUID(kept[key])).first()
            said.append((label, str(getattr(row, "name", kept[key]))))
    words = {
        "source": "By",
        "state": "State",
        "text": "Search",
        "mfa": "Second factor",
        "hours": "Hours ago",
        "ip": "Address",
        "at": "At",
    }
    rest = job.params["narrowed"] | job.params["as_if"]
    return [*said, *((words[name], value) for name, value in rest.items())]


Kind(
    key=EXPORT,
    title="Export of who has something",
    things="people",
    permission="effective_access:read",
    total=_total,
    step=_step,
    describe=_describe,
    suffix=lambda job: ".csv",
    finished=_finished,
    fetched=_fetched,
    again=True,
)
