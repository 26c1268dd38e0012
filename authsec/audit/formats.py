"""Events as lines of a file: CSV for tables, JSON Lines for programs."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from authsec.audit.catalog import plain_sentence
from authsec.audit.models import Event

COLUMNS = (
    "at",
    "id",
    "action",
    "sentence",
    "actor_kind",
    "actor_id",
    "actor_name",
    "actor_capacity",
    "target_kind",
    "target_id",
    "target_name",
    "reason",
    "ip",
    "via",
    "request_id",
    "policies",
    "before",
    "after",
)
# What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
BLANKS = ("\t", "\r", "\n")


@dataclass(frozen=True)
class Format:
    """How a file begins, and what stands there for some events. Both in UTF-8."""

    title: str
    suffix: str
    head: Callable[[], bytes]
    rows: Callable[[Sequence[Event]], bytes]


def harmless(text: str) -> str:
    """A cell that no spreadsheet runs: names and reasons come from people, a formula would run at the reader's."""
    if text.startswith(BLANKS) or text.lstrip().startswith(FORMULA):
        return f"'{text}"
    return text


def _values(event: Event) -> dict[str, Any]:
    kept = {name: getattr(event, name) for name in COLUMNS if name != "sentence"}
    return kept | {"sentence": plain_sentence(event), "at": event.at.isoformat()}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def table(rows: Sequence[Sequence[str]]) -> bytes:
    """Rows as RFC 4180 writes them."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _csv_rows(events: Sequence[Event]) -> bytes:
    made = [_values(event) for event in events]
    return table([[harmless(_cell(values[name])) for name in COLUMNS] for values in made])


def _json_rows(events: Sequence[Event]) -> bytes:
    made = [_values(event) for event in events]
    lines = [json.dumps({name: values[name] for name in COLUMNS}, default=str) + "\n" for values in made]
    return "".join(lines).encode()


# A byte order mark makes Excel read UTF-8 and most programs stumble over the first column's name: who needs it asks.
FORMATS = {
    "csv": Format("CSV", ".csv", lambda: table([COLUMNS]), _csv_rows),
    "csv-excel": Format("CSV for Excel", ".csv", lambda: b"\xef\xbb\xbf" + table([COLUMNS]), _csv_rows),
    "jsonl": Format("JSON Lines", ".jsonl", lambda: b"", _json_rows),
}
