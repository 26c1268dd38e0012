"""Query parameters of the management API, and ids: read strictly, refused with a reason."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes
from uuid import UUID

from rest_framework.request import Request

from authsec.web.addresses import read_address
from authsec.web.problems import Problem, wrong_parameter

MAX_PARAMETERS = 50
LONGEST_REASON = 500
EARLIEST_YEAR, LATEST_YEAR = 1970, 3000


def parameters(request: Request, *names: str) -> dict[str, str]:
    """The query parameters of these names, trimmed; others are ignored, an absent or empty one is missing here.

    Raises a Problem (400) for one that is given twice, is not UTF-8 or holds NUL.
    """
    found: dict[str, str] = {}
    raw = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
    pairs = [pair for pair in raw.split(b"&") if pair]
    if len(pairs) > MAX_PARAMETERS:
        raise Problem(400, "invalid-parameter", f"At most {MAX_PARAMETERS} parameters.")
    for pair in pairs:
        name, _, value = (_text(part) for part in pair.partition(b"="))
        if name in found:
            raise wrong_parameter(name, "Given twice.")
        found[name] = value.strip()
    return {name: found[name] for name in names if found.get(name)}


def one_of(given: Mapping[str, str], name: str, allowed: Iterable[str]) -> str | None:
    """The parameter's value if it is one of ``allowed``, None when it is missing."""
    value, allowed = given.get(name), list(allowed)
    if value is not None and value not in allowed:
        raise wrong_parameter(name, f"One of {', '.join(allowed)}.")
    return value


def reason_parameter(request: Request) -> str:
    """Why something is deleted, "" without a word: content of a DELETE means nothing (RFC 9110 §9.3.5)."""
    reason = parameters(request, "reason").get("reason", "")
    if len(reason) > LONGEST_REASON:
        raise wrong_parameter("reason", f"At most {LONGEST_REASON} characters.")
    return reason


def uuid_parameter(given: Mapping[str, str], name: str) -> UUID | None:
    """The parameter as an id, None when it is missing."""
    if name not in given:
        return None
    try:
        return parse_uuid(given[name])
    except ValueError as error:
        raise wrong_parameter(name, "An id is a UUID.") from error


def moment_parameter(given: Mapping[str, str], name: str) -> datetime | None:
    """The parameter as a time with its zone (RFC 3339), None when it is missing."""
    if name not in given:
        return None
    # A plus sign that nobody encoded arrives as a blank.
    text = re.sub(r" (\d\d:\d\d)$", r"+\1", given[name])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise wrong_parameter(name, "A time as in 2026-12-01T09:00:00Z.") from error
    try:
        told = in_utc(moment)
    except ValueError as error:
        raise wrong_parameter(name, str(error)) from error
    if not EARLIEST_YEAR <= told.year < LATEST_YEAR:
        raise wrong_parameter(name, f"A time with its zone, from {EARLIEST_YEAR} to {LATEST_YEAR}.")
    return told


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC. ValueError with a sentence for one without its zone, and for one that UTC has only in
    the year 0 or 10000, which Python can't tell.

    Python also reads zones of seconds (``+23:59:59``), which PostgreSQL does not.
    """
    if moment.tzinfo is None:
        raise ValueError("A time with its zone, such as 2026-12-01T09:00:00Z.")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("A time from the year 1 to 9999.") from error


def address_parameter(given: Mapping[str, str], name: str) -> str | None:
    """The parameter as an IP address, None when it is missing."""
    if name not in given:
        return None
    try:
        address = read_address(given[name])
    except ValueError as error:
        raise wrong_parameter(name, "An IPv4 or IPv6 address.") from error
    if "%" in given[name]:
        raise wrong_parameter(name, "An address without a zone.")
    return str(address)


def parse_uuid(text: str) -> UUID:
    """A UUID in its canonical form, in any case (RFC 9562 §4); ValueError for anything else."""
    value = UUID(text)
    if str(value) != text.lower():
        raise ValueError("Not the canonical form of a UUID.")
    return value


def _text(raw: bytes) -> str:
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(400, "invalid-parameter", "The query string is not UTF-8.") from error
    if "\x00" in text:
        raise Problem(400, "invalid-parameter", "The query string holds NUL.")
    return text
