"""What this process has heard of changes, and whether a signed claim is older than one that concerns it.

A claim was computed at ``iat`` by a node's clock, and a change was heard at a moment of this process's clock. The
claim was read before it was signed, so one that misses the change has an ``iat`` before its commit, and the commit
was before we heard of it: ``iat`` ≤ heard + the most that two clocks differ. Everything up to there counts as older;
at worst that costs a query too many. Whole seconds of ``iat`` are rounded down, which errs to the same side.
"""

import threading
from collections.abc import Iterable

EVERYTHING = "*"
MOST_ENTRIES = 100_000


class Changes:
    """Who changed when. ``lifetime_s`` of a claim and ``skew_s`` between clocks, in seconds.

    Keys are ``tenant <id>``, ``user <tenant id> <users.id or service account id>``, ``identity <id>``,
    ``client <client_id>`` or EVERYTHING. One thread notes, any number look.
    """

    def __init__(self, *, lifetime_s: float, skew_s: float) -> None:
        self.lifetime_s, self.skew_s = lifetime_s, skew_s
        self._heard: dict[str, float] = {}
        self._everything = float("inf")  # until a connection listens, everything may have changed
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._heard)

    def listening_since(self, at: float) -> None:
        """The connection listens from ``at`` on (seconds since the epoch): what was missed before is unknown."""
        with self._lock:
            self._everything = at
            self._heard = {}

    def note(self, key: str, at: float) -> None:
        """Something that concerns ``key`` changed; heard at ``at``. Memory is bounded: see :meth:`forget`."""
        with self._lock:
            if key == EVERYTHING or len(self._heard) >= MOST_ENTRIES:
                self._everything = (
                    at  # first: whoever looks meanwhile sees it at the latest with the empty memory
                )
                self._heard = {}
            else:
                self._heard[key] = at

    def forget(self, now: float) -> None:
        """Drop what every claim that is still valid is younger than."""
        horizon = now - self.lifetime_s - 2 * self.skew_s
        with self._lock:
            self._heard = {key: at for key, at in self._heard.items() if at >= horizon}

    def concern(self, keys: Iterable[str], iat: float) -> bool:
        """Whether a claim of ``iat`` about these keys may be older than a change."""
        before = iat - self.skew_s
        heard = self._heard  # before self._everything, see note()
        return self._everything >= before or any(heard.get(key, 0.0) >= before for key in keys)
