"""Counting introspections off their path: in memory, and every few seconds in one statement to the database.

A count is a lock and an entry in a list; entries are added up many at a time, as the sums have left the processor's
cache whenever a request comes back from the database: one by one they cost four times as much. What the last FLUSH_S
seconds brought is in no table yet; a process that is asked to stop writes it down, one that is killed loses it. Nothing
is decided by these numbers: operators look at them.
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

from endusers import last_seen
from oauth.usage.calls import CALLS, Calls, columns

log = logging.getLogger(__name__)

FLUSH_S = 5.0
AT_ONCE = 256  # entries that are added up together: a millisecond
HOUR_S = 3_600
STATEMENT = "select add_introspections(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::bool[], %s::text[], %s::bigint[])"

# when, tenant, Application, active, reason, token, subject
Entry = tuple[float, UUID, UUID, bool, str, UUID | None, UUID | None]
# tenant, Application, hour since the epoch, active, reason
Key = tuple[UUID, UUID, int, bool, str]
NOTED_EVERY_S = 60
USES = "select note_token_uses(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::timestamptz[])"


class Uses:
    """Which tokens were asked about and found good: first and last, until it is written down, once a minute a token."""

    def __init__(self) -> None:
        self._seen: dict[UUID, tuple[UUID, float, float]] = {}  # token → tenant, first and last
        self._noted: dict[UUID, float] = {}  # token → when it was written down

    def add(self, token_id: UUID, tenant_id: UUID, at: float) -> None:
        """One more use."""
        seen = self._seen.get(token_id)
        self._seen[token_id] = (tenant_id, seen[1] if seen else at, at)

    def due(self, now: float, *, everything: bool) -> dict[UUID, tuple[UUID, float, float]]:
        """Take what is to be written down: of tokens that were not for a minute, or all when the process ends."""
        self._noted = {token: at for token, at in self._noted.items() if now - at < NOTED_EVERY_S}
        taken = {token: seen for token, seen in self._seen.items() if everything or token not in self._noted}
        for token in taken:
            del self._seen[token]
            self._noted[token] = now
        return taken

    def put_back(self, taken: dict[UUID, tuple[UUID, float, float]]) -> None:
        """What could not be written waits for the next time."""
        for token, (tenant, first, last) in taken.items():
            self._noted.pop(token, None)
            self._seen[token] = (tenant, first, max(last, self._seen.get(token, (tenant, 0, 0))[2]))


class Counters:
    """What one process counted and has not written down yet. ``connect`` opens a connection outside transactions."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]], every_s: float = FLUSH_S) -> None:
        self._connect, self._every_s = connect, every_s
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._entries: list[Entry] = []
        self._counted: Counter[Key] = Counter()
        self._uses, self._calls, self._seen = Uses(), Calls(), last_seen.Seen()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failing = False

    def count(
        self,
        tenant_id: UUID,
        application_id: UUID,
        *,
        active: bool,
        reason: str,
        token_id: UUID | None = None,
        subject: UUID | None = None,
    ) -> None:
        """One introspection more, of a good token and for whom where there is one. The first starts the thread that
        writes down.
        """
        entry = (time.time(), tenant_id, application_id, active, reason, token_id, subject)
        with self._lock:
            self._entries.append(entry)
            if len(self._entries) >= AT_ONCE:
                self._add_up()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="introspection-counts", daemon=True)
                self._thread.start()
                atexit.register(self.stop)

    def _add_up(self) -> None:
        """Empty the list of entries; under the lock."""
        for at, tenant_id, application_id, active, reason, token_id, subject in self._entries:
            self._counted[tenant_id, application_id, int(at) // HOUR_S, active, reason] += 1
            if token_id is not None:
                self._uses.add(token_id, tenant_id, at)
            if subject is not None:
                self._calls.add(tenant_id, application_id, subject, refused=not active)
            if subject is not None and active:
                self._seen.add(tenant_id, subject, at)
        self._entries.clear()

    def flush(self, *, everything: bool = False) -> None:
        """Write down what was counted until now; what can't be written is kept for the next time. ``everything``: also
        the last use of tokens whose use was written within the minute.
        """
        with self._writing:
            with self._lock:
                self._add_up()
                taken, self._counted = self._counted, Counter()
                uses = self._uses.due(time.time(), everything=everything)
                calls = self._calls.take()
                people = self._seen.due(time.time(), everything=everything)
            if not (taken or uses or people):
                return
            try:
                with self._connect() as connection:
                    if taken:
                        connection.execute(STATEMENT, _columns(taken))
                        taken = Counter()  # each statement is a transaction of its own
                    if uses:
                        connection.execute(USES, _uses_columns(uses))
                        uses = {}
                    if calls:
                        connection.execute(CALLS, [time.time(), *columns(calls)])
                        calls = {}
                    if people:
                        people = last_seen.note(connection, people)
                if people:
                    with self._lock:
                        self._seen.put_back(people)
                self._failing = False
            except psycopg.Error:
                with self._lock:
                    self._counted.update(taken)
                    self._uses.put_back(uses)
                    self._calls.put_back(calls)
                    self._seen.put_back(people)
                if not self._failing:
                    log.warning(
                        "Introspections are counted but cannot be written down just now", exc_info=True
                    )
                self._failing = True

    def stop(self) -> None:
        """Write down the rest; the process ends."""
        self._stopping.set()
        self.flush(everything=True)

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            self.flush()


def _columns(counted: Counter[Key]) -> list[list[Any]]:
    rows = [
        (t, a, datetime.fromtimestamp(hour * HOUR_S, UTC), *how, n)
        for (t, a, hour, *how), n in counted.items()
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def _uses_columns(uses: dict[UUID, tuple[UUID, float, float]]) -> list[list[Any]]:
    rows = [
        (tenant, token, datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC))
        for token, (tenant, first, last) in sorted(uses.items())
    ]
    return [list(column) for column in zip(*rows, strict=True)]
