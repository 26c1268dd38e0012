"""What a subject can do, in sentences: *Alice can read deployments directly, and start deployments after MFA.*"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from authz.cedar import engine
from authz.effective import Explanation
from authz.grants import Item
from authz.terms import ApplicationAccess, Path, ScopeAccess

FEW = 6


@dataclass(frozen=True)
class Clause:
    """*can* ``verbs`` (*after MFA* if ``waits``) ``via`` (*, until* ``until``)."""

    verbs: tuple[str, ...]
    waits: bool
    via: str
    until: datetime | None


@dataclass(frozen=True)
class Sentence:
    """One Application's clauses, or the console's (``application_id`` None).

    ``granted`` of ``total`` scopes pass now, ``pending`` wait for a second factor.
    """

    application_id: UUID | None
    place: str
    clauses: tuple[Clause, ...]
    granted: int = 0
    pending: int = 0
    total: int = 0
    closed: str = ""


def sentences(explanation: Explanation) -> list[Sentence]:
    """A sentence per Application that any binding reaches, and one about the console if anything counts there."""
    said = [_about(one) for one in explanation.applications if one.reached]
    enters = explanation.subject.enters_console(explanation.at)
    if enters and (clauses := _console_clauses(explanation.items)):
        said.append(Sentence(None, "Console", tuple(clauses)))
    return said


def unreached(explanation: Explanation) -> list[str]:
    """Names of the Applications about which no binding says anything."""
    return [one.application.name for one in explanation.applications if not one.reached]


def how(paths: Iterable[Path]) -> str:
    """By which ways: *directly*, *through engineering*, *directly and through plan Pro*."""
    words = dict.fromkeys(_way(path.item) for path in paths)
    return listed([word for word in words if word == "directly"] + [w for w in words if w != "directly"])


def listed(words: Sequence[str]) -> str:
    """*a*, *a and b*, *a, b and c*."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def verb_of(description: str, name: str) -> str:
    """A scope's description as it stands in a sentence: *Start a deployment* → *start a deployment*."""
    text = description.rstrip(".") or name
    lowered = len(text) > 1 and text[0].isupper() and not text[1].isupper()
    return text[0].lower() + text[1:] if lowered else text


def span(age: timedelta) -> str:
    """*12 h*, *30 days*, *45 min*."""
    seconds = int(age.total_seconds())
    for size, word in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0 and not (word == "days" and seconds < 2 * size):
            return f"{seconds // size} {word}"
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min"


def _way(item: Item) -> str:
    if item.source == "direct":
        return "directly"
    return f"through plan {item.source_name}" if item.source == "plan" else f"through {item.source_name}"


def _about(one: ApplicationAccess) -> Sentence:
    clauses: dict[tuple[bool, str, datetime | None], list[str]] = {}
    for scope in one.scopes:
        if scope.granted and not one.closed:
            paths = speaking(scope)
            key = (scope.granted == "pending_step_up", how(paths), _until(paths))
            clauses.setdefault(key, []).append(
                verb_of(scope.facts.description if scope.facts else "", scope.name)
            )
    return Sentence(
        application_id=one.id,
        place=one.application.name,
        clauses=tuple(
            Clause(tuple(verbs), *key) for key, verbs in sorted(clauses.items(), key=lambda c: c[0][0])
        ),
        granted=0 if one.closed else one.count("active"),
        pending=0 if one.closed else one.count("pending_step_up"),
        total=len(one.scopes),
        closed=one.closed,
    )


def speaking(scope: ScopeAccess) -> list[Path]:
    """The paths that the scope's answer rests on: those in its best state."""
    return [path for path in scope.paths if path.state == scope.entitled]


def _until(paths: Sequence[Path]) -> datetime | None:
    """When the last of these ways ends; None when one of them doesn't."""
    ends = [path.item.expires_at for path in paths]
    return None if not ends or None in ends else max(end for end in ends if end)


def _console_clauses(items: Iterable[Item]) -> list[Clause]:
    clauses = []
    for item in items:
        if item.console_permissions and item.met in ("active", "pending_step_up") and not item.application_id:
            names = item.console_permissions
            words = [verb_of(engine.actions().get(name, ""), name) for name in names]
            verbs = (
                words if len(words) <= FEW else [f"do what {item.role_name} gives ({len(words)} permissions)"]
            )
            waits = item.state == "pending_step_up"
            clauses.append(Clause(tuple(verbs), waits, _way(item), item.expires_at))
    return clauses
