"""Fetching a document that a stranger names, so that it harms neither us nor whoever the URL points at (draft §8.6).

The name is resolved once and the connection goes to that very address, with the name in SNI, certificate and Host: a
second answer of a hostile DNS server changes nothing. No redirects, proxies, cookies or credentials; one deadline
over everything; every byte counted, headers and chunk marks included. The standard library's sockets, because the
deadline has to hold for each read.
"""

import http.client
import io
import re
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

from oauth.documents.addresses import Resolver, Unresolved, is_allowed, resolve, system_resolver
from oauth.documents.location import Location, Wrong

DEADLINE_S = 5.0
# The draft (§8.7) recommends 5 KiB and lets servers differ: some documents carry keys of several KiB.
MAX_BYTES = 16_384
MAX_OVERHEAD = 16_384  # status line, headers, marks of chunks
DAY_S = 86_400
SHORTEST_S, USUAL_S, LONGEST_S = 300, 3_600, DAY_S  # how long a document is taken as read
MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)


class Unreachable(Exception):
    """No document came; later one may. The message completes “the document … ”."""


@dataclass(frozen=True)
class Fetched:
    """A body that is to be JSON, and for how many seconds it may be taken as read."""

    body: bytes
    keep_s: int


class _Bounded(io.RawIOBase):
    """What comes from a socket until a moment of the monotonic clock and a number of bytes."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.connection, self.deadline, self.left = connection, deadline, MAX_BYTES + MAX_OVERHEAD

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        if self.left <= 0:
            raise Wrong(f"it has at most {MAX_BYTES} bytes")
        self.connection.settimeout(remaining)
        with memoryview(buffer) as view:
            got = self.connection.recv_into(view[: self.left])
        self.left -= got
        return got

    def makefile(self, *_: Any) -> io.BufferedReader:
        """What :class:`http.client.HTTPResponse` asks of a socket."""
        return io.BufferedReader(self)


def fetch(
    location: Location, *, resolver: Resolver = system_resolver, trust: ssl.SSLContext | None = None
) -> Fetched:
    """Fetch a document. Raises Unreachable (nothing came) or Wrong (what came, or where it lies, breaks a rule)."""
    deadline = time.monotonic() + DEADLINE_S
    try:
        found = resolve(location.host, location.port, within_s=DEADLINE_S, resolver=resolver)
    except Unresolved:
        raise Unreachable("is at a host whose address could not be found") from None
    # All of them, not just the first: a name with one public and one private address is somebody's game.
    if not all(is_allowed(address) for address in found):
        raise Wrong("its host has public addresses only")
    for address in found[:4]:
        try:
            return _fetch_from(address, location, deadline, trust)
        except TimeoutError:
            break
        except (OSError, http.client.HTTPException):
            continue
    if time.monotonic() >= deadline:
        raise Unreachable(f"did not come within {DEADLINE_S:.0f} seconds")
    raise Unreachable("could not be fetched: no secure connection, or no answer in HTTP")


def _fetch_from(address: str, location: Location, deadline: float, trust: ssl.SSLContext | None) -> Fetched:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    with socket.create_connection((address, location.port), timeout=remaining) as plain:
        if location.scheme == "http":
            return _ask(plain, location, deadline)
        context = trust or ssl.create_default_context()
        plain.settimeout(max(deadline - time.monotonic(), 0.001))
        with context.wrap_socket(plain, server_hostname=location.host) as secured:
            return _ask(secured, location, deadline)


def _ask(connection: socket.socket, location: Location, deadline: float) -> Fetched:
    request = (
        f"GET {location.target} HTTP/1.1\r\nHost: {location.netloc}\r\nAccept: application/json\r\n"
        "Accept-Encoding: identity\r\nUser-Agent: AuthSec\r\nConnection: close\r\n\r\n"
    )
    connection.sendall(request.encode("ascii"))
    response = http.client.HTTPResponse(_Bounded(connection, deadline), method="GET")  # type: ignore[arg-type]
    try:
        response.begin()
        _check_head(response)
        body = response.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise Wrong(f"it has at most {MAX_BYTES} bytes")
        if response.length:  # fewer bytes came than were announced
            raise http.client.IncompleteRead(body, response.length)
        return Fetched(body, kept_for(response.headers.get("Cache-Control", "")))
    finally:
        response.close()


def _check_head(response: http.client.HTTPResponse) -> None:
    """200 and nothing else (draft §5: redirects are not followed), JSON, not compressed."""
    if response.status == 429 or response.status >= 500:
        raise Unreachable(f"was answered with status {response.status}")
    if 300 <= response.status < 400:
        raise Wrong("it is answered without a redirect")
    if response.status != 200:
        raise Wrong(f"it is answered with status 200, not {response.status}")
    media_type = response.headers.get_content_type() if "Content-Type" in response.headers else ""
    if media_type != "application/json" and not re.fullmatch(r"application/[\w.-]+\+json", media_type):
        raise Wrong("its media type is application/json")
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Wrong("it is not compressed")
    if (response.length or 0) > MAX_BYTES:
        raise Wrong(f"it has at most {MAX_BYTES} bytes")


def kept_for(cache_control: str) -> int:
    """Seconds for which a document is taken as read (draft §5.2, RFC 9111): what it says, from 5 minutes to a day."""
    lowered = cache_control.lower()
    if "no-store" in lowered or "no-cache" in lowered:
        return SHORTEST_S
    said = MAX_AGE.search(lowered)
    return min(max(int(said.group(1)), SHORTEST_S), LONGEST_S) if said else USUAL_S
