"""Plan tiers and statuses from a file: brought, looked at line by line, then put into force by a job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from authsec.jobs import operations as jobs
from authsec.jobs.kinds import Kind, Step, Stopped
from authsec.jobs.models import Job
from endusers.bulk import changes
from endusers.bulk.jobs import CHUNK, HOME
from endusers.bulk.verbs import Run
from endusers.import_file import BadFile, read
from endusers.models import Upload, UploadLine
from endusers.operations import ReasonRequired

KIND, TITLE = "end_users.import", "Import of plan tiers and statuses"
# Every line of a file with its fate as things stand now: malformed, unknown, already or changed. Materialized, and by
# index line by line: otherwise an address is looked up three times, and all end users are read for twenty lines.
JUDGED = """
with found as materialized (
  select l.number, l.named, l.plan_tier, l.status, l.problem,
         case when l.user_key is not null then array[l.user_key] else array(
           select p.user_id from tenants_profile p
            where p.tenant_id = %(tenant)s and p.email = l.email and l.email <> '' limit 2) end as people
    from endusers_uploadline l where l.tenant_id = %(tenant)s and l.upload_id = %(upload)s),
judged as materialized (
  select f.number, f.named, e.user_id, f.plan_tier, f.status, e.status as status_now, n.key as tier_now,
         case when f.problem <> '' then f.problem
              when cardinality(f.people) > 1 then 'Two people share this address: name the user id.'
              when e.user_id is null then ''
              when f.plan_tier <> '' and t.id is null then 'There is no such plan tier.'
              when row_number() over (partition by e.user_id order by f.number) > 1
                then 'An earlier line names the same person.'
              else '' end as problem,
         e.user_id is null as unknown,
         f.plan_tier <> '' and t.id is distinct from e.plan_tier_id as moves,
         f.status <> '' and f.status is distinct from e.status as flips
    from found f
    left join lateral (select x.user_id, x.status, x.plan_tier_id from endusers_enduser x
                        where x.tenant_id = %(tenant)s and x.user_id = f.people[1] offset 0) e on true
    left join endusers_plantier t on t.tenant_id = %(tenant)s and t.key = f.plan_tier and t.ended_at is null
    left join endusers_plantier n on n.tenant_id = %(tenant)s and n.id = e.plan_tier_id),
fated as materialized (
  select j.*, case when j.problem <> '' then 'malformed' when j.unknown then 'unknown'
                   when j.moves or j.flips then 'changed' else 'already' end as fate from judged j)
"""
LINES = """
select number, named, user_id, plan_tier, status, status_now, tier_now, problem, moves, flips, fate from fated
 where (%(fate)s::text = '' or fate = %(fate)s) and number > %(after)s order by number limit %(limit)s
"""
COUNTED = """
select fate, count(*) as lines, count(*) filter (where flips and status = 'suspended') as suspended,
       count(*) filter (where flips) as flips
  from fated group by fate
"""
PAGE, TALLY = f"{JUDGED}{LINES}", f"{JUDGED}{COUNTED}"
# Both from one judging: what is counted above the lines is what they say.
LOOK = f"""{JUDGED}
select t.*, l.* from (select array_agg(c.fate), array_agg(c.lines), array_agg(c.suspended), array_agg(c.flips)
                        from ({COUNTED}) c) t
  left join lateral ({LINES}) l on true order by l.number
"""  # noqa: S608
MOST_UPLOADS = 20  # of a tenant at one time; a week at most (endusers.cleanup)
# One that is being put into force, or that a job still works on, stays.
FORGET = """
with old as materialized (
  select u.id from endusers_upload u where u.tenant_id = %(tenant)s and u.id in (
           select o.id from endusers_upload o where o.tenant_id = %(tenant)s
            order by o.created_at desc, o.id desc offset %(kept)s)
     and not exists (select from jobs_job j where j.tenant_id = %(tenant)s and j.kind = %(kind)s
                        and j.status in ('queued', 'running') and j.params->>'upload' = u.id::text)
     for update skip locked),
lines as (delete from endusers_uploadline l using old where l.tenant_id = %(tenant)s and l.upload_id = old.id)
delete from endusers_upload u using old where u.tenant_id = %(tenant)s and u.id = old.id
"""
STATUSES = ("suspended", "active")
FATES = ("changed", "already", "unknown", "malformed")


@dataclass(frozen=True)
class Judged:
    """A line and its fate. ``moves`` and ``flips``: whether the tier and whether the status would change."""

    number: int
    named: str
    user_id: UUID | None
    plan_tier: str
    status: str
    status_now: str | None
    tier_now: str | None
    problem: str
    moves: bool
    flips: bool
    fate: str


@dataclass(frozen=True)
class Tally:
    """Fate → lines; how many would be ``suspended``, and how many statuses would change at all (``flips``)."""

    lines: dict[str, int]
    suspended: int
    flips: int


def bring(*, tenant_id: UUID, name: str, content: bytes, actor: Actor, now: datetime) -> Upload:
    """Keep a file's lines for a look at their fates; nothing else changes, but that the oldest files go. Raises
    BadFile.
    """
    lines = read(content)
    upload = Upload.objects.create(tenant_id=tenant_id, name=name[:200], created_at=now, created_by=actor.id)
    with connection.cursor() as cursor:
        cursor.execute(FORGET, {"tenant": tenant_id, "kept": MOST_UPLOADS, "kind": KIND})
    UploadLine.objects.bulk_create(
        [UploadLine(tenant_id=tenant_id, upload=upload, **vars(line)) for line in lines], batch_size=2_000
    )
    return upload


def page(
    tenant_id: UUID, upload_id: UUID, *, fate: str = "", after: int = 0, limit: int = 100
) -> list[Judged]:
    """The next lines behind the line ``after``, all or those of one fate."""
    return [Judged(*row) for row in _rows(PAGE, tenant_id, upload_id, fate=fate, after=after, limit=limit)]


def look(
    tenant_id: UUID, upload_id: UUID, *, fate: str = "", after: int = 0, limit: int = 100
) -> tuple[Tally, list[Judged]]:
    """All lines counted and the next ones behind ``after``, judged at one moment. One statement."""
    rows = _rows(LOOK, tenant_id, upload_id, fate=fate, after=after, limit=limit)
    counted = zip(*(column or () for column in rows[0][:4]), strict=True)
    return _tallied(list(counted)), [Judged(*row[4:]) for row in rows if row[4] is not None]


def tally(tenant_id: UUID, upload_id: UUID) -> Tally:
    """How many lines meet which fate, as things stand now."""
    return _tallied(_rows(TALLY, tenant_id, upload_id))


def _tallied(rows: Sequence[Sequence[Any]]) -> Tally:
    found = {fate: number for fate, number, _, _ in rows}
    return Tally(
        {fate: found.get(fate, 0) for fate in FATES},
        sum(row[2] for row in rows if row[0] == "changed"),
        sum(row[3] for row in rows if row[0] == "changed"),
    )


def put_into_force(*, tenant_id: UUID, upload: Upload, reason: str, actor: Actor, now: datetime) -> Job:
    """Queue the job that does what the lines say, and record it. Raises ReasonRequired when somebody is suspended,
    BadFile when newer files pushed this one out meanwhile.
    """
    held = Upload.objects.select_for_update(no_key=True).filter(tenant_id=tenant_id, pk=upload.pk).first()
    if held is None:
        raise BadFile("The file is not kept any more. Bring it again.")
    looked = tally(tenant_id, upload.pk)
    if looked.suspended and not reason.strip():
        raise ReasonRequired("A reason is required: the file suspends people.")
    # What was looked at, permitted and reasoned: the job changes nobody's status otherwise (``_step``).
    statuses = [
        *(["suspended"] if looked.suspended else []),
        *(["active"] if looked.flips > looked.suspended else []),
    ]
    params = {"upload": str(upload.pk), "name": upload.name, "reason": reason.strip(), "statuses": statuses}
    job = jobs.start(tenant_id=tenant_id, kind=KIND, params=params, actor=actor, now=now)
    if job.created_at == now:
        record(
            tenant_id=tenant_id,
            actor=actor,
            action="end_users.imported",
            target_kind="job",
            target_id=job.pk,
            target_name=upload.name,
            now=now,
            reason=reason.strip(),
            after={"lines": sum(looked.lines.values()), "changing": looked.lines["changed"]},
        )
    return job


def needs(params: Mapping[str, Any]) -> list[str]:
    """The permissions behind an import, by what its job keeps: statuses want more than tiers."""
    return ["endusers:update", *(["endusers:suspend"] if params.get("statuses", STATUSES) else [])]


def _rows(statement: str, tenant_id: UUID, upload_id: UUID, **more: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"tenant": tenant_id, "upload": upload_id, **more})
        return list(cursor.fetchall())


def _total(job: Job) -> int:
    return UploadLine.objects.filter(tenant_id=job.tenant_id, upload_id=job.params["upload"]).count()


def _step(job: Job, out: IO[bytes]) -> Step:
    after, counted = (job.cursor["after"], dict(job.cursor["tally"])) if job.cursor else (0, {})
    lines = page(job.tenant_id, UUID(job.params["upload"]), after=after, limit=CHUNK)
    run = Run(
        job.tenant_id,
        job.pk,
        Actor.from_json(job.actor),
        timezone.now(),
        reason=job.params["reason"],
        several=True,
    )
    meant = [line for line in lines if line.fate == "changed"]
    if any(line.flips and line.status not in job.params.get("statuses", STATUSES) for line in meant):
        raise Stopped("Statuses changed since the file was looked at. Bring it again, and look at its lines.")
    _change(run, meant)
    for line in lines:
        counted[line.fate] = counted.get(line.fate, 0) + 1
    wrong = sum(line.fate in ("unknown", "malformed") for line in lines)
    place = {"after": lines[-1].number if lines else after, "tally": counted}
    return Step(done=len(lines), failed=wrong, cursor=place, finished=len(lines) < CHUNK)


def _change(run: Run, lines: Sequence[Judged]) -> None:
    """Statuses and tiers of one chunk: one statement for each value that stands in it."""
    for status, change in zip(STATUSES, (changes.suspend, changes.reactivate), strict=True):
        if ids := [line.user_id for line in lines if line.flips and line.status == status and line.user_id]:
            change(run, ids)
    for key in sorted({line.plan_tier for line in lines if line.moves}):
        ids = [line.user_id for line in lines if line.moves and line.plan_tier == key and line.user_id]
        changes.set_plan_tier(replace(run, params={"plan_tier": key}), ids)


Kind(
    key=KIND,
    title=TITLE,
    things="lines",
    permission="endusers:update",
    total=_total,
    step=_step,
    describe=lambda job: [
        ("File", job.params["name"]),
        *([("Reason", job.params["reason"])] if job.params["reason"] else []),
    ],
    needs=lambda job: needs(job.params),
    home=HOME,
    panel="endusers:outcomes",
)
