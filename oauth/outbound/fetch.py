"""Asking an address that a stranger names, so that it harms neither us nor whoever the URL points at.

The rules are those of client metadata documents (draft §8.6), and good for everything else that leaves from here.

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
from dataclasses import dataclass, field
from typing import Any

from oauth.outbound.addresses import Resolver, Unresolved, is_allowed, resolve, system_resolver
from oauth.outbound.location import Location, Wrong

DEADLINE_S = 5.0
# The draft (§8.7) recommends 5 KiB and lets servers differ: some documents carry keys of several KiB.
MAX_BYTES = 16_384
MAX_OVERHEAD = 16_384  # status line, headers, marks of chunks
DAY_S = 86_400
SHORTEST_S, USUAL_S, LONGEST_S = 300, 3_600, DAY_S  # how long a document is taken as read
MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)


class Unreachable(Exception):
    """Nothing came; later something may. The message completes “the document … ”."""


@dataclass(frozen=True)
class Errand:
    """What is asked for: which media types, at most how many bytes, and with POST what is sent along.

    ``media_types`` matches the whole media type in lower case. ``statuses`` are those that mean success.
    """

    accept: str = "application/json"
    media_types: str = r"application/json|application/[\w.-]+\+json"
    max_bytes: int = MAX_BYTES
    method: str = "GET"
    content_type: str = ""
    content: bytes = b""
    statuses: frozenset[int] = frozenset({200})

    def lines(self, location: Location) -> bytes:
        """The request as it goes over the wire (RFC 9112 §3)."""
        sent = ""
        if self.method == "POST":
            sent = f"Content-Type: {self.content_type}\r\nContent-Length: {len(self.content)}\r\n"
        head = (
            f"{self.method} {location.target} HTTP/1.1\r\nHost: {location.netloc}\r\nAccept: {self.accept}\r\n{sent}"
            "Accept-Encoding: identity\r\nUser-Agent: AuthSec\r\nConnection: close\r\n\r\n"
        )
        return head.encode("ascii") + self.content


DOCUMENT = Errand()


@dataclass(frozen=True)
class Fetched:
    """What came, and for how many seconds it may be taken as read."""

    body: bytes
    keep_s: int
    media_type: str = field(default="", compare=False)


class _Bounded(io.RawIOBase):
    """What comes from a socket until a moment of the monotonic clock and a number of bytes."""

    def __init__(self, connection: socket.socket, deadline: float, max_bytes: int) -> None:
        self.connection, self.deadline, self.max_bytes = connection, deadline, max_bytes
        self.left = max_bytes + MAX_OVERHEAD

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        if self.left <= 0:
            raise Wrong(f"it has at most {self.max_bytes} bytes")
        self.connection.settimeout(remaining)
        with memoryview(buffer) as view:
            got = self.connection.recv_into(view[: self.left])
        self.left -= got
        return got

    def makefile(self, *_: Any) -> io.BufferedReader:
        """What :class:`http.client.HTTPResponse` asks of a socket."""
        return io.BufferedReader(self)


def fetch(
    location: Location,
    *,
    errand: Errand = DOCUMENT,
    resolver: Resolver = system_resolver,
    trust: ssl.SSLContext | None = None,
) -> Fetched:
    """Run one errand; without one, fetch a JSON document. Never inside a transaction: it may take DEADLINE_S.

    Raises Unreachable (nothing came) or Wrong (what came, or where it lies, breaks a rule).
    """
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
            return _fetch_from(address, location, errand, deadline, trust)
        except TimeoutError:
            break
        except (OSError, http.client.HTTPException):
            continue
    if time.monotonic() >= deadline:
        raise Unreachable(f"did not come within {DEADLINE_S:.0f} seconds")
    raise Unreachable("could not be fetched: no secure connection, or no answer in HTTP")


def _fetch_from(
    address: str, location: Location, errand: Errand, deadline: float, trust: ssl.SSLContext | None
) -> Fetched:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    with socket.create_connection((address, location.port), timeout=remaining) as plain:
        if location.scheme == "http":
            return _ask(plain, location, errand, deadline)
        context = trust or ssl.create_default_context()
        plain.settimeout(max(deadline - time.monotonic(), 0.001))
        with context.wrap_socket(plain, server_hostname=location.host) as secured:
            return _ask(secured, location, errand, deadline)


def _ask(connection: socket.socket, location: Location, errand: Errand, deadline: float) -> Fetched:
    connection.sendall(errand.lines(location))
    bounded = _Bounded(connection, deadline, errand.max_bytes)
    response = http.client.HTTPResponse(bounded, method=errand.method)  # type: ignore[arg-type]
    try:
        response.begin()
        media_type = _check_head(response, errand)
        body = response.read(errand.max_bytes + 1)
        if len(body) > errand.max_bytes:
            raise Wrong(f"it has at most {errand.max_bytes} bytes")
        if response.length:  # fewer bytes came than were announced
            raise http.client.IncompleteRead(body, response.length)
        return Fetched(body, kept_for(response.headers.get("Cache-Control", "")), media_type)
    finally:
        response.close()


def _check_head(response: http.client.HTTPResponse, errand: Errand) -> str:
    """The media type of an answer that is as it should be: no redirect (draft §5), right type, not compressed."""
    if response.status == 429 or response.status >= 500:
        raise Unreachable(f"was answered with status {response.status}")
    if 300 <= response.status < 400:
        raise Wrong("it is answered without a redirect")
    if response.status not in errand.statuses:
        raise Wrong(f"it is answered with status {min(errand.statuses)}, not {response.status}")
    media_type = response.headers.get_content_type() if "Content-Type" in response.headers else ""
    if not re.fullmatch(errand.media_types, media_type):
        raise Wrong(f"its media type is {errand.accept}")
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Wrong("it is not compressed")
    if (response.length or 0) > errand.max_bytes:
        raise Wrong(f"it has at most {errand.max_bytes} bytes")
    return media_type


def kept_for(cache_control: str) -> int:
    """Seconds for which a document is taken as read (draft §5.2, RFC 9111): what it says, from 5 minutes to a day."""
    lowered = cache_control.lower()
    if "no-store" in lowered or "no-cache" in lowered:
        return SHORTEST_S
    said = MAX_AGE.search(lowered)
    return min(max(int(said.group(1)), SHORTEST_S), LONGEST_S) if said else USUAL_S
