"""A difference in words: a lead sentence, rows of before → after with the reason, sums over many people."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authsec.web import clock
from authz.effective.words import NAMED, listed, shortened
from authz.what_if.difference import Difference, Shift, SubjectDifference, Total
from authz.what_if.held import Holding, Way

STATES = {
    "active": "active",
    "pending_step_up": "needs step-up",
    "missing_context": "address not known",
    "outside_ip": "not met",
    "not_yet": "not yet",
    "unverified": "unverified Application",
    "unsupported": "not supported",
    "suspended": "suspended",
    "none": "none",
}
AFTER = {
    "pending_step_up": "after MFA",
    "missing_context": "from the right address",
    "outside_ip": "from the right address",
    "not_yet": "later",
}
# By whether what moves are console permissions.
NOUNS = {
    frozenset[bool](): ("scope", "scopes"),
    frozenset([False]): ("scope", "scopes"),
    frozenset([True]): ("permission", "permissions"),
    frozenset([False, True]): ("scope or permission", "scopes and permissions"),
}
FEW = 12  # sums that a preview shows before it says how many more there are


@dataclass(frozen=True)
class Line:
    """One sum: *9 people gain deploy:rollback, after MFA*. ``mark``: lost, won or kept."""

    mark: str
    count: int
    verb: str
    name: str
    console: bool
    place: str
    note: str


@dataclass(frozen=True)
class Block:
    """What shifts on one Application, or in the console: ``items`` as components/diff.html takes them."""

    place: str
    items: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Lead:
    """*Alice would lose 1 scope now and 1 more on 1 Dec. They gain none.* in its parts.

    ``later``: (how many, the moment) of what would have begun to count then.
    """

    name: str
    lost: int
    lost_later: tuple[tuple[int, datetime], ...]
    gained: int
    gained_later: tuple[tuple[int, datetime], ...]
    kept: int
    nouns: tuple[str, str] = ("scope", "scopes")

    @property
    def loses(self) -> int:
        """How many, now or later."""
        return self.lost + sum(count for count, _at in self.lost_later)

    @property
    def gains(self) -> int:
        """How many, now or later."""
        return self.gained + sum(count for count, _at in self.gained_later)


def lead(one: SubjectDifference) -> Lead:
    """Counted over scopes and console permissions alike."""
    moved = [shift for shift in one.shifts if shift.kind != "kept"]
    worse, better = [s for s in moved if s.worse], [s for s in moved if s.better]
    return Lead(
        one.subject.short_name,
        *_now_and_later(worse),
        *_now_and_later(better),
        len(one.shifts) - len(moved),
        NOUNS[frozenset(shift.console for shift in moved)],
    )


def blocks(one: SubjectDifference, difference: Difference) -> list[Block]:
    """Application by Application, the console last, then those on which nothing shifts, as one.

    Console permissions to which the same happens for the same reason share a row: a role gives a dozen at once.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for shift in one.shifts:
        items, item = found.setdefault(place_of(shift, difference), []), _item(shift)
        if shift.console and items and item | {"scope": ""} == items[-1] | {"scope": ""}:
            items[-1]["scope"] += f", {shift.name}"
        else:
            items.append(item)
    said = [Block(place, tuple(items)) for place, items in found.items()]
    if same := [difference.applications[key].name for key in one.unchanged]:
        said.append(Block(listed(shortened(same, NAMED)), ({"change": "kept", "reason": "no change"},)))
    return said


def lines(difference: Difference) -> list[Line]:
    """The sums, a line for each that gains, loses or changes a scope, and for who keeps it all the same."""
    return lines_of(difference.totals, lambda total: place_of(total, difference))


def lines_of(totals: Iterable[Total], place: Callable[[Total], str]) -> list[Line]:
    """The same of sums alone; ``place`` names where one of them counts."""
    return [line for total in totals for line in _of_total(total, place(total))]


def place_of(one: Shift | Total, difference: Difference) -> str:
    """The Application's name, or the console's."""
    known = difference.applications.get(one.application_id) if one.application_id else None
    if one.console:
        return f"Console, {known.name} only" if known else "Console"
    return known.name if known else ""


def reason(shift: Shift) -> str:
    """Why it is so, in one or two sentences."""
    if shift.console and shift.kind == "kept":
        return f"kept, {how(shift.after.ways)}."
    if shift.kind == "kept":
        return _kept(shift)
    if shift.worse:
        return _left(shift)
    if not shift.after.ways:
        return ""
    opens = _opening(shift.after)
    way = how(shift.after.ways[:1])
    return f"{way[:1].upper()}{way[1:]}, with {opens}"


def how(ways: Iterable[Way]) -> str:
    """By which ways: *directly*, *through engineering*, *through plan Pro*."""
    words = dict.fromkeys(_way(way) for way in ways)
    return listed(sorted(words, key=lambda word: word != "directly"))


def _way(way: Way) -> str:
    if way.source == "direct":
        return "directly"
    return f"through plan {way.source_name}" if way.source == "plan" else f"through {way.source_name}"


def _now_and_later(shifts: Sequence[Shift]) -> tuple[int, tuple[tuple[int, datetime], ...]]:
    later: dict[datetime, int] = {}
    for shift in shifts:
        if shift.starts_at:
            later[shift.starts_at] = later.get(shift.starts_at, 0) + 1
    return len(shifts) - sum(later.values()), tuple((later[at], at) for at in sorted(later))


def _item(shift: Shift) -> dict[str, Any]:
    if shift.kind == "kept":
        return {"change": "kept", "scope": shift.name, "reason": reason(shift)}
    never = shift.before.state == "not_yet" and not shift.after.ways
    return {
        "change": "lost" if shift.worse else "won",
        "scope": shift.name,
        "before": STATES[shift.before.state],
        "after": "never" if never else STATES[shift.after.state],
        "reason": reason(shift),
    }


def _kept(shift: Shift) -> str:
    stays = [way for way in shift.after.ways if way not in shift.ways_won] or list(shift.after.ways)
    best = [way for way in stays if way.state == shift.after.state] or stays
    said = f"kept, {how(best)}."
    ends = [way.expires_at for way in best]
    if best and all(ends):
        last = max((way for way in best), key=lambda way: way.expires_at or datetime.max)
        said += f" It ends on {clock.date(last.expires_at)} with {last.role_name}." if last.expires_at else ""
    return said


def _left(shift: Shift) -> str:
    """What is left of the ways to something that is lost, or why nothing is."""
    if shift.after.state == "suspended":
        return "Every way stays, and none counts until that is lifted." if shift.after.ways else ""
    if shift.after.state == "unsupported":
        return "The Application would not know it any more."
    if not shift.after.ways:
        if shift.before.state == "not_yet" and shift.starts_at and shift.before.ways:
            began = shift.before.ways[0].role_name
            return f"{began} would have started on {clock.date(shift.starts_at)}."
        return "Nothing else gives it."
    left = how(shift.after.ways)
    return f"Only what comes {left} is left, and {_missing(shift.after)}."


def _missing(holding: Holding) -> str:
    if holding.state == "outside_ip":
        return "the address is outside"
    if holding.state == "missing_context":
        return "it asks for an address"
    if holding.state == "pending_step_up":
        return "it asks for a second factor"
    start = holding.ways[0].not_before if holding.ways else None
    return (
        f"it starts on {clock.date(start)}" if holding.state == "not_yet" and start else "it does not count"
    )


def _opening(holding: Holding) -> str:
    way = holding.ways[0]
    ends = f" until {clock.date(way.expires_at)}" if way.expires_at else ""
    starts = f" from {clock.date(way.not_before)}" if holding.state == "not_yet" and way.not_before else ""
    return f"{way.role_name}{starts}{ends}."


def _of_total(total: Total, place: str) -> list[Line]:
    def line(mark: str, count: int, verb: str, note: str = "") -> Line:
        return Line(mark, count, verb, total.name, total.console, place, note)

    found = []
    has_it = f"{_all(total)} have it through {total.through}" if total.kept else ""
    if total.gained:
        after = f", {_after(total.waiting)}" if total.waiting else ""
        found.append(line("won", total.gained, "gain", after + (f"; {has_it}" if has_it else "")))
    if total.lost:
        keep = f"{total.kept} keep it through {total.through}" if total.kept else ""
        found.append(line("lost", total.lost, "lose", f"; {keep}" if keep else ""))
    if total.better:
        found.append(line("won", total.better, "keep", ", under fewer conditions"))
    if total.worse:
        found.append(line("lost", total.worse, "keep", f", but only {_after(total.narrowed)}"))
    if not found and total.kept:
        found.append(line("kept", 0, "lose or gain", f"; {has_it}"))
    return found


def _all(total: Total) -> str:
    return f"{total.kept} more" if total.gained or total.lost else "all" if total.kept > 1 else "1"


def _after(waiting: Iterable[str]) -> str:
    return listed(list(dict.fromkeys(AFTER[state] for state in waiting)))
