"""The body of a request to the management API."""

import json
import math
from typing import Any, NoReturn

from rest_framework.parsers import BaseParser

from authsec.web.problems import Problem

MAX_BODY = 1_048_576
MAX_DEPTH = 32


class StrictJSONParser(BaseParser):
    """JSON (RFC 8259) as UTF-8, at most MAX_BODY bytes, without duplicate names, NUL or lone surrogates."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the value; raise a Problem (400 or 413) that says what is wrong."""
        raw = stream.read(MAX_BODY + 1)
        if len(raw) > MAX_BODY:
            raise Problem(413, "too-large", f"A body has at most {MAX_BODY} bytes.")
        try:
            return strict_json(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise _malformed("The body is not UTF-8.") from error
        except ValueError as error:
            raise _malformed(f"The body is not JSON that we take: {error}.") from error


def strict_json(text: str) -> Any:
    """The value that a text of JSON says. ValueError for whatever a body may not hold, wherever the text came from."""
    try:
        value = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_constant)
        _check(value)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return value


def _malformed(detail: str) -> Problem:
    return Problem(400, "malformed-request", detail)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _check(value: Any, depth: int = 0) -> None:
    """Refuse what is nested too deeply, and what PostgreSQL cannot store: NUL, halves of surrogate pairs, and numbers
    that became infinite on reading.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("a string holds NUL")
        value.encode("utf-8")  # UnicodeEncodeError, a ValueError, for half of a surrogate pair
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is too large")
    elif isinstance(value, dict):
        for name, member in value.items():
            _check(name)
            _check(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            _check(member, depth + 1)
