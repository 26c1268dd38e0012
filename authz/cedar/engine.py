"""The only place that speaks to Cedar: policies and schema are parsed once per process, every error denies."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cedarpy

FOLDER = Path(__file__).parent
ACTION = re.compile(r'@doc\("(?P<doc>[^"]+)"\)\naction "(?P<name>[^"]+)"')
POLICY = re.compile(r'(?P<sentence>(?:^// .*\n)+)@id\("(?P<id>[^"]+)"\)\n(?P<text>[^@]+?;)\n', re.MULTILINE)


@dataclass(frozen=True)
class Policy:
    """One policy in force: its ``@id``, what it says in English, permit or forbid, and its Cedar text."""

    id: str
    sentence: str
    effect: str
    text: str


@dataclass(frozen=True)
class Answer:
    """Cedar's word: ``policies`` are the ids of those that determined it, ``errors`` what went wrong."""

    allowed: bool
    policies: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@cache
def actions() -> Mapping[str, str]:
    """Every action of the schema with its description, in the schema's order."""
    return {match["name"]: match["doc"] for match in ACTION.finditer(_text("schema.cedarschema"))}


@cache
def policies() -> tuple[Policy, ...]:
    """The policies in force, in the order of the file."""
    return tuple(
        Policy(
            match["id"],
            " ".join(line.removeprefix("// ") for line in match["sentence"].splitlines()),
            "forbid" if match["text"].startswith("forbid") else "permit",
            match["text"],
        )
        for match in POLICY.finditer(_text("console.cedar"))
    )


def authorize(*, request: Mapping[str, Any], entities: list[dict[str, Any]]) -> Answer:
    """Ask Cedar. An error of any kind denies, be it a policy's, a request's or the engine's own."""
    try:
        result = cedarpy.is_authorized(dict(request), _policy_set(), entities, _schema())
    except Exception as error:  # whatever the engine raises, the answer is no
        return Answer(False, (), (str(error),))
    said = result.diagnostics
    ids = tuple(sorted(said.id_annotations_by_reason.get(reason, reason) for reason in said.reasons))
    return Answer(result.allowed and not said.errors, ids, tuple(said.errors))


def problems() -> list[str]:
    """What is wrong with the policy files: validation errors, a policy without a sentence or an id."""
    text = _text("console.cedar")
    found = [str(error) for error in cedarpy.validate_policies(text, _schema()).errors]
    described = len(policies())
    written = len(re.findall(r"^(?:permit|forbid)\b", text, re.MULTILINE))
    if described != written:
        found.append(f"{written} policies, but {described} with a sentence and an @id.")
    return found


def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@cache
def _policy_set() -> Any:
    return cedarpy.PolicySet.from_str(_text("console.cedar"))


@cache
def _schema() -> Any:
    return cedarpy.Schema.from_str(_text("schema.cedarschema"))
