"""*What this does*, beside a form that isn't sent yet: the sums of a what if, or why there are none."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from authsec.audit.actor import Actor
from authz.refusals import Refused
from authz.what_if.changes import Change
from authz.what_if.changes.wire import to_json
from authz.what_if.difference import Difference
from authz.what_if.simulate import Busy, TooMany, simulate
from authz.what_if.words import FEW, Line, lines


@dataclass(frozen=True)
class Preview:
    """``refusal``: the actor may not, or the state of things forbids it. ``missing``: what is wrong with what was
    given, a sentence for each field. ``too_many``: how many people it would touch. ``busy``: ask again. ``change``: the
    change as JSON, for the page that says it per person.
    """

    lines: tuple[Line, ...] = ()
    more: int = 0
    people: int = 0
    looked_at: int = 0
    gives_console: bool = False
    refusal: str = ""
    missing: tuple[str, ...] = ()
    too_many: int = 0
    busy: bool = False
    change: str = ""

    @property
    def loses(self) -> bool:
        """Whether anybody would lose anything: then live tokens may be touched."""
        return any(line.mark == "lost" for line in self.lines)


def preview(*, tenant_id: UUID, change: Change, actor: Actor, now: datetime) -> Preview:
    """Try the change out for everybody whom it reaches. Raises nothing that a form may bring about."""
    try:
        difference = simulate(tenant_id=tenant_id, change=change, actor=actor, now=now)
        return replace(of(difference), change=json.dumps(to_json(change)))
    except Refused as error:
        return Preview(missing=tuple(error.errors.values()))
    except TooMany as error:
        return Preview(too_many=error.count, change=json.dumps(to_json(change)))
    except Busy:
        return Preview(busy=True)


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
