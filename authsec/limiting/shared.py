"""Counters that the processes of one node share: a file in memory, and a lock on the few bytes that a call changes.

The size is fixed. Where a set of places is full of running windows, the one that ends first makes room: with a million
places that takes more callers at once than one node answers.
"""

import fcntl
import secrets
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from mmap import mmap
from pathlib import Path

from limits.storage import Storage

PLACE = struct.Struct("=16sdQ")  # who, when the window ends (seconds since the epoch), how many calls
WAYS = 8  # places that one key may take
SETS = 1 << 17
SIZE = SETS * WAYS * PLACE.size  # bytes; only what was written to takes memory
ALONE_SETS = 1 << 12
# Behind the places. Keys hold what callers choose (a window's length, a client's id): who knew where they end up could
# crowd out a counter of their own.
SECRET = 32


class SharedCounts(Storage):
    """A storage for ``limits``. ``file``: laid out before; None: memory of this process alone."""

    STORAGE_SCHEME = ["authsec-node"]

    def __init__(self, file: Path | None = None) -> None:
        super().__init__()
        self._file = file.open("r+b") if file else None
        self._sets = SETS if file else ALONE_SETS
        self._memory = mmap(self._file.fileno() if self._file else -1, self._sets * WAYS * PLACE.size)
        self._secret = secrets.token_bytes(SECRET)
        if self._file:
            self._file.seek(SIZE)
            self._secret = self._file.read(SECRET)
        self._threads = threading.Lock()  # the lock on the file is the process's, not the thread's

    @staticmethod
    def lay_out(file: Path) -> None:
        """Make the file anew, its places empty; who still counts in an old one goes on in that."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        with file.open("xb") as made:
            file.chmod(0o600)
            made.truncate(SIZE)
            made.seek(SIZE)
            made.write(secrets.token_bytes(SECRET))

    @property
    def base_exceptions(self) -> type[Exception]:
        return OSError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count ``amount``; a window of ``expiry`` seconds begins where none runs. The new number."""
        with self._set_of(key) as (who, places):
            now = time.time()
            at, ends, number = self._find(who, places, now)
            if not number:
                ends = now + expiry
            PLACE.pack_into(self._memory, at, who, ends, number + amount)
            return number + amount

    def get(self, key: str) -> int:
        """The number of the running window; 0 without one."""
        with self._set_of(key) as (who, places):
            return self._find(who, places, time.time())[2]

    def get_expiry(self, key: str) -> float:
        """When the running window ends; now without one."""
        now = time.time()
        with self._set_of(key) as (who, places):
            _at, ends, number = self._find(who, places, now)
            return ends if number else now

    def check(self) -> bool:
        return True

    def clear(self, key: str) -> None:
        """End the key's window."""
        with self._set_of(key) as (who, places):
            at, _ends, number = self._find(who, places, time.time())
            if number:
                PLACE.pack_into(self._memory, at, bytes(16), 0.0, 0)

    def reset(self) -> int | None:
        return None

    @contextmanager
    def _set_of(self, key: str) -> Iterator[tuple[bytes, range]]:
        """Lock the places that the key may take; its digest, and where they begin."""
        who = blake2b(key.encode(), digest_size=16, key=self._secret).digest()
        size = WAYS * PLACE.size
        start = int.from_bytes(who[:4], "big") % self._sets * size
        with self._threads:
            if self._file:
                fcntl.lockf(self._file, fcntl.LOCK_EX, size, start)
            try:
                yield who, range(start, start + size, PLACE.size)
            finally:
                if self._file:
                    fcntl.lockf(self._file, fcntl.LOCK_UN, size, start)

    def _find(self, who: bytes, places: range, now: float) -> tuple[int, float, int]:
        """The key's place with its window; else, with 0 calls, the place that it may take: whichever ends first."""
        soonest, free = float("inf"), places.start
        for at in places:
            whose, ends, number = PLACE.unpack_from(self._memory, at)
            if whose == who and ends > now:
                return at, ends, number
            if ends < soonest:
                soonest, free = ends, at
        return free, 0.0, 0
