"""Keyset pages: a cursor names the row that a page starts behind, so that depth costs nothing and no row is skipped.

Rows are compared as one value, ``(column, id) < (…, …)``, which an index in that order answers at any depth. There is
no OFFSET and no page number. Counts are exact up to :data:`CAP` and the planner's estimate beyond it.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import BadRequest
from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import TupleGreaterThan, TupleLessThan

CAP = 10_000
LIMIT, MOST = 50, 200
Row = TypeVar("Row")


class BadCursor(BadRequest):
    """The cursor is not one of this list's, or was made for another order. Answered with 400."""


class BadLimit(BadRequest):
    """``limit`` is not a number from 1 to 200. Answered with 400."""


@dataclass(frozen=True)
class Cursor:
    """A place in a list. ``value`` is the sort column's there, a date (None where it is unknown) or a text; ``id``
    breaks ties.

    It tells what its page already showed and widens nothing: opaque by form, validated rather than signed.
    """

    sort: str
    backward: bool
    value: datetime | str | None
    id: UUID

    def encode(self) -> str:
        """The cursor as a URL carries it."""
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        text = json.dumps([self.sort, int(self.backward), value, self.id.hex], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@dataclass(frozen=True)
class Count:
    """How many rows match; beyond the cap the planner's estimate, or just "over" the cap. ``uncounted``: at least so
    many, and whoever wants to know asks anew.
    """

    value: int
    is_estimate: bool = False
    uncounted: bool = False

    def __str__(self) -> str:
        if self.uncounted:
            return f"over {self.value - 1:,}"
        if not self.is_estimate:
            return f"{self.value:,}"
        if self.value == CAP + 1:
            return f"over {CAP:,}"
        digits = len(str(self.value))
        return f"≈ {round(self.value, -max(digits - 3, 0)):,}"


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page. ``next`` and ``previous`` are encoded cursors, or None at that end."""

    items: Sequence[Row]
    next: str | None
    previous: str | None
    count: Count

    @property
    def range(self) -> str:
        """What the pager says is shown: places on the first page, a number on the others, which know no place."""
        shown = len(self.items)
        return f"1–{shown}" if self.previous is None and shown > 1 else str(shown)


def parse_cursor(text: str, sort: str, *, textual: bool = False) -> Cursor | None:
    """Read a cursor made for the order ``sort`` by date or, ``textual``, by text. Raises BadCursor."""
    if not text:
        return None
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        made_for, backward, value, hexadecimal = json.loads(base64.urlsafe_b64decode(padded))
        place = _text_of(value) if textual else _moment_of(value)
        cursor = Cursor(made_for, backward == 1, place, UUID(hexadecimal))
    except (
        ValueError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
        binascii.Error,
    ) as error:
        raise BadCursor("The cursor is not one of this list's.") from error
    if cursor.sort != sort:
        raise BadCursor("The cursor was made for another order of this list.")
    return cursor


def _moment_of(value: str | None) -> datetime | None:
    moment = datetime.fromisoformat(value) if value is not None else None
    if moment is not None and moment.tzinfo is None:
        raise ValueError("A moment without a zone.")
    return moment and moment.astimezone(UTC)  # PostgreSQL reads fewer zones than Python does


def _text_of(value: str) -> str:
    """A text that PostgreSQL can compare: no NUL, no half of a surrogate pair."""
    value.encode()
    if "\x00" in value:
        raise ValueError("A text with NUL.")
    return value


def parse_limit(text: str, default: int = LIMIT) -> int:
    """Read ``?limit=``: 1 to 200. Raises BadLimit."""
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST):
        raise BadLimit(f"limit is a number from 1 to {MOST}.")
    return int(text)


def cut(
    rows: Sequence[Row],
    *,
    sort: str,
    cursor: Cursor | None,
    limit: int,
    count: Count,
    key: Callable[[Row], tuple[datetime | str | None, UUID]],
) -> Page[Row]:
    """Make a page of up to ``limit + 1`` rows that were read in the cursor's direction.

    The one row too many says that there is more that way; where the cursor came from there is more by itself.
    """
    backward = cursor is not None and cursor.backward
    more, shown = len(rows) > limit, list(rows[:limit])
    if backward:
        shown.reverse()
    behind, ahead = (more, True) if backward else (cursor is not None, more)
    return Page(
        items=shown,
        next=Cursor(sort, False, *key(shown[-1])).encode() if shown and ahead else None,
        previous=Cursor(sort, True, *key(shown[0])).encode() if shown and behind else None,
        count=count,
    )


def paginate(
    rows: QuerySet[Any],
    *,
    column: str,
    cursor: str,
    limit: int = LIMIT,
    id_column: str = "id",
    ask_planner: bool = False,
    textual: bool = False,
    ascending: bool | None = None,
    count: Count | None = None,
) -> Page[Any]:
    """Page a queryset by a date column that is never NULL, newest first unless ``ascending``, or by a ``textual`` one
    from A on.

    One statement if all fit on one page or ``count`` is known, else two; ``ask_planner`` spends another on an
    estimate beyond CAP. Raises BadCursor. Needs an index (tenant, column desc, id desc), or one that begins with
    (tenant, column).
    """
    place = parse_cursor(cursor, column, textual=textual)
    upward = textual if ascending is None else ascending
    all_rows = rows
    backward = place is not None and place.backward
    if place is not None:
        if place.value is None:
            raise BadCursor("The cursor is not one of this list's.")
        compare = TupleGreaterThan if backward is not upward else TupleLessThan
        rows = rows.filter(compare((F(column), F(id_column)), (place.value, place.id)))
    order = (column, id_column) if backward is not upward else (f"-{column}", f"-{id_column}")
    found = list(rows.order_by(*order)[: limit + 1])
    on_one_page = place is None and len(found) <= limit
    total = count or (Count(len(found)) if on_one_page else count_of(all_rows, ask_planner=ask_planner))
    return cut(
        found,
        sort=column,
        cursor=place,
        limit=limit,
        count=total,
        key=lambda row: (_part(row, column), _part(row, id_column)),
    )


def _part(row: Any, name: str) -> Any:
    return row[name] if isinstance(row, dict) else getattr(row, name)


def count_of(rows: QuerySet[Any], *, ask_planner: bool = False) -> Count:
    """Count up to CAP; beyond it say so, or ask the planner."""
    # Keys alone: what a list shows beside them is not worth computing to be counted.
    counted = rows.order_by().values("pk")[: CAP + 1].count()
    if counted <= CAP:
        return Count(counted)
    if not ask_planner:
        return Count(CAP + 1, is_estimate=True)
    plan = json.loads(rows.order_by().explain(format="json"))
    return Count(max(CAP + 2, int(plan[0]["Plan"]["Plan Rows"])), is_estimate=True)
