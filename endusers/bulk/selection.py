"""Whom a bulk action is about: everybody whom the list's filters show, or people named one by one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from django.db import connection

from authsec.web.pagination import CAP, Count
from endusers.queries import Filters, choices

MOST_IDS = 5_000


@dataclass(frozen=True)
class Held:
    """What some people hold that works now; each number stops at CAP + 1, which means more than CAP."""

    tokens: int
    connections: int
    sign_ins: int

    def shown(self, name: str) -> str:
        """One of the numbers, for people."""
        number: int = getattr(self, name)
        return f"over {CAP:,}" if number > CAP else f"{number:,}"


@dataclass(frozen=True)
class Selection:
    """Either ``filters`` or ``user_ids``; a filter's ranges are moments already, so that it means the same later on."""

    filters: Filters | None = None
    user_ids: tuple[UUID, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As a job keeps it: only what is set."""
        if self.filters is None:
            return {"user_ids": [str(key) for key in self.user_ids]}
        return {"filter": self.filters.to_json()}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Selection":
        """The selection that :meth:`to_json` kept."""
        if "user_ids" in kept:
            return cls(user_ids=tuple(UUID(key) for key in kept["user_ids"]))
        return cls(Filters(**{name: _read(name, value) for name, value in kept["filter"].items()}))

    def asked(self, until: datetime, *, common: bool = False) -> str:
        """The argument of the functions of sql/chosen_end_users.sql: whoever came after ``until`` is not meant."""
        told: dict[str, Any] = {"until": until.isoformat(), "common": common}
        if self.filters is None:
            return json.dumps(told | self.to_json())
        return json.dumps(told | self.filters.asked())

    def names(self, tenant_id: UUID) -> dict[str, str]:
        """What the Application and the client among the filters are called, by the filter's name."""
        asked = self.filters and {"application": self.filters.application, "client": self.filters.client}
        wanted = {name: str(key) for name, key in asked.items() if key} if asked else {}
        offered = choices(tenant_id) if wanted else []
        return {each.kind: each.name for each in offered if wanted.get(each.kind) == str(each.key)}

    def words(self, names: Mapping[str, str]) -> list[tuple[str, str]]:
        """Whom it means, as label and value, for people; ``names`` as :meth:`names` found them."""
        if self.filters is None:
            return [("People", f"{len(self.user_ids):,} chosen one by one")]
        kept = self.to_json()["filter"]
        said = [(LABELS[name], names.get(name) or _said(value)) for name, value in kept.items()]
        return said or [("People", "all end users")]


LABELS = {
    "text": "Search",
    "status": "Status",
    "plan_tier": "Plan tier",
    "application": "Application",
    "client": "OAuth client",
    "seen_from": "Last seen from",
    "seen_to": "Last seen before",
    "consent_from": "First consent from",
    "consent_to": "First consent before",
}


def _said(value: str) -> str:
    return value[:16].replace("T", " ") + " UTC" if value[10:11] == "T" else value


def _read(name: str, value: str) -> Any:
    kinds = get_args(next(field.type for field in fields(Filters) if field.name == name))
    if datetime in kinds:
        return datetime.fromisoformat(value)
    return UUID(value) if UUID in kinds else value


def pick(
    selection: Selection, *, until: datetime, after: UUID | None, limit: int, common: bool = False
) -> list[UUID]:
    """The next of them behind ``after`` in the order of their ids, in the tenant in force. Those named one by one are
    all there, end users or not.
    """
    if selection.filters is None:
        rest = sorted(key for key in set(selection.user_ids) if after is None or key > after)
        return rest[:limit]
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from pick_end_users(%s, %s, %s)", [selection.asked(until, common=common), after, limit]
        )
        return [row[0] for row in cursor.fetchall()]


def count(
    selection: Selection, *, until: datetime, when: str = "", value: str = "", cap: int | None = CAP
) -> Count:
    """How many end users that are, or of them those for whom ``when`` holds (see ``count_chosen``). ``cap`` None:
    exactly, however many.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from count_chosen(%s, %s, %s, %s)", [selection.asked(until), when, value or None, cap]
        )
        return Count(*cursor.fetchone())


def weigh(
    selection: Selection, *, when: str, value: str, active: bool, now: datetime
) -> tuple[Count, Count, Held]:
    """How many they are, how many of them ``when`` holds for, and what they hold that works now (``active``: only
    those who are not suspended). One statement.
    """
    asked = selection.asked(now)
    with connection.cursor() as cursor:
        cursor.execute(
            "select a.*, b.*, h.* from count_chosen(%s, '', null, %s) a, count_chosen(%s, %s, %s, %s) b, "
            "count_held(%s, %s, %s, %s) h",
            [asked, CAP, asked, when, value or None, CAP, asked, active, now, CAP],
        )
        row = cursor.fetchone()
    return Count(*row[:2]), Count(*row[2:4]), Held(*row[4:])
