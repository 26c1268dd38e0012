"""What a subject can do, in sentences: *Alice can deploy on deploy-mcp after MFA, through on-call.*"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.web import clock
from authz.cedar import engine
from authz.effective.explanation import Explanation
from authz.effective.grants import Item
from authz.effective.terms import ApplicationAccess
from authz.effective.words import how, listed, verb_of

FEW, SOME = 6, 5
# Why nothing is left on an Application: (one scope, several), by the state of the scope or the term that removes it.
NOTHING = {
    "missing_context": ("1 scope needs a known address", "%d scopes need a known address"),
    "outside_ip": ("1 scope needs another address", "%d scopes need another address"),
    "not_yet": ("1 scope has not started", "%d scopes have not started"),
    "expired": ("1 scope has expired", "%d scopes have expired"),
    "ended": ("1 scope has ended", "%d scopes have ended"),
    "supported": ("1 scope is no longer supported there", "%d scopes are no longer supported there"),
    "requested": ("1 scope was not asked for", "%d scopes were not asked for"),
}


@dataclass(frozen=True)
class Sentence:
    """What one Application comes to, or the console (``application_id`` None).

    ``parts``: (kind, value) in order; kind is name, plain, verb, place, wait, or date (value a datetime). Of ``total``
    scopes ``granted`` pass now and ``pending`` wait for a second factor; of the console: permissions.
    """

    application_id: UUID | None
    place: str
    parts: tuple[tuple[str, Any], ...]
    granted: int = 0
    pending: int = 0
    total: int = 0

    @property
    def text(self) -> str:
        """The sentence in plain words, dates in UTC."""
        return "".join(clock.date(value) if kind == "date" else value for kind, value in self.parts)


@dataclass(frozen=True)
class Clause:
    """*can* ``verbs`` (*on* ``place``) (*after MFA* if ``waits``)``via``(*, until* ``until``)."""

    verbs: tuple[str, ...]
    waits: bool
    via: str
    until: datetime | None
    place: str = ""


def sentences(explanation: Explanation) -> list[Sentence]:
    """A sentence per Application that any binding reaches, and one about the console if anything counts there."""
    name = explanation.subject.short_name
    said = [_about(one, name) for one in explanation.applications if one.reached]
    if explanation.subject.enters_console(explanation.at) and (console := _console(explanation)):
        said.append(console)
    return said


def unreached(explanation: Explanation) -> list[str]:
    """Names of the Applications about which no binding says anything."""
    return [one.application.name for one in explanation.applications if not one.reached]


def _about(one: ApplicationAccess, name: str) -> Sentence:
    found: dict[tuple[bool, str, datetime | None], list[str]] = {}
    for scope in one.scopes:
        if scope.granted and not one.closed:
            paths = scope.speaking
            key = (
                scope.granted == "pending_step_up",
                how(path.item for path in paths),
                _until(path.item for path in paths),
            )
            found.setdefault(key, []).append(
                verb_of(scope.facts.description if scope.facts else "", scope.name)
            )
    place = one.application.name
    clauses = [
        Clause(tuple(verbs), *key, place="" if number else place)
        for number, (key, verbs) in enumerate(sorted(found.items(), key=lambda entry: entry[0][0]))
    ]
    return Sentence(
        application_id=one.id,
        place=place,
        parts=_said(name, clauses) if clauses else _nothing(one, name),
        granted=0 if one.closed else one.count("active"),
        pending=0 if one.closed else one.count("pending_step_up"),
        total=len(one.scopes),
    )


def _said(name: str, clauses: Sequence[Clause]) -> tuple[tuple[str, Any], ...]:
    parts: list[tuple[str, Any]] = [("name", name), ("plain", " can ")]
    for number, clause in enumerate(clauses):
        if number:
            parts.append(("plain", ", and can " if number == len(clauses) - 1 else ", can "))
        verbs = (
            clause.verbs
            if len(clause.verbs) <= FEW
            else (*clause.verbs[:SOME], f"{len(clause.verbs) - SOME} more")
        )
        for position, verb in enumerate(verbs):
            if position:
                parts.append(("plain", " and " if position == len(verbs) - 1 else ", "))
            parts.append(("verb", verb))
        if clause.place:
            parts += [("plain", " on "), ("place", clause.place)]
        if clause.waits:
            parts += [("plain", " "), ("wait", "after MFA")]
        comma = clause.waits or not clause.via.startswith("directly")
        parts.append(("plain", f", {clause.via}" if comma else f" {clause.via}"))
        if clause.until:
            parts += [("plain", ", until "), ("date", clause.until)]
    return (*parts, ("plain", "."))


def _nothing(one: ApplicationAccess, name: str) -> tuple[tuple[str, Any], ...]:
    place: list[tuple[str, Any]] = [("place", one.application.name)]
    if one.closed == "disabled":
        return (*place, ("plain", " is disabled: nobody gets a token for it."))
    if one.closed == "unverified":
        return (
            *place,
            ("plain", " is not verified: only active members get tokens for it, and "),
            ("name", name),
            ("plain", " is none."),
        )
    begin = (("name", name), ("plain", " can do nothing on "), *place)
    return (*begin, ("plain", f" now: {_why_nothing(one)}."))


def _why_nothing(one: ApplicationAccess) -> str:
    """What removes the scopes that bindings reach, said once for each reason."""
    if any(scope.entitled == "suspended" for scope in one.scopes):
        return "standing comes first"
    reasons = Counter(
        scope.entitled if scope.removed_by == "entitled" else scope.removed_by
        for scope in one.scopes
        if scope.entitled != "none"
    )
    return listed([NOTHING[key][count > 1].replace("%d", str(count)) for key, count in reasons.items()])


def _until(items: Iterable[Item]) -> datetime | None:
    """When the last of these ways ends; None when one of them doesn't."""
    ends = [item.expires_at for item in items]
    return None if not ends or None in ends else max(end for end in ends if end)


def _console(explanation: Explanation) -> Sentence | None:
    """The console's sentence: each role's permissions in words, or the role's name when they are many. What somebody
    has for good is not said again of a way that ends, waits or counts on one Application.
    """
    places = {one.id: one.application.name for one in explanation.applications}
    lasting = {name for item in explanation.items if _lasts(item) for name in item.console_permissions}
    found: dict[tuple[tuple[str, ...], bool, str], list[Item]] = {}
    for item in explanation.items:
        names = [name for name in item.console_permissions if _lasts(item) or name not in lasting]
        if names and item.met in ("active", "pending_step_up"):
            limited = places.get(item.application_id, "") if item.application_id else ""
            key = (_verbs(item, names), item.met == "pending_step_up", limited)
            found.setdefault(key, []).append(item)
    if not found:
        return None
    clauses = [
        Clause(verbs, waits, how(items), _until(items), place)
        for (verbs, waits, place), items in sorted(found.items(), key=lambda entry: entry[0][1])
    ]
    return Sentence(
        application_id=None,
        place="Console",
        parts=_said(explanation.subject.short_name, clauses),
        granted=len(explanation.effective_console),
        total=len(explanation.effective_console),
    )


def _lasts(item: Item) -> bool:
    """Whether what it gives in the console is there now, everywhere, without an end."""
    return item.met == "active" and item.application_id is None and item.expires_at is None


def _verbs(item: Item, names: Sequence[str]) -> tuple[str, ...]:
    if len(names) > FEW:
        return (f"do what {item.role_name} gives ({len(names)} console permissions)",)
    return tuple(verb_of(engine.actions().get(name, ""), name) for name in names)
