"""What bindings give a subject in the console and the management API, permission by permission."""

from dataclasses import dataclass

from authz.cedar import engine
from authz.effective.explanation import Explanation
from authz.effective.grants import Item
from authz.effective.terms import ORDER


@dataclass(frozen=True)
class ConsolePath:
    """One way to a permission: the binding, its ``state`` for the console, and the Application that it is limited to
    ("" tenant-wide).
    """

    item: Item
    state: str
    place: str


@dataclass(frozen=True)
class ConsoleRow:
    """One permission, what it lets a person do, its best ``state``, and every way to it, the best first."""

    name: str
    description: str
    state: str
    paths: tuple[ConsolePath, ...]


def console_rows(explanation: Explanation) -> list[ConsoleRow]:
    """Every permission that a binding which reaches the subject gives, in the schema's order.

    Where the subject has no power in the console, whatever binds it, all are ``suspended`` (Rule 3).
    """
    enters = explanation.subject.enters_console(explanation.at)
    places = {one.id: one.application.name for one in explanation.applications}
    paths: dict[str, list[ConsolePath]] = {}
    for item in explanation.items:
        place = places.get(item.application_id, "an archived Application") if item.application_id else ""
        for name in item.console_permissions:
            paths.setdefault(name, []).append(ConsolePath(item, item.met if enters else "suspended", place))
    rows = []
    for name in (action for action in engine.actions() if action in paths):
        ordered = tuple(sorted(paths[name], key=lambda path: ORDER.index(path.state)))
        rows.append(ConsoleRow(name, engine.actions()[name], ordered[0].state, ordered))
    return rows
