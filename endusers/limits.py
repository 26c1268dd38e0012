"""One person's rate limit as it counts at a moment: their own while its time lasts, else their plan tier's.

Introspection answers by the same order (``oauth/sql/introspect.sql``); where neither says anything, the Application's.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Limit:
    """``limit`` calls in ``window_s`` seconds. ``source``: override, with ``until`` and ``reason``, or tier."""

    limit: int
    window_s: int
    source: str
    until: datetime | None = None
    reason: str = ""


def own_limit(end_user: Any) -> Limit | None:
    """The limit that the row of an end user keeps, be its time over or not; None without one."""
    kept = end_user.rate_limit_override
    if not kept:
        return None
    until = datetime.fromisoformat(kept["until"]) if kept.get("until") else None
    return Limit(kept["limit"], kept.get("window_s", 60), "override", until, kept.get("reason", ""))


def limit_of(end_user: Any, now: datetime) -> Limit | None:
    """The limit of an end user with their ``plan_tier``; None: each Application's own."""
    own, tier = own_limit(end_user), end_user.plan_tier
    if own and (own.until is None or own.until > now):
        return own
    return Limit(tier.rate_limit, tier.rate_window_s, "tier") if tier.rate_limit else None
