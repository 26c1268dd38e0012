"""The jobs behind bulk verbs: asked for with one event, done chunk by chunk."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from authsec.jobs import operations as jobs
from authsec.jobs.kinds import Step, Stopped
from authsec.jobs.models import Job
from authsec.web.pagination import CAP
from endusers.bulk import selection as selections
from endusers.bulk.selection import Selection
from endusers.bulk.verbs import VERBS, Fate, Fates, Run, Verb
from endusers.operations import EndUserError, ReasonRequired

CHUNK = 5_000  # people in one transaction
HOME = ("endusers:list", _("End Users"))


class NobodyChosen(EndUserError):
    """A bulk verb without anybody to do it to."""


def ask(
    *,
    tenant_id: UUID,
    verb: Verb,
    selection: Selection,
    params: Mapping[str, Any],
    reason: str,
    actor: Actor,
    now: datetime,
) -> Job:
    """Queue the job, and record that it was asked for. Asked twice while it is not over: the same job, one event.

    Raises ReasonRequired, NobodyChosen, TooManyJobs, or what the verb refuses with. Whoever becomes an end user from
    now on is not meant.
    """
    reason = reason.strip()
    if verb.needs_reason and not reason:
        raise ReasonRequired("A reason is required.")
    verb.may(Run(tenant_id, UUID(int=0), actor, now, params, reason))
    number = selections.count(selection, until=now)
    if not number.value and selection.filters is not None:
        raise NobodyChosen("Nobody matches.")
    kept: dict[str, Any] = {"selection": selection.to_json(), "params": dict(params), "reason": reason}
    if names := selection.names(tenant_id):
        kept["names"] = names
    job = jobs.start(tenant_id=tenant_id, kind=verb.kind, params=kept, actor=actor, now=now)
    if job.created_at == now and verb.key != "export":  # an export is recorded with what it wrote
        about = {"deed": verb.title, **params, **_told(selection)}
        note(job, f"{number} end users", actor, now, reason, about)
    return job


def verb_of(job: Job) -> Verb | None:
    """The verb that a job does; None for one that takes it back, and for another kind of job."""
    return VERBS.get(job.kind.removeprefix("end_users."))


def tally(job: Job) -> dict[str, int]:
    """Fate → number of people so far."""
    cursor = job.cursor if isinstance(job.cursor, dict) else {}
    return dict(cursor.get("tally", {}))


def describe(verb: Verb, job: Job) -> list[tuple[str, str]]:
    """What the job is about, in words."""
    kept = job.params
    reason = [("Reason", kept["reason"])] if kept["reason"] else []
    chosen = Selection.from_json(kept["selection"]).words(kept.get("names", {}))
    return [*chosen, *verb.words(kept["params"]), *reason]


def total_of(job: Job) -> int:
    """How many people a job is about, counted to the last."""
    chosen = Selection.from_json(job.params["selection"])
    if chosen.filters is None:
        return len(set(chosen.user_ids))
    return selections.count(chosen, until=job.created_at, cap=None).value


def step(verb: Verb, job: Job, out: IO[bytes]) -> Step:
    """Do it to the next chunk of people."""
    assert verb.do  # noqa: S101 - registered with it
    chosen = Selection.from_json(job.params["selection"])
    common = (job.total or 0) > CAP
    ids = selections.pick(chosen, until=job.created_at, after=place_after(job), limit=CHUNK, common=common)
    return kept(job, ids, done(verb.do, job, ids))


def done(do: Callable[[Run, Sequence[UUID]], Fates], job: Job, ids: list[UUID]) -> Fates:
    """Do it to one chunk. What is refused now will be refused again: the job stops and says why."""
    try:
        return do(_run(job), ids) if ids else []
    except (PermissionDenied, EndUserError) as error:
        raise Stopped(str(error)) from error


def _run(job: Job) -> Run:
    of = job.params.get("of")
    return Run(
        tenant_id=job.tenant_id,
        job_id=job.pk,
        actor=Actor.from_json(job.actor),
        now=timezone.now(),
        params=job.params.get("params", {}),
        reason=job.params["reason"],
        undoes=UUID(of) if of else None,
    )


def place_after(job: Job) -> UUID | None:
    """Whom the next chunk begins behind."""
    return UUID(job.cursor["after"]) if job.cursor else None


def kept(job: Job, ids: list[UUID], fates: Fates) -> Step:
    """Where the next chunk begins, and how many met which fate so far."""
    counted = tally(job)
    for _key, fate in fates:
        counted[fate] = counted.get(fate, 0) + 1
    unknown = sum(fate == Fate.UNKNOWN for _key, fate in fates)
    cursor = {"after": str(ids[-1]), "tally": counted} if ids else job.cursor
    return Step(done=len(ids), failed=unknown, cursor=cursor, finished=len(ids) < CHUNK)


def _told(selection: Selection) -> dict[str, Any]:
    """The selection as the event keeps it: ids stand in each person's own event."""
    if selection.filters is None:
        return {"user_ids": len(set(selection.user_ids))}
    return {"filter": selection.to_json()["filter"]}


def note(job: Job, whom: str, actor: Actor, now: datetime, reason: str, about: dict[str, Any]) -> None:
    """Record that a job was asked for, about whom and to do what."""
    record(
        tenant_id=job.tenant_id,
        actor=actor,
        action="end_users.bulk_asked",
        target_kind="job",
        target_id=job.pk,
        target_name=whom,
        now=now,
        reason=reason,
        after=about,
    )
