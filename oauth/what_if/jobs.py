"""What if for more people than one answer looks at: a job that looks at a few hundred at a time and sums up.

Each step tries the change out anew in a savepoint of its own, so that no lock is held for longer than for one answer;
what others change meanwhile shows in later steps. The file has a line for each thing that somebody gains, loses or has
in another state.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from authsec.audit.actor import Actor
from authsec.audit.formats import harmless
from authsec.jobs import operations as jobs
from authsec.jobs.kinds import Kind, Step
from authsec.jobs.models import Job
from authz.refusals import Refused
from authz.what_if.changes import Change
from authz.what_if.changes.wire import from_json, to_json
from authz.what_if.changes.words import said
from authz.what_if.difference import Difference, Total, add_up
from authz.what_if.held import Moment
from authz.what_if.reach import Roots, count_reached, reached
from authz.what_if.simulate import Asked, forbidden, try_out
from authz.what_if.words import STATES, lines_of, place_of, reason
from oauth.what_if.tokens import Tokens, live_tokens, with_tokens

WHAT_IF = "access.what_if"
CHUNK = 200  # people a step
COLUMNS = (
    "subject_kind",
    "subject_id",
    "name",
    "application",
    "scope_or_permission",
    "kind",
    "before",
    "after",
    "reason",
)


def start(
    *,
    tenant_id: UUID,
    change: Change,
    users: Sequence[UUID] = (),
    groups: Sequence[UUID] = (),
    mfa: bool = False,
    ip: str | None = None,
    actor: Actor,
    now: datetime,
) -> Job:
    """Queue it, for these people and the members of these groups, or, without any, for all whom the change reaches.

    ``mfa``: as if everybody had just completed a second factor. Raises TooManyJobs, and PermissionDenied for a change
    that the actor may not make: what it would do is told to nobody else.
    """
    if refusal := forbidden(tenant_id=tenant_id, change=change, actor=actor, now=now):
        raise PermissionDenied(refusal)
    params = {
        "change": to_json(change),
        "users": [str(key) for key in users],
        "groups": [str(key) for key in groups],
        "mfa": mfa,
        "ip": ip,
    }
    return jobs.start(tenant_id=tenant_id, kind=WHAT_IF, params=params, actor=actor, now=now)


def _roots(job: Job) -> Roots:
    params = job.params
    if params["users"] or params["groups"]:
        return Roots(frozenset(map(UUID, params["users"])), frozenset(map(UUID, params["groups"])))
    return from_json(job.tenant_id, params["change"]).roots(job.tenant_id)


def _total(job: Job) -> int:
    return count_reached(job.tenant_id, _roots(job))


def _step(job: Job, out: IO[bytes]) -> Step:
    kept: dict[str, Any] = job.cursor or {"after": None, "totals": [], "tokens": {}, "people": 0}
    now, after, actor = timezone.now(), kept["after"], Actor.from_json(job.actor)
    if not after:
        out.write(_table([COLUMNS]))
    try:
        change = from_json(job.tenant_id, job.params["change"])
        if refusal := forbidden(tenant_id=job.tenant_id, change=change, actor=actor, now=now):
            return _refused(kept, refusal)
        who = reached(job.tenant_id, _roots(job), after=UUID(after) if after else None, limit=CHUNK)
        difference = try_out(
            tenant_id=job.tenant_id,
            change=change,
            asked=Asked(actor, now, Moment(now, now if job.params["mfa"] else None, job.params["ip"])),
            who=who,
            beside=live_tokens(job.tenant_id, now),
        )
    except Refused as error:  # what it was about has changed since it was asked
        return _refused(kept, str(error))
    if difference.refusal:
        return _refused(kept, difference.refusal)
    out.write(_table(_rows(difference)))
    tokens = with_tokens(tenant_id=job.tenant_id, difference=difference, now=now).all_tokens
    tokens.add(Tokens(**kept["tokens"]))
    sums = add_up([_read(row) for row in kept["totals"]], difference.totals)
    cursor = {
        "after": str(who.users[-1]) if who.users else after,
        "totals": [_row(total) for total in sums],
        "tokens": vars(tokens),
        "people": kept["people"] + len(difference.touched),
        "places": kept.get("places", {})
        | {str(key): one.name for key, one in difference.applications.items()},
    }
    return Step(done=len(who.users), cursor=cursor, finished=len(who.users) < CHUNK)


def _refused(kept: dict[str, Any], why: str) -> Step:
    return Step(done=0, cursor=kept | {"refusal": why}, finished=True)


def _rows(difference: Difference) -> Iterator[list[str]]:
    for one in difference.subjects:
        for shift in one.shifts:
            yield [
                one.subject.kind,
                str(one.subject.id),
                harmless(one.subject.name),
                harmless(place_of(shift, difference)),
                harmless(shift.name),
                shift.kind,
                STATES[shift.before.state],
                STATES[shift.after.state],
                harmless(reason(shift)),
            ]


def _table(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _row(total: Total) -> dict[str, Any]:
    return asdict(total) | {"application_id": str(total.application_id) if total.application_id else None}


def _read(row: Mapping[str, Any]) -> Total:
    key = row["application_id"]
    return Total(**{**row, "application_id": UUID(key) if key else None})


def _describe(job: Job) -> list[tuple[str, str]]:
    """What is tried out, and the sums as far as the job came."""
    facts = [("Change", said(job.tenant_id, job.params["change"]))]
    kept = job.cursor or {}
    if kept.get("refusal"):
        return [*facts, ("Not possible", kept["refusal"])]
    if kept:
        places = kept.get("places", {})
        for line in lines_of([_read(row) for row in kept["totals"]], lambda total: _place(total, places)):
            facts.append((line.place, f"{line.count} {line.verb} {line.name}{line.note}"))
        tokens = kept["tokens"]
        facts += [
            ("People touched", str(kept["people"])),
            ("Live tokens that carry what is lost", str(tokens["carry"])),
            ("of them narrower at once", str(tokens["narrower"])),
            ("Tokens that stop", str(tokens["stopped"])),
        ]
    return [*facts, ("What has been changed", "Nothing. It was tried out and rolled back.")]


def _place(total: Total, places: Mapping[str, str]) -> str:
    name = places.get(str(total.application_id), "")
    return (f"Console, {name} only" if name else "Console") if total.console else name


Kind(
    key=WHAT_IF,
    title="What if",
    things="people",
    permission="effective_access:read",
    total=_total,
    step=_step,
    describe=_describe,
    suffix=lambda job: ".csv",
)
