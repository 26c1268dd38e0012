"""What a bulk verb would do, counted now: a dry run that changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authsec.web.pagination import Count
from endusers.bulk import selection as selections
from endusers.bulk.selection import Held, Selection
from endusers.bulk.verbs import Verb


@dataclass(frozen=True)
class Preview:
    """``matching`` end users, for ``unchanged`` of whom nothing would change; ``unknown`` ids are no end users.

    ``held``: what stops working, where the verb stops anything. Numbers beyond the cap are estimates.
    """

    verb: Verb
    matching: Count
    unchanged: Count
    unknown: int
    held: Held | None
    counted_at: datetime

    @property
    def changing(self) -> Count:
        """For how many something would change."""
        estimate = self.matching.is_estimate or self.unchanged.is_estimate
        return Count(max(self.matching.value - self.unchanged.value, 0), estimate)

    @property
    def left_out(self) -> list[tuple[str, Count]]:
        """Why and how many are left out, as far as there are any."""
        found = [(self.verb.already, self.unchanged), ("no end user here", Count(self.unknown))]
        return [(word, number) for word, number in found if number.value]


def look(verb: Verb, selection: Selection, params: Mapping[str, Any] | None, *, now: datetime) -> Preview:
    """Count in the tenant in force. Without ``params`` nobody can say yet for whom nothing would change."""
    when, value = verb.unchanged(params) if params is not None else ("", "")
    matching, unchanged, held = selections.weigh(
        selection, when=when or "nobody", value=value, active=verb.stops == "active", now=now
    )
    named = len(set(selection.user_ids))
    unknown = max(named - matching.value, 0)
    return Preview(verb, matching, unchanged, unknown, held if verb.stops else None, now)
