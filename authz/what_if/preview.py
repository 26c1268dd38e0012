"""*What this does*, beside a form that isn't sent yet: the sums of a what if, or why there are none."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authsec.web.pagination import Count
from authz.refusals import Refused
from authz.what_if.allowance import may_try
from authz.what_if.changes import Change
from authz.what_if.changes.wire import to_json
from authz.what_if.difference import Difference
from authz.what_if.reach import reached
from authz.what_if.simulate import INLINE, Busy, TooMany, simulate
from authz.what_if.words import FEW, Line, lines

SAMPLE = 200  # of more people than are looked at at once


@dataclass(frozen=True)
class Preview:
    """``refusal``: the actor may not, or the state of things forbids it. ``missing``: what is wrong with what was
    given, a sentence for each field. ``too_many``: how many people it would touch, ``reach`` in words; the lines are
    then of the first ``looked_at`` of them. ``busy``: ask again; ``resting``: the actor
    has tried out too much within a minute. ``change``: the change as JSON, for the page that says
    it per person; "" for one that the page does not know.
    """

    lines: tuple[Line, ...] = ()
    more: int = 0
    people: int = 0
    looked_at: int = 0
    gives_console: bool = False
    refusal: str = ""
    missing: tuple[str, ...] = ()
    too_many: int = 0
    reach: str = ""
    busy: bool = False
    resting: bool = False
    change: str = ""

    @property
    def loses(self) -> bool:
        """Whether anybody would lose anything: then live tokens may be touched."""
        return any(line.mark == "lost" for line in self.lines)


def preview(
    *, tenant_id: UUID, change: Change, actor: Actor, now: datetime, reach: Count | None = None
) -> Preview:
    """Try the change out for everybody whom it reaches, for the first of very many. Raises nothing that a form may
    bring about. ``reach``: how many that are, for who knows it already: counting a million takes its time.
    """
    if not may_try(actor):
        return Preview(resting=True)
    try:
        if reach and reach.value > INLINE:
            some = _sampled(tenant_id, change, actor, now)
            return replace(some, too_many=reach.value, reach=str(reach), change=_named(change))
        return replace(
            of(simulate(tenant_id=tenant_id, change=change, actor=actor, now=now)), change=_named(change)
        )
    except Refused as error:
        return Preview(missing=tuple(error.errors.values()))
    except TooMany as error:
        some = _sampled(tenant_id, change, actor, now)
        return replace(some, too_many=error.count.value, reach=str(error.count), change=_named(change))
    except Busy:
        return Preview(busy=True)


def _sampled(tenant_id: UUID, change: Change, actor: Actor, now: datetime) -> Preview:
    """What it would do to the first SAMPLE of many, by their ids; without lines where they can't be looked at now."""
    with tenant_context(tenant_id):
        some = reached(tenant_id, change.roots(tenant_id), limit=SAMPLE)
    try:
        return of(simulate(tenant_id=tenant_id, change=change, actor=actor, now=now, people=some.users))
    except Busy:
        return Preview()


def _named(change: Change) -> str:
    return json.dumps(to_json(change)) if change.kind else ""


def of(difference: Difference) -> Preview:
    """A difference as templates/authz/difference.html shows it."""
    said = lines(difference)
    return Preview(
        lines=tuple(said[:FEW]),
        more=len(said[FEW:]),
        people=len(difference.touched),
        looked_at=difference.looked_at,
        gives_console=any(total.console and total.gained for total in difference.totals),
        refusal=difference.refusal,
    )
