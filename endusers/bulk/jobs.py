"""The jobs behind bulk verbs: asked for with one event, done chunk by chunk, taken back where that is possible."""

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
from authsec.jobs.kinds import Kind, Step, Stopped
from authsec.jobs.models import Job
from authsec.web.pagination import CAP
from endusers.bulk import selection as selections
from endusers.bulk.selection import Selection
from endusers.bulk.verbs import VERBS, Fate, Fates, Run, Verb
from endusers.models import Outcome
from endusers.operations import EndUserError, ReasonRequired

CHUNK = 5_000  # people in one transaction
HOME = ("endusers:list", _("End Users"))


class NobodyChosen(EndUserError):
    """A bulk verb without anybody to do it to."""


class NoWayBack(EndUserError):
    """The job is not over, or what it did can't be taken back."""


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
    kept = {"selection": selection.to_json(), "params": dict(params), "reason": reason}
    job = jobs.start(tenant_id=tenant_id, kind=verb.kind, params=kept, actor=actor, now=now)
    if job.created_at == now and verb.key != "export":  # an export is recorded with what it wrote
        _record(
            job, verb.title, f"{number} end users", actor, now, reason, {**dict(params), **_told(selection)}
        )
    return job


def take_back(*, tenant_id: UUID, job: Job, verb: Verb, reason: str, actor: Actor, now: datetime) -> Job:
    """Queue the way back of exactly what a job changed, where nobody changed it again since. Raises NoWayBack."""
    if verb.undo is None or job.kind != verb.kind:
        raise NoWayBack("This can't be taken back.")
    if job.active:
        raise NoWayBack("The job is not over yet.")
    kept = {"of": str(job.pk), "params": job.params["params"], "reason": reason.strip()}
    undoing = jobs.start(tenant_id=tenant_id, kind=verb.undo_kind, params=kept, actor=actor, now=now)
    if undoing.created_at == now:
        what = f"Take back: {verb.title.lower()}"
        number = tally(job).get(Fate.CHANGED, 0)
        _record(undoing, what, f"{number:,} end users", actor, now, reason.strip(), {"of": str(job.pk)})
    return undoing


def register(verb: Verb) -> Verb:
    """Make the kinds of jobs of a verb."""
    words = _describe(verb)
    Kind(
        key=verb.kind,
        title=verb.title,
        things="end users",
        permission=verb.permissions[0],
        total=total_of,
        step=lambda job, out: _step(verb, job, out),
        describe=words,
        needs=lambda job: verb.permissions,
        home=HOME,
        panel="endusers:outcomes",
    )
    if verb.undo:
        Kind(
            key=verb.undo_kind,
            title=f"Take back: {verb.title.lower()}",
            things="end users",
            permission=verb.permissions[0],
            total=lambda job: _changed(job).count(),
            step=lambda job, out: _undo_step(verb, job, out),
            describe=lambda job: [
                ("Takes back", f"{verb.title}, job {job.params['of']}"),
                *([("Reason", job.params["reason"])] if job.params["reason"] else []),
            ],
            needs=lambda job: verb.permissions,
            home=HOME,
            panel="endusers:outcomes",
        )
    return verb


def verb_of(job: Job) -> Verb | None:
    """The verb of a job, whether it does it or takes it back; None for another kind of job."""
    return VERBS.get(job.kind.removeprefix("end_users.").removeprefix("undo_"))


def tally(job: Job) -> dict[str, int]:
    """Fate → number of people so far."""
    cursor = job.cursor if isinstance(job.cursor, dict) else {}
    return dict(cursor.get("tally", {}))


def _describe(verb: Verb) -> Any:
    def words(job: Job) -> list[tuple[str, str]]:
        kept = job.params
        reason = [("Reason", kept["reason"])] if kept["reason"] else []
        return [*Selection.from_json(kept["selection"]).words(), *verb.words(kept["params"]), *reason]

    return words


def total_of(job: Job) -> int:
    """How many people a job is about, counted to the last."""
    chosen = Selection.from_json(job.params["selection"])
    if chosen.filters is None:
        return len(set(chosen.user_ids))
    return selections.count(chosen, until=job.created_at, cap=None).value


def _step(verb: Verb, job: Job, out: IO[bytes]) -> Step:
    assert verb.do  # noqa: S101 - registered with it
    chosen = Selection.from_json(job.params["selection"])
    common = (job.total or 0) > CAP
    ids = selections.pick(chosen, until=job.created_at, after=place_after(job), limit=CHUNK, common=common)
    return _kept(job, ids, _done(verb.do, job, ids))


def _undo_step(verb: Verb, job: Job, out: IO[bytes]) -> Step:
    assert verb.undo  # noqa: S101 - registered with it
    rows = _changed(job)
    after = place_after(job)
    if after:
        rows = rows.filter(user_id__gt=after)
    ids = list(rows.order_by("user_id").values_list("user_id", flat=True)[:CHUNK])
    return _kept(job, ids, _done(verb.undo, job, ids))


def _done(do: Callable[[Run, Sequence[UUID]], Fates], job: Job, ids: list[UUID]) -> Fates:
    """Do it to one chunk. What is refused now will be refused again: the job stops and says why."""
    try:
        return do(_run(job), ids) if ids else []
    except (PermissionDenied, EndUserError) as error:
        raise Stopped(str(error)) from error


def _changed(job: Job) -> Any:
    return Outcome.objects.filter(tenant_id=job.tenant_id, job_id=UUID(job.params["of"]), fate=Fate.CHANGED)


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


def _kept(job: Job, ids: list[UUID], fates: Fates) -> Step:
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


def _record(
    job: Job, deed: str, whom: str, actor: Actor, now: datetime, reason: str, after: dict[str, Any]
) -> None:
    record(
        tenant_id=job.tenant_id,
        actor=actor,
        action="end_users.bulk_asked",
        target_kind="job",
        target_id=job.pk,
        target_name=whom,
        now=now,
        reason=reason,
        after={"deed": deed, **after},
    )
