"""Counting introspections off their path: in memory, and every few seconds in one statement to the database.

A count is a lock and an addition. What the last FLUSH_S seconds brought is in no table yet; a process that is asked to
stop writes it down, one that is killed loses it. Nothing is decided by these numbers: operators look at them.
"""

import atexit
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

log = logging.getLogger(__name__)

FLUSH_S = 5.0
HOUR_S = 3_600
STATEMENT = "select add_introspections(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::bool[], %s::text[], %s::bigint[])"

# tenant, Application, hour since the epoch, active, reason
Key = tuple[UUID, UUID, int, bool, str]


class Counters:
    """What one process counted and has not written down yet. ``connect`` opens a connection outside transactions."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]], every_s: float = FLUSH_S) -> None:
        self._connect, self._every_s = connect, every_s
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._counted: Counter[Key] = Counter()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failing = False

    def count(self, tenant_id: UUID, application_id: UUID, *, active: bool, reason: str) -> None:
        """One introspection more. The first one starts the thread that writes them down."""
        key = (tenant_id, application_id, int(time.time()) // HOUR_S, active, reason)
        with self._lock:
            self._counted[key] += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="introspection-counts", daemon=True)
                self._thread.start()
                atexit.register(self.stop)

    def flush(self) -> None:
        """Write down what was counted until now; what can't be written is kept for the next time."""
        with self._writing:
            with self._lock:
                taken, self._counted = self._counted, Counter()
            if not taken:
                return
            try:
                with self._connect() as connection:
                    connection.execute(STATEMENT, _columns(taken))
                self._failing = False
            except psycopg.Error:
                with self._lock:
                    self._counted.update(taken)
                if not self._failing:
                    log.warning(
                        "Introspections are counted but cannot be written down just now", exc_info=True
                    )
                self._failing = True

    def stop(self) -> None:
        """Write down the rest; the process ends."""
        self._stopping.set()
        self.flush()

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            self.flush()


def _columns(counted: Counter[Key]) -> list[list[Any]]:
    rows = [
        (t, a, datetime.fromtimestamp(hour * HOUR_S, UTC), *how, n)
        for (t, a, hour, *how), n in counted.items()
    ]
    return [list(column) for column in zip(*rows, strict=True)]
