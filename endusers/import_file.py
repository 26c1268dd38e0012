"""Reading a file of plan tiers and statuses, as spreadsheets and billing systems write them."""

import codecs
import csv
import io
from dataclasses import dataclass
from uuid import UUID

from endusers.models import EndUser
from endusers.operations import EndUserError

MOST_LINES = 20_000
WHO = ("user_id", "email")
WHAT = ("plan_tier", "status")


class BadFile(EndUserError):
    """A file that can't be read as a whole; the text says why and where."""


@dataclass(frozen=True)
class Line:
    """One line: whom it names, what they are to get, and what is wrong with it."""

    number: int
    named: str
    user_key: UUID | None = None
    email: str = ""
    plan_tier: str = ""
    status: str = ""
    problem: str = ""


def read(content: bytes) -> list[Line]:
    """The lines behind the head, blank ones left out. Raises BadFile.

    CSV (RFC 4180) between commas, semicolons or tabs. The head names the columns: ``user_id`` or ``email``, and
    ``plan_tier`` or ``status`` or both; others are ignored. A spreadsheet's quote before a formula is taken away.
    """
    text = io.StringIO(text_of(content), newline=None)
    before, head = _head(text)
    reader = csv.reader(text, delimiter=max(",;\t", key=head.count))
    try:
        names = [_name(name) for name in next(reader, [])]
        _check_head(names)
        lines = [
            _line(before + reader.line_num, dict(zip(names, row, strict=False)), len(row) == len(names))
            for row in reader
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise BadFile(f"Line {before + reader.line_num}: {error}.") from error
    if not lines:
        raise BadFile("There are no lines below the head.")
    if len(lines) > MOST_LINES:
        raise BadFile(f"At most {MOST_LINES:,} lines; this has {len(lines):,}. Cut it into several files.")
    return lines


def text_of(content: bytes) -> str:
    """The file's text: UTF-8, or UTF-16 that says so, as spreadsheets write "Unicode text". Raises BadFile."""
    try:
        text = content.decode(
            "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
        )
    except UnicodeDecodeError as error:
        raise BadFile("The file is not UTF-8. Save it as “CSV UTF-8”.") from error
    if "\x00" in text:
        raise BadFile("The file holds NUL: it is no text.")
    return text


def _head(text: io.StringIO) -> tuple[int, str]:
    """How many lines stand before the head, and the head; the next line that is read is the head.

    Before it: blank ones, and the ``sep=`` by which a spreadsheet tells itself the separator.
    """
    before = 0
    while True:
        place, line = text.tell(), text.readline()
        if not line or (line.strip() and not line.lower().startswith("sep=")):
            text.seek(place)
            return before, line
        before += 1


def _name(cell: str) -> str:
    """A column's name as a person may have written it: “User ID”, “E-mail”."""
    name = "_".join(cell.lower().replace("-", " ").split())
    return {"e_mail": "email"}.get(name, name)


def _check_head(names: list[str]) -> None:
    if not any(name in names for name in WHO):
        raise BadFile("The first line names the columns: user_id or email is missing.")
    if not any(name in names for name in WHAT):
        raise BadFile("The first line names the columns: plan_tier or status is missing.")
    if len(set(names)) < len(names):
        raise BadFile("The first line names a column twice.")


def _line(number: int, row: dict[str, str], whole: bool) -> Line:
    value = {name: row.get(name, "").strip().removeprefix("'") for name in (*WHO, *WHAT)}
    named = (value["user_id"] or value["email"])[:320]
    status, tier = value["status"].lower(), value["plan_tier"].lower()

    def wrong(problem: str) -> Line:
        return Line(number, named, plan_tier=tier[:40], status=status[:10], problem=problem)

    if not whole:
        return wrong("Not as many cells as the head has.")
    if not named:
        return wrong("It names nobody.")
    if not status and not tier:
        return wrong("Neither a plan tier nor a status.")
    if status and status not in EndUser.Status.values:
        return wrong(f"A status is {' or '.join(EndUser.Status.values)}.")
    if len(tier) > 40:
        return wrong("That is no plan tier’s key.")
    if not value["user_id"]:
        if "@" not in named or len(named) > 254:
            return wrong("That is no e-mail address.")
        return Line(number, named, email=named.lower(), plan_tier=tier, status=status)
    try:
        return Line(number, named, UUID(value["user_id"]), plan_tier=tier, status=status)
    except ValueError:
        return wrong("That is no user id.")
