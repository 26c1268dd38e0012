"""Two at one moment, and which of them first: somebody on a connection of their own, held up at a lock until let go."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

from tests.servers import eventually

PATIENCE_S = 30


class Beside:
    """Something that runs on a connection of its own. ``answer``: what it gave, or the exception that it raised."""

    def __init__(self, does: Callable[..., Any], *given: Any) -> None:
        self._answers: list[Any] = []
        self._thread = threading.Thread(target=self._run, args=[does, *given])
        self._thread.start()

    def _run(self, does: Callable[..., Any], *given: Any) -> None:
        try:
            self._answers.append(does(*given))
        except Exception as error:
            self._answers.append(error)
        finally:
            connection.close()

    def waits(self) -> "Beside":
        """Once it waits for a lock of another."""
        eventually(lambda: waiting() or self._answers, what="the wait for a lock")
        assert waiting(), f"It waited for nobody: {self._answers}"
        return self

    @property
    def answer(self) -> Any:
        """Once it is over."""
        self._thread.join(timeout=PATIENCE_S)
        assert self._answers, f"It was not over within {PATIENCE_S} s."
        return self._answers[0]


def waiting() -> int:
    """How many connections of this database wait for somebody's lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_stat_clear_snapshot()"
        )  # else a transaction sees who was connected at its first look
        cursor.execute(
            "select count(distinct l.pid) from pg_locks l join pg_stat_activity a using (pid)"
            " where not l.granted and a.datname = current_database()"
        )
        return int(cursor.fetchone()[0])
