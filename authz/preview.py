"""*What this does*, beside a form that isn't sent yet: the sums of a what if, or why there are none."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from authsec.audit.actor import Actor
from authz.changes import Change
from authz.difference import Difference
from authz.difference_words import FEW, Line, lines
from authz.refusals import Refused
from authz.simulate import Busy, TooMany, simulate


@dataclass(frozen=True)
class Preview:
    """``refusal``: the actor may not, or the state of things forbids it. ``missing``: what is wrong with what was
    given, a sentence for each field. ``too_many``: how many people it would touch. ``busy``: ask again.
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


def preview(*, tenant_id: UUID, change: Change, actor: Actor, now: datetime) -> Preview:
    """Try the change out for everybody whom it reaches. Raises nothing that a form may bring about."""
    try:
        return of(simulate(tenant_id=tenant_id, change=change, actor=actor, now=now))
    except Refused as error:
        return Preview(missing=tuple(error.errors.values()))
    except TooMany as error:
        return Preview(too_many=error.count)
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
