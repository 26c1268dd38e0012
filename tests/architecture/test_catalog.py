"""Every action that any context records can be said as a sentence."""

import ast
import re
from pathlib import Path

import pytest

from authsec.audit.catalog import CATALOG, PLACE
from authsec.web import icons
from tenants.operations.transitions import CHANGES

CHECKOUT = Path(__file__).resolve().parents[2]
WRITERS = {"record", "record_event", "_record", "_changed"}
PLAIN = re.compile(r"[a-z_]+\.[a-z_]+")


def literals(node: ast.AST) -> set[str]:
    """The texts that an expression can be; of an f-string each way to fill it is unknown, so its beginning."""
    found = {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }
    return {text for text in found if PLAIN.fullmatch(text)}


def recorded() -> dict[str, str]:
    """Action → file, for every call of a function that writes an event."""
    actions = {change.event: "tenants/operations/transitions.py" for change in CHANGES}
    for app in ("authsec", "tenants", "endusers", "authz", "oauth"):
        for path in (CHECKOUT / app).rglob("*.py"):
            tree = ast.parse(path.read_text())
            assigned = {
                target.id: node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name) and target.id == "action"
            }
            for call in ast.walk(tree):
                name = getattr(getattr(call, "func", None), "id", "") if isinstance(call, ast.Call) else ""
                if name in WRITERS:
                    given = [*call.args, *(word.value for word in call.keywords if word.arg == "action")]
                    for argument in [*given, *assigned.values()]:
                        if not isinstance(argument, ast.Dict):
                            actions |= dict.fromkeys(literals(argument), str(path.relative_to(CHECKOUT)))
    return actions


def test_every_recorded_action_has_a_sentence():
    found = recorded()
    assert {"end_user.suspended", "tenant.opened", "member.left"} <= found.keys()
    assert {action: place for action, place in found.items() if action not in CATALOG} == {}


@pytest.mark.parametrize("action", CATALOG)
def test_a_sentence_names_who_or_whom_and_has_an_icon(action):
    entry = CATALOG[action]
    assert {place.group(1) for place in PLACE.finditer(entry.sentence)} & {"actor", "target"}
    assert entry.tone in ("", "ok", "wait", "stop")
    assert "<svg" in icons.render(entry.icon)
