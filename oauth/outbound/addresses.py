"""Which network addresses may be asked: public ones, in their plain form."""

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable

from django.conf import settings

Resolver = Callable[[str, int], list[str]]

# Only these are given out as public IPv6 addresses; ULA, link-local, multicast, mapped and NAT64 forms lie outside.
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
# 6to4, its relays, Teredo and its kin hold an IPv4 address that a gateway would lead to; the other two are protocol
# assignments and documentation, which Python below 3.13 takes for global in part.
NEVER = [
    ipaddress.ip_network(net)
    for net in ("2002::/16", "192.88.99.0/24", "2001::/23", "192.0.0.0/24", "3fff::/20")
]
LOOKUPS = threading.BoundedSemaphore(
    4
)  # the system's resolver knows no deadline: what hangs there is bounded here


class Unresolved(Exception):
    """The name leads nowhere, in time."""


def is_public(text: str) -> bool:
    """Whether an address is one that anybody on the internet may have; False for what cannot be read.

    Refuses private, loopback, link-local, shared (CGNAT), multicast and reserved ranges, and every IPv6 form that
    carries an IPv4 address (mapped, compatible, 6to4, Teredo, NAT64), whatever that address is.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    if any(address in net for net in NEVER if net.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def is_allowed(text: str) -> bool:
    """Public; or loopback, where development asked for it."""
    if is_public(text):
        return True
    return settings.OUTBOUND_LOOPBACK and text in ("127.0.0.1", "::1")


def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system answers."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in found))


def resolve(host: str, port: int, *, within_s: float, resolver: Resolver) -> list[str]:
    """Ask the resolver once, at most ``within_s`` seconds. Raises Unresolved."""
    if not LOOKUPS.acquire(blocking=False):
        raise Unresolved
    answer: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def look() -> None:
        try:
            answer.put(resolver(host, port))
        except (OSError, UnicodeError):
            answer.put([])
        finally:
            LOOKUPS.release()

    # A thread that dies with the process: a resolver that hangs must not hold up its end.
    threading.Thread(target=look, name="outbound-lookup", daemon=True).start()
    try:
        found = answer.get(timeout=max(within_s, 0))
    except queue.Empty:
        raise Unresolved from None
    if not found:
        raise Unresolved
    return found
