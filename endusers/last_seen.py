"""When consumers were seen last: gathered off the requests' path, written in batches, never waited for.

``EndUser.last_seen_at`` is at most STALE_S behind. Two things move it: a token that is issued, in the statement that
writes it (``oauth.tokens``), and an introspection that was answered *active*, which is gathered here. Both leave a row
alone that is younger than FRESH_S, or that somebody holds just then: a bulk action and a sign-in never wait for each
other because of it. Several processes gather the same person; the row's own age keeps it at one write in FRESH_S.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

FRESH_S = 300  # a row that is so young stays as it is; also in sql/note_seen.sql and oauth.tokens
EVERY_S = 60  # how often a process writes down whom it saw
STALE_S = FRESH_S + EVERY_S
BATCH = 5_000  # people in one statement, which is one transaction
NOTE = "select tenant, person from note_seen(%s::uuid[], %s::uuid[], %s::timestamptz[])"

Person = tuple[UUID, UUID]  # tenant, user


class Seen:
    """Whom one process saw since it last wrote that down, and when last. Not safe for threads by itself."""

    def __init__(self) -> None:
        self._last: dict[Person, float] = {}
        self._written = 0.0

    def add(self, tenant_id: UUID, user_id: UUID, at: float) -> None:
        """Somebody was seen. A service account may be said to be: it has no row and is passed over."""
        self._last[tenant_id, user_id] = at

    def due(self, now: float, *, everything: bool) -> dict[Person, float]:
        """Take whom to write down: all once a minute, or when the process ends; else nobody."""
        if not self._last or not (everything or now - self._written >= EVERY_S):
            return {}
        self._written = now
        taken, self._last = self._last, {}
        return taken

    def put_back(self, people: dict[Person, float]) -> None:
        """Who could not be written down waits for the next time."""
        self._last = {who: max(at, self._last.get(who, 0.0)) for who, at in people.items()} | {
            who: at for who, at in self._last.items() if who not in people
        }


def note(connection: psycopg.Connection[Any], people: dict[Person, float]) -> dict[Person, float]:
    """Write down whom a process saw; return those whose row somebody else held. One statement for BATCH people.

    ``connection`` is in autocommit: each batch is a transaction of its own.
    """
    held: dict[Person, float] = {}
    rows = sorted(people.items())
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        columns = [
            [tenant for (tenant, _), _ in batch],
            [user for (_, user), _ in batch],
            [datetime.fromtimestamp(at, UTC) for _, at in batch],
        ]
        held |= {(t, u): people[t, u] for t, u in connection.execute(NOTE, columns)}
    return held
