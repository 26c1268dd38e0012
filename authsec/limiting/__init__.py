"""Counting what is limited: how much of a limit is used up, by all processes together.

With VALKEY_URL every node counts in Valkey. Without it the processes of one node share a piece of memory that
``manage.py serve`` lays out for them; a process alone (tests, a shell) counts for itself.

Windows are fixed: one begins with the first call and lasts its length. That costs one number for each who calls,
whatever the limit, and ``remaining`` and ``reset`` are exact. The price: at the border of two windows up to twice the
limit may come close together. A moving window would remember the time of every single call.
"""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path
from typing import cast

from django.conf import settings
from limits.storage import Storage, storage_from_string
from prometheus_client import Counter

from authsec.limiting.shared import SharedCounts
from authsec.limiting.valkey import Standby, options

log = logging.getLogger(__name__)

# Where serve() laid out the node's counters; its workers inherit the variable.
NODE = "AUTHSEC_NODE_COUNTERS"
# Registered where the others are (authsec.console.metrics).
COUNTED_ALONE = Counter(
    "authsec_limits_counted_alone",
    "Calls that were counted by their node alone, because Valkey did not answer.",
    ["process"],
    registry=None,
)


@dataclass(frozen=True)
class Tally:
    """How much of a limit is used. ``reset_s``: whole seconds until the window is over; 0: none has begun."""

    limit: int
    used: int
    reset_s: int

    @property
    def remaining(self) -> int:
        return max(self.limit - self.used, 0)

    @property
    def exceeded(self) -> bool:
        """Whether the call that was counted last was one too many."""
        return self.used > self.limit


def spend(*who: str, limit: int, window_s: int) -> Tally:
    """Count one call of ``who`` (what for, then whose), the refused ones too.

    The count belongs to ``who`` and the window's length: another limit for the same counts with what was used.
    """
    return _counts().spend(_key(who, window_s), limit, window_s)


def look(*who: str, limit: int, window_s: int) -> Tally:
    """How much is used, without counting."""
    return _counts().look(_key(who, window_s), limit)


def share(file: Path) -> None:
    """Lay out the memory in which the processes that this one starts count together, empty."""
    try:
        SharedCounts.lay_out(file)
    except OSError:
        log.warning("Limits are counted by each process for itself: %s can't be written", file, exc_info=True)
        os.environ.pop(NODE, None)
    else:
        os.environ[NODE] = str(file)


def start_over() -> None:
    """Forget what this process counted, and read the settings anew: for tests."""
    _counts.cache_clear()


def _key(who: tuple[str, ...], window_s: int) -> str:
    return "/".join(("authsec", *who, str(window_s)))


class Counts:
    """Counters in Valkey, or, while it does not answer, in the node's memory."""

    def __init__(self, url: str, node: SharedCounts) -> None:
        self._node = node
        self._valkey: Storage | None = _valkey(url) if url else None
        self._standby = Standby("limits are counted by each node for itself")

    def spend(self, key: str, limit: int, window_s: int) -> Tally:
        return self._ask(lambda counts: _tally(limit, counts.incr(key, window_s), counts.get_expiry(key)))

    def look(self, key: str, limit: int) -> Tally:
        return self._ask(lambda counts: _tally(limit, counts.get(key), counts.get_expiry(key)))

    def _ask(self, question: Callable[[Storage], Tally]) -> Tally:
        valkey = self._valkey
        if valkey is None:
            return question(self._node)
        return self._standby.ask(lambda: question(valkey), lambda: self._alone(question), *_failures(valkey))

    def _alone(self, question: Callable[[Storage], Tally]) -> Tally:
        COUNTED_ALONE.labels(process=str(os.getpid())).inc()
        return question(self._node)


def _tally(limit: int, used: int, ends: float) -> Tally:
    return Tally(limit, used, ceil(max(ends - time.time(), 0)) if used else 0)


def _valkey(url: str) -> Storage:
    return cast(Storage, storage_from_string(url, **options()))


def _failures(storage: Storage) -> tuple[type[Exception], ...]:
    failures = storage.base_exceptions
    return failures if isinstance(failures, tuple) else (failures,)


@cache
def _counts() -> Counts:
    file = os.environ.get(NODE)
    return Counts(settings.VALKEY_URL, SharedCounts(Path(file) if file else None))
