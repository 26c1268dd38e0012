"""A manifest: the tools of an Application as its own server lists them. Read strictly, believed about nothing else."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authz.models import MAX_SCOPES_A_TOOL
from authz.refusals import Findings
from authz.scopes import SCOPE_TOKEN

MAX_TOOLS = 500
LONGEST_NAME, LONGEST_TITLE, LONGEST_DESCRIPTION = 128, 200, 8_000  # characters
LARGEST_SCHEMA, LARGEST_ANNOTATIONS = 32_768, 4_096  # bytes as JSON


@dataclass(frozen=True)
class ToolSpec:
    """One tool as its server describes it (MCP, tools/list). ``suggested_scopes`` suggests and gives nothing."""

    name: str
    title: str = ""
    description: str = ""
    input_schema: dict[str, Any] | None = None
    annotations: dict[str, Any] | None = None
    suggested_scopes: tuple[str, ...] = ()


def read_manifest(body: Any) -> list[ToolSpec]:
    """The tools of ``{"tools": [{"name", "title"?, "description"?, "input_schema"?, "annotations"?,
    "suggested_scopes"?}]}``. Other members are ignored: newer kits send more.

    Raises Refused with ``tools`` or ``tools.<n>.<member>`` (n from 0) for everything that is wrong.
    """
    findings = Findings()
    rows = body.get("tools") if isinstance(body, Mapping) else None
    if not isinstance(rows, list):
        findings.add("tools", "A list of tools is required.")
        rows = []
    if len(rows) > MAX_TOOLS:
        findings.add("tools", f"At most {MAX_TOOLS} tools.")
    specs, seen = [], set[str]()
    for index, row in enumerate(rows[:MAX_TOOLS]):
        at = f"tools.{index}"
        if not isinstance(row, Mapping):
            findings.add(at, "A tool is an object.")
            continue
        spec = _tool(row, at, findings)
        if spec.name in seen:
            findings.add(f"{at}.name", "This name is there twice.")
        seen.add(spec.name)
        specs.append(spec)
    findings.stop()
    return specs


def _tool(row: Mapping[str, Any], at: str, findings: Findings) -> ToolSpec:
    name = findings.text(f"{at}.name", _text(row, "name", at, findings), LONGEST_NAME)
    if not name.isprintable():
        findings.add(f"{at}.name", "Characters that people can see.")
    if {".", ".."} & set(name.split("/")):  # HTTP clients resolve them: a call about the tool would miss it
        findings.add(f"{at}.name", "Without . or .. as a part of a path.")
    return ToolSpec(
        name=name,
        title=_words(row, "title", at, LONGEST_TITLE, findings),
        description=_words(row, "description", at, LONGEST_DESCRIPTION, findings),
        input_schema=_object(row, "input_schema", at, LARGEST_SCHEMA, findings),
        annotations=_object(row, "annotations", at, LARGEST_ANNOTATIONS, findings),
        suggested_scopes=_scopes(row, at, findings),
    )


def _text(row: Mapping[str, Any], member: str, at: str, findings: Findings) -> str:
    value = row.get(member)
    if value is not None and not isinstance(value, str):
        findings.add(f"{at}.{member}", "A text.")
    return value if isinstance(value, str) else ""


def _words(row: Mapping[str, Any], member: str, at: str, limit: int, findings: Findings) -> str:
    """Words for people: what nobody sees or what turns the reading direction around is taken out."""
    value = _text(row, member, at, findings)
    if len(value) > limit:
        findings.add(f"{at}.{member}", f"At most {limit} characters.")
    return "".join(sign for sign in value if sign.isprintable() or sign == "\n").strip()


def _object(
    row: Mapping[str, Any], member: str, at: str, limit: int, findings: Findings
) -> dict[str, Any] | None:
    value = row.get(member)
    if value is None:
        return None
    if not isinstance(value, dict):
        findings.add(f"{at}.{member}", "An object.")
        return None
    if len(json.dumps(value)) > limit:
        findings.add(f"{at}.{member}", f"At most {limit} bytes as JSON.")
    return value


def _scopes(row: Mapping[str, Any], at: str, findings: Findings) -> tuple[str, ...]:
    value: Sequence[Any] = row.get("suggested_scopes") or []
    place = f"{at}.suggested_scopes"
    if not isinstance(value, list) or len(value) > MAX_SCOPES_A_TOOL:
        findings.add(place, f"A list of at most {MAX_SCOPES_A_TOOL} scopes.")
        return ()
    if not all(isinstance(name, str) and SCOPE_TOKEN.fullmatch(name) for name in value):
        findings.add(place, "Scopes are signs without blanks, quotes or backslashes (RFC 6749 §3.3).")
        return ()
    return tuple(dict.fromkeys(value))
