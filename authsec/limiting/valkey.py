"""What does not wait for a Valkey that is gone."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

log = logging.getLogger(__name__)

PATIENCE_S = 0.25  # for Valkey, which answers within a millisecond or is not there
RETRY_S = 5.0
Answer = TypeVar("Answer")


def options() -> dict[str, Any]:
    """How connections to Valkey are made, through the client of its elder, whose protocol is the same."""
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        "socket_timeout": PATIENCE_S,
        "socket_connect_timeout": PATIENCE_S,
        "retry": Retry(NoBackoff(), 1),  # a connection that was idle may be gone
    }


class Standby:
    """Asks Valkey, or, while it does not answer, what stands in for it: neither all nor nothing gets through.

    After a failure Valkey is left alone for RETRY_S, so that no request but one waits for it. ``meanwhile`` says in
    the log what is done until it answers again.
    """

    def __init__(self, meanwhile: str) -> None:
        self._meanwhile = meanwhile
        self._leave_until = 0.0
        self._lock = threading.Lock()

    def ask(
        self, valkey: Callable[[], Answer], other: Callable[[], Answer], *failures: type[Exception]
    ) -> Answer:
        """The answer of ``valkey``; of ``other`` where that raises one of ``failures``, or did a moment ago."""
        if time.monotonic() >= self._leave_until:
            try:
                answer = valkey()
            except failures:
                self._lost()
            else:
                self._found()
                return answer
        return other()

    def _lost(self) -> None:
        with self._lock:
            first, self._leave_until = not self._leave_until, time.monotonic() + RETRY_S
        if first:
            log.warning("Valkey does not answer: %s", self._meanwhile, exc_info=True)

    def _found(self) -> None:
        if self._leave_until:
            with self._lock:
                again, self._leave_until = bool(self._leave_until), 0.0
            if again:
                log.info("Valkey answers again")
