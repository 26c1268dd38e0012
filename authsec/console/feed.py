"""The revocation feed: what this process hears from the database about changes of power (Rule 10).

Triggers notify one channel when something is taken away (tenants/sql/changes.sql, authz/sql/changes.sql,
oauth/sql/changes.sql); a daemon thread of each serving process listens on a connection of its own, past a pooler.

The heartbeat is a notification too, to a channel that only this process hears. Notifications come in the order of
their commits, so a beat that came back proves that every change committed before it was sent has been heard. The
feed is *live* for LIVE_S after the sending of the last beat that came back; without it the database is asked.
"""

import atexit
import logging
import os
import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import psycopg
from django.conf import settings
from django.db import connection as django_connection

from authsec.console import metrics
from authsec.console.changes import Changes
from oauth.keys import CLOCK_SKEW_S

log = logging.getLogger("authsec.feed")

CHANNEL = "authsec_changes"
LIVE_S = 5.0
BEAT_S = 1.0
BACKOFF_S = (0.1, 5.0)  # first pause and longest
# A peer that is gone without a word is noticed by the kernel, so that the thread does not wait for it for minutes.
DIRECT: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
    "application_name": "authsec feed",
}

# Counts while the machine is suspended, where the system can: a beat of before the suspension is old after it.
clock: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)


class FeedLost(Exception):
    """The connection answers, but notifications don't come through it."""


class Feed:
    """One process's ear. ``start()`` once; ``live`` and ``changes`` may be read from any thread at any time."""

    def __init__(
        self,
        *,
        connect: Callable[[], psycopg.Connection[Any]] | None = None,
        now: Callable[[], float] = time.time,
        skew_s: float = CLOCK_SKEW_S,
    ) -> None:
        self.changes = Changes(lifetime_s=settings.ACCESS_TOKEN_SECONDS, skew_s=skew_s)
        self._connect = connect or connect_directly
        self._now = now
        self._beats = f"authsec_beat_{uuid4().hex}"
        self._sent: dict[str, float] = {}
        self._proven = float("-inf")
        self._up: bool | None = None  # not known yet
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def live(self) -> bool:
        """Whether every change older than LIVE_S has been heard."""
        return clock() - self._proven <= LIVE_S

    def heard_until(self) -> float:
        """The moment (of ``clock``) up to which every change has been heard; minus infinity while it is lost."""
        return self._proven

    def start(self) -> None:
        """Begin to listen, in a thread that does not keep the process alive."""
        self._thread = threading.Thread(target=self._run, name="revocation-feed", daemon=True)
        self._thread.start()

    def stop(self, wait_s: float = 0.0) -> None:
        """Listen no longer. The thread notices within BEAT_S."""
        self._stopping.set()
        self._proven = float("-inf")
        if wait_s and self._thread:
            self._thread.join(wait_s)

    def _run(self) -> None:
        pause = BACKOFF_S[0]
        while not self._stopping.is_set():
            began = clock()
            try:
                with self._connect() as connection:
                    self._listen(connection)
            except (psycopg.Error, OSError, FeedLost) as error:
                self._down(error)
            pause = BACKOFF_S[0] if clock() - began > BACKOFF_S[1] else min(2 * pause, BACKOFF_S[1])
            self._stopping.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311 - so that nodes don't come at once
        metrics.feed_live(False)

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        """Hear until stopped. Raises when the connection, or what comes through it, is lost."""
        refuse_pooler(connection)
        connection.execute("set synchronous_commit = off")  # a beat needs no disk
        connection.execute(f'listen "{CHANNEL}"')
        connection.execute(f'listen "{self._beats}"')
        self.changes.listening_since(self._now())
        self._sent.clear()
        began = clock()
        while not self._stopping.is_set():
            self._beat(connection)
            for notice in connection.notifies(timeout=BEAT_S):
                self._hear(notice)
            if clock() - max(self._proven, began) > LIVE_S:
                raise FeedLost("no beat came back")

    def _beat(self, connection: psycopg.Connection[Any]) -> None:
        name = uuid4().hex
        self._sent[name] = clock()
        connection.execute("select pg_notify(%s, %s)", [self._beats, name])
        self.changes.forget(self._now())

    def _hear(self, notice: psycopg.Notify) -> None:
        if notice.channel == CHANNEL:
            self.changes.note(notice.payload, self._now())
            metrics.change_heard()
        elif sent := self._sent.pop(notice.payload, None):
            self._proven = sent
            if not self._up:
                level = logging.INFO if self._up is None else logging.WARNING
                log.log(level, "event=feed.live pid=%s", os.getpid())
                self._up = True
                metrics.feed_live(True)

    def _down(self, error: Exception) -> None:
        self._proven = float("-inf")
        if self._up is not False and not self._stopping.is_set():
            reason = " ".join(str(error).split()) or type(error).__name__
            log.warning("event=feed.lost pid=%s falls_back_to=database reason=%r", os.getpid(), reason)
        self._up = False
        metrics.feed_live(False)


def refuse_pooler(connection: psycopg.Connection[Any]) -> None:
    """Raise FeedLost when another process than the one we connected to answers.

    A pooler would take LISTEN, give the server's connection to somebody else and drop what we wait for.
    """
    answered = connection.execute("select pg_backend_pid()").fetchone()
    if answered is None or answered[0] != connection.info.backend_pid:
        raise FeedLost("a pooler stands between: let DATABASE_DIRECT_URL go past it")


def connect_directly() -> psycopg.Connection[Any]:
    """A connection of one's own past any pooler, outside transactions."""
    if settings.DATABASE_DIRECT_URL == settings.DATABASE_URL:
        # The same database that Django was told, a test's included.
        named = django_connection.get_connection_params()
        keys = ("dbname", "user", "password", "host", "port", "sslmode")
        return psycopg.connect(**{k: named[k] for k in keys if named.get(k)}, **DIRECT, autocommit=True)
    return psycopg.connect(settings.DATABASE_DIRECT_URL, **DIRECT, autocommit=True)


_feed: Feed | None = None
_starting = threading.Lock()


def current() -> Feed | None:
    """This process's feed; None where nobody serves requests (commands, jobs, tests without a server)."""
    return _feed


def use(feed: Feed | None) -> Feed | None:
    """Make this the process's feed; returns the one before."""
    global _feed
    before, _feed = _feed, feed
    return before


def keep_running() -> None:
    """Start the feed at a serving process's first request, and again in a child of a process that had one."""
    if _feed is not None:
        return
    with _starting:
        if _feed is None:
            made = Feed()
            metrics.feed_live(False)  # so that the very first scrape says so, not nothing
            made.start()
            atexit.register(made.stop)
            use(made)


def _forget_parents_feed() -> None:
    """Threads don't survive a fork: the child starts its own at its first request."""
    global _starting
    _starting = threading.Lock()
    use(None)


os.register_at_fork(after_in_child=_forget_parents_feed)
