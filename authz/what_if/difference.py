"""What a change would do: per subject what is gained, lost, changed and kept, and the sums over everybody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from authz.effective.subject import Subject
from authz.effective.supported import Supported
from authz.what_if.held import STATES, WAITING, Held, Holding, Place, Reading, Way

NONE = Holding("none", ())


@dataclass(frozen=True)
class Shift:
    """One scope (or, with ``console``, one console permission) of one subject, before and after.

    ``kind``: gained (from nothing), lost (to nothing), changed (from one state that counts to another), kept (the
    same state, by other ways than before). ``before`` and ``after`` are of ``authz.what_if.held.STATES``.
    """

    application_id: UUID | None
    name: str
    console: bool
    kind: str
    before: Holding
    after: Holding

    @property
    def worse(self) -> bool:
        """Whether the subject is worse off by it."""
        return STATES.index(self.after.state) > STATES.index(self.before.state)

    @property
    def better(self) -> bool:
        """Whether the subject is better off by it."""
        return STATES.index(self.after.state) < STATES.index(self.before.state)

    @property
    def starts_at(self) -> datetime | None:
        """When what is lost or gained would have begun to count, where it doesn't yet; None for now."""
        one = self.before if self.worse else self.after
        return one.ways[0].not_before if one.state == "not_yet" and one.ways else None

    @property
    def ways_lost(self) -> tuple[Way, ...]:
        """By which ways it came before and no longer comes."""
        return _without(self.before.ways, self.after.ways)

    @property
    def ways_won(self) -> tuple[Way, ...]:
        """By which ways it comes now and did not come before."""
        return _without(self.after.ways, self.before.ways)


@dataclass(frozen=True)
class SubjectDifference:
    """Everything that shifts for one subject, console permissions last. ``unchanged``: the Applications on which
    something counts, or waits, for them and nothing shifts.
    """

    subject: Subject
    shifts: tuple[Shift, ...]
    unchanged: tuple[UUID, ...] = ()

    def of(self, kind: str) -> list[Shift]:
        """Those that are gained, lost, changed or kept."""
        return [shift for shift in self.shifts if shift.kind == kind]

    @property
    def changes(self) -> bool:
        """Whether anything is gained, lost or changed."""
        return any(shift.kind != "kept" for shift in self.shifts)


@dataclass
class Total:
    """One scope or console permission over everybody: how many subjects gain, lose, change or keep it.

    ``kept_through``: role name → how many have it already, or still, through that one. ``waiting``: state → how many
    of those who gain it would first have to meet a condition; ``narrowed``: the same of those who are worse off.
    """

    application_id: UUID | None
    name: str
    console: bool
    gained: int = 0
    lost: int = 0
    better: int = 0
    worse: int = 0
    kept: int = 0
    kept_through: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    narrowed: dict[str, int] = field(default_factory=dict)

    def add(self, shift: Shift) -> None:
        """Count one subject's shift."""
        if shift.kind == "kept":
            self.kept += 1
            stays = [way for way in shift.after.ways if way not in shift.ways_won] or shift.after.ways
            name = stays[0].role_name if stays else ""
            self.kept_through[name] = self.kept_through.get(name, 0) + 1
            return
        if shift.after.state in WAITING:
            waiting = self.waiting if shift.better else self.narrowed
            waiting[shift.after.state] = waiting.get(shift.after.state, 0) + 1
        counter = shift.kind if shift.kind in ("gained", "lost") else "better" if shift.better else "worse"
        setattr(self, counter, getattr(self, counter) + 1)

    def merge(self, other: "Total") -> None:
        """Add what other subjects came to."""
        for name, value in vars(other).items():
            mine = getattr(self, name)
            if isinstance(value, dict):
                for key, count in value.items():
                    mine[key] = mine.get(key, 0) + count
            elif isinstance(value, int) and name != "console":
                setattr(self, name, mine + value)

    @property
    def through(self) -> str:
        """The role by which most of those who keep it keep it."""
        return max(self.kept_through, key=lambda name: self.kept_through[name], default="")


@dataclass(frozen=True)
class Difference:
    """The answer. ``refusal``: why the actor may not, or the verb would not; then nothing else is said.

    ``subjects``: those for whom anything shifts, in the order of their names. ``looked_at``: how many were asked
    about. ``beside``: what the caller's own reader said before and after. Nothing of it has happened.
    """

    subjects: tuple[SubjectDifference, ...] = ()
    applications: Mapping[UUID, Supported] = field(default_factory=dict)
    looked_at: int = 0
    refusal: str = ""
    beside: tuple[Any, Any] = (None, None)

    @property
    def touched(self) -> list[SubjectDifference]:
        """Those who gain, lose or change something."""
        return [one for one in self.subjects if one.changes]

    @property
    def totals(self) -> list[Total]:
        """The sums, Application by Application in the order of names, the console last."""
        return summed(self.subjects, self.applications)

    def about(self, subject_id: UUID) -> SubjectDifference | None:
        """What shifts for one subject; None when nothing does."""
        return next((one for one in self.subjects if one.subject.id == subject_id), None)


def compare(before: Reading, after: Reading, **more: Any) -> Difference:
    """The difference between two readings of the same subjects."""
    applications = {**before.applications, **after.applications}
    found = []
    for key in dict.fromkeys((*before.held, *after.held)):
        one, other = before.held.get(key), after.held.get(key)
        shifts = tuple(_shifts(one, other, applications))
        if shifts and (known := other or one):
            found.append(SubjectDifference(known.subject, shifts, _unchanged(other, shifts, applications)))
    found.sort(key=lambda one: (one.subject.name.lower(), str(one.subject.id)))
    looked_at = len(before.held.keys() | after.held.keys())
    return Difference(tuple(found), applications, looked_at, **more)


def summed(subjects: Iterable[SubjectDifference], applications: Mapping[UUID, Supported]) -> list[Total]:
    """Count shifts by scope. See :attr:`Difference.totals`."""
    found: dict[tuple[bool, Place], Total] = {}
    for one in subjects:
        for shift in one.shifts:
            key = (shift.console, (shift.application_id, shift.name))
            total = found.setdefault(key, Total(shift.application_id, shift.name, shift.console))
            total.add(shift)
    return sorted(found.values(), key=lambda total: _order(total, applications))


def add_up(totals: Iterable[Total], more: Iterable[Total]) -> list[Total]:
    """Sums over two sets of subjects, in the order in which they first appear."""
    found: dict[tuple[bool, UUID | None, str], Total] = {}
    for total in (*totals, *more):
        key = (total.console, total.application_id, total.name)
        if key in found:
            found[key].merge(total)
        else:
            found[key] = total
    return list(found.values())


def _shifts(before: Held | None, after: Held | None, applications: Mapping[UUID, Supported]) -> list[Shift]:
    found = []
    for console in (False, True):
        old = (before.console if console else before.scopes) if before else {}
        new = (after.console if console else after.scopes) if after else {}
        for place in dict.fromkeys((*old, *new)):
            was, now = old.get(place, NONE), new.get(place, NONE)
            if kind := _kind(was, now):
                found.append(Shift(*place, console, kind, was, now))
    return sorted(found, key=lambda shift: _order(shift, applications))


def _unchanged(
    after: Held | None, shifts: Iterable[Shift], applications: Mapping[UUID, Supported]
) -> tuple[UUID, ...]:
    """See :class:`SubjectDifference`, in the order of the Applications' names."""
    shifted = {shift.application_id for shift in shifts if not shift.console}
    counting = {key for (key, _), held in (after.scopes if after else {}).items() if _counts(held)}
    return tuple(key for key in applications if key in counting - shifted)


def _counts(holding: Holding) -> bool:
    return holding.state in ("active", *WAITING)


def _kind(was: Holding, now: Holding) -> str:
    counted, counts = _counts(was), _counts(now)
    if counted and counts:
        if was.state != now.state:
            return "changed"
        return "kept" if _ids(was.ways) != _ids(now.ways) else ""
    if counts:
        return "gained"
    return "lost" if counted else ""


def _order(one: Shift | Total, applications: Mapping[UUID, Supported]) -> tuple[bool, str, str, str]:
    known = applications.get(one.application_id) if one.application_id else None
    place = known.name if known else ""
    return (one.console, place.lower(), str(one.application_id), one.name)


def _ids(ways: Iterable[Way]) -> set[tuple[UUID, str, UUID]]:
    return {(way.binding_id, way.source, way.source_id) for way in ways}


def _without(ways: Iterable[Way], others: Iterable[Way]) -> tuple[Way, ...]:
    gone = _ids(others)
    return tuple(way for way in ways if (way.binding_id, way.source, way.source_id) not in gone)
