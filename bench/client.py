"""A load generator in one process: keep-alive connections, each with one request on its way, driven by epoll."""

import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

LONGEST_ANSWER = 65_536


@dataclass
class Round:
    """What one round measured: seconds per answer, and answers that were not what they should be."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    wrong: int = 0

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """The latency, in seconds, that ``share`` of the answers stay under."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def drive(port: int, requests: Iterator[bytes], expect: bytes, *, connections: int, seconds: float) -> Round:
    """Send requests for some seconds; an answer is right when it is 200 and holds ``expect``."""
    selector = selectors.DefaultSelector()
    sent_at: dict[socket.socket, float] = {}
    pending: dict[socket.socket, bytes] = {}
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
        pending[connection] = b""
        sent_at[connection] = time.perf_counter()
        connection.sendall(next(requests))
    began = time.perf_counter()
    result = Round(seconds)
    while (now := time.perf_counter()) - began < seconds:
        for key, _ in selector.select(timeout=1):
            connection = cast(socket.socket, key.fileobj)
            answer = pending[connection] + connection.recv(LONGEST_ANSWER)
            if not _complete(answer):
                pending[connection] = answer
                continue
            now = time.perf_counter()
            if answer.startswith(b"HTTP/1.1 200") and expect in answer:
                result.latencies.append(now - sent_at[connection])
            else:
                result.wrong += 1
            pending[connection], sent_at[connection] = b"", now
            connection.sendall(next(requests))
    result.seconds = now - began
    for connection in pending:
        connection.close()
    selector.close()
    return result


def _complete(answer: bytes) -> bool:
    head, blank, body = answer.partition(b"\r\n\r\n")
    if not blank:
        return False
    at = head.lower().find(b"content-length:")
    return len(body) >= int(head[at + 15 :].partition(b"\r\n")[0])
