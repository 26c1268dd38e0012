"""Two explanations of the same subject side by side: what was gained, lost or changed its state, and by what."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from authz.effective.explanation import Explanation
from authz.effective.grants import Item
from authz.effective.terms import ORDER, PASSES, ApplicationAccess, Path

NOTHING = "none"
# A binding, by one way: the same on both sides, whatever its terms.
Way = tuple[UUID, str, UUID]


@dataclass(frozen=True)
class Reason:
    """Why a state is another one. ``kind`` is a key of :data:`authz.effective.comparison_words.SENTENCES`; ``item`` the
    way that it is about, as it was on the later side that knows it; ``at``: when, where that is known; ``named``: a
    standing's reasons, or what else fills the sentence.
    """

    kind: str
    item: Item | None = None
    at: datetime | None = None
    named: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """A scope (``application_id`` and ``place`` say where) or console permission (None, *Console*) whose state differs.

    ``before`` and ``after``: a state of Rule 4, ``unsupported``, ``disabled`` or ``unverified`` (the Application's), or
    ``none``. ``kind``: gained, lost (``active`` on one side only), else changed.
    """

    application_id: UUID | None
    place: str
    name: str
    before: str
    after: str
    reasons: tuple[Reason, ...]

    @property
    def kind(self) -> str:
        if self.after == "active":
            return "gained"
        return "lost" if self.before == "active" else "changed"


@dataclass(frozen=True)
class Comparison:
    """What differs. ``standing``: the reasons against standing that went and came."""

    before: Explanation
    after: Explanation
    changes: tuple[Change, ...]
    standing_gone: tuple[str, ...]
    standing_come: tuple[str, ...]

    def of_kind(self, kind: str) -> list[Change]:
        """The changes that are gained, lost or changed."""
        return [change for change in self.changes if change.kind == kind]


@dataclass(frozen=True)
class _Held:
    """One scope or permission on one side: its state, and the state of each way to it."""

    state: str
    ways: Mapping[Way, Path]

    @property
    def best(self) -> str:
        """What the bindings alone say: the best state of a way."""
        return min((path.state for path in self.ways.values()), key=ORDER.index, default=NOTHING)


ABSENT = _Held(NOTHING, {})


def in_order(one: Explanation, other: Explanation) -> tuple[Explanation, Explanation]:
    """The earlier answer and the later one."""
    return (one, other) if one.at <= other.at else (other, one)


def compare(before: Explanation, after: Explanation) -> Comparison:
    """Compare two answers about one subject, at two moments or in other circumstances. Reads nothing.

    What a client asks for plays no part: both sides are compared as if everything were asked for.
    """
    gone = set(before.standing.reasons) - set(after.standing.reasons)
    come = set(after.standing.reasons) - set(before.standing.reasons)
    return Comparison(
        before=before,
        after=after,
        changes=(*_scopes(before, after), *_console(before, after)),
        standing_gone=tuple(reason for reason in before.standing.reasons if reason in gone),
        standing_come=tuple(reason for reason in after.standing.reasons if reason in come),
    )


def _scopes(before: Explanation, after: Explanation) -> Iterator[Change]:
    sides = [{one.id: one for one in side.applications} for side in (before, after)]
    names = {key: one.application.name for side in sides for key, one in side.items()}
    for key, place in sorted(names.items(), key=lambda pair: pair[1]):
        was, is_now = sides[0].get(key), sides[1].get(key)
        old, new = _on(was, before.standing.active), _on(is_now, after.standing.active)
        for name in sorted(old.keys() | new.keys()):
            one, other = old.get(name, ABSENT), new.get(name, ABSENT)
            if one.state != other.state:
                reasons = [
                    *_of_place(was, is_now, name, (one.state, other.state)),
                    *_of_ways(one, other, before, after),
                ]
                yield Change(key, place, name, one.state, other.state, _summed(reasons, before, after))


def _console(before: Explanation, after: Explanation) -> Iterator[Change]:
    old, new = _in_console(before), _in_console(after)
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name, ABSENT), new.get(name, ABSENT)
        if one.state != other.state:
            reasons = list(_of_ways(one, other, before, after))
            yield Change(None, "Console", name, one.state, other.state, _summed(reasons, before, after))


def _on(one: ApplicationAccess | None, stands: bool) -> dict[str, _Held]:
    """The states of an Application's scopes; without an Application none. Standing comes first (Rule 3)."""
    if one is None:
        return {}
    held = {}
    for scope in one.scopes:
        state = scope.entitled if scope.supported or scope.entitled not in PASSES else "unsupported"
        if one.closed and stands and state != NOTHING:
            state = one.closed
        held[scope.name] = _Held(state, {_way(path.item): path for path in scope.paths})
    return held


def _in_console(side: Explanation) -> dict[str, _Held]:
    """The states of tenant-wide console permissions; power counts for whoever enters the console (Rule 3)."""
    enters = side.subject.enters_console(side.at)
    paths: dict[str, list[Path]] = {}
    for item in side.items:
        if item.application_id is None:
            for name in item.console_permissions:
                paths.setdefault(name, []).append(Path(item, item.met if enters else "suspended"))
    return {
        name: _Held(
            min((path.state for path in found), key=ORDER.index), {_way(path.item): path for path in found}
        )
        for name, found in paths.items()
    }


def _way(item: Item) -> Way:
    return item.binding_id, item.source, item.source_id


def _of_place(
    was: ApplicationAccess | None, is_now: ApplicationAccess | None, name: str, states: tuple[str, str]
) -> Iterator[Reason]:
    """What happened to the Application: registered, archived, switched, verified, scopes declared or dropped."""
    if was is None or is_now is None:
        yield Reason("application_new" if was is None else "application_gone")
        return
    if was.application.enabled != is_now.application.enabled:
        yield Reason("application_enabled" if is_now.application.enabled else "application_disabled")
    if was.application.verified != is_now.application.verified:
        yield Reason("application_verified" if is_now.application.verified else "application_unverified")
    elif "unverified" in states:
        yield Reason("members_only" if states[1] == "unverified" else "member_since")
    supported, dropped = is_now.application.scopes, is_now.application.dropped
    if (name in was.application.scopes) != (name in supported):
        fact = dropped.get(name)
        yield Reason(
            "scope_supported" if name in supported else "scope_dropped", at=fact.dropped_at if fact else None
        )


def _of_ways(one: _Held, other: _Held, before: Explanation, after: Explanation) -> Iterator[Reason]:
    """What happened to the ways that make the difference: those that speak on one side and not on the other."""
    spoke, speaks = one.best, other.best
    if spoke == speaks:
        return
    known = [{_way(item): item for item in side.items} for side in (before, after)]
    for way in dict.fromkeys([*one.ways, *other.ways]):
        old, new = one.ways.get(way), other.ways.get(way)
        if not ((old and old.state == spoke) or (new and new.state == speaks)):
            continue
        if old and new and old.state != new.state:
            yield _turned(old, new, before, after)
        elif new and not old:
            yield _came(new.item, known[0].get(way), before)
        elif old and not new:
            yield _went(old.item, known[1].get(way))


def _came(item: Item, earlier: Item | None, before: Explanation) -> Reason:
    if item.created_at > before.at:
        return Reason("bound", item, item.created_at)
    if earlier is not None:
        return Reason("role_gives", item)
    came = {"group": "joined", "service-account": "operates", "plan": "holds_plan"}
    return Reason(came.get(item.source, "bound"), item, item.reached_at)


def _went(item: Item, later: Item | None) -> Reason:
    if later is not None:
        return Reason("role_takes", later)
    gone = {"group": "left_group", "service-account": "operates_no_more", "plan": "holds_plan_no_more"}
    return Reason(gone.get(item.source, "unbound"), item)


def _turned(old: Path, new: Path, before: Explanation, after: Explanation) -> Reason:
    """Why one way is in another state than before."""
    item = new.item
    moments = {"ended": item.ended_at, "expired": item.expires_at}
    if new.state in moments:
        return Reason(new.state, item, moments[new.state])
    if "suspended" in (old.state, new.state):
        return Reason("standing", named=after.standing.reasons or before.standing.reasons)
    if _terms(old.item) != _terms(item):
        return Reason("terms_changed", item, item.since)
    if old.state == "not_yet":
        return Reason("begun", item, item.not_before)
    return Reason("circumstances", item)


def _terms(item: Item) -> tuple[object, ...]:
    return item.requires_mfa, item.mfa_max_age, item.ip_ranges, item.not_before, item.expires_at


def _summed(reasons: list[Reason], before: Explanation, after: Explanation) -> tuple[Reason, ...]:
    """Each reason once. Standing that came or went says itself once for all ways, and comes first."""
    about_standing = [reason for reason in reasons if reason.kind == "standing"]
    others = list(dict.fromkeys(reason for reason in reasons if reason.kind != "standing"))
    if not about_standing or before.standing == after.standing:
        # An Application that was switched suspends its ways too, and has said so itself.
        return tuple(others)
    came = [r for r in after.standing.reasons if r not in before.standing.reasons]
    went = [r for r in before.standing.reasons if r not in after.standing.reasons]
    said = [Reason("standing_lost", named=tuple(came))] if came else []
    said += [Reason("standing_back", named=tuple(went))] if went else []
    return (*said, *others)
