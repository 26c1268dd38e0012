"""Resource URIs: what clients name as ``resource`` (RFC 8707) and tokens carry as ``aud``."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit, urlunsplit

from django.conf import settings

# RFC 3986 §2: what may stand in a URI at all; everything else is percent-encoded.
URI_CHARACTERS = re.compile(r"(?:[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.?", re.IGNORECASE)
DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_LENGTH = 500


def problem_of(uri: str) -> str:
    """Why ``uri`` can't be an Application's resource URI, in a sentence; empty when it can.

    RFC 8707 §2: an absolute URI, without a fragment.
    """
    if not uri:
        return "This is required."
    if len(uri) > MAX_LENGTH:
        return f"At most {MAX_LENGTH} characters."
    if "#" in uri:
        return "A resource URI has no fragment (#)."
    if not URI_CHARACTERS.fullmatch(uri):
        return "Write blanks and other special characters percent-encoded."
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        return "That is no address: look at the host and the port."
    return _problem_of_parts(parts)


def _problem_of_parts(parts: SplitResult) -> str:
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return "An absolute address that starts with https://."
    if parts.username is not None or parts.password is not None:
        return "Without a user name or password."
    if not (HOST.fullmatch(parts.hostname) or _address(parts.hostname)):
        return "That is no host name. Write an international name in its xn-- form."
    if {".", ".."} & set(parts.path.split("/")):
        return "Without . or .. in the path."
    if parts.scheme == "http" and not (settings.DEVELOPMENT or _is_loopback_host(parts.hostname)):
        return "Tokens travel to this address: it has to start with https://."
    canonical_uri = canonical(urlunsplit(parts))
    if canonical_uri == settings.API_RESOURCE or canonical_uri == canonical(
        settings.ISSUER or "https://none"
    ):
        return "This is the address of this server itself."
    return ""


def canonical(uri: str) -> str:
    """One spelling of a URI (RFC 3986 §6.2.2, §6.2.3): lower-case scheme and host, no default port, no bare slash.

    Case and slashes of the path stay: they may mean something to the resource. A bare origin is written without its
    slash, as MCP clients and this server's own documents do.
    """
    try:
        parts = urlsplit(uri.strip())
        port = parts.port
    except ValueError:
        return uri
    host = (parts.hostname or "").rstrip(".")
    if not host:
        return uri
    host = f"[{host}]" if ":" in host else host
    if port is not None and port != DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{port}"
    path = "" if parts.path == "/" and not parts.query else parts.path
    return urlunsplit((parts.scheme, host, path, parts.query, ""))


def is_loopback(uri: str) -> bool:
    """Whether the URI's host is this machine: localhost or an address of the loopback range (RFC 8252 §7.3)."""
    try:
        return _is_loopback_host(urlsplit(uri).hostname or "")
    except ValueError:
        return False


def _is_loopback_host(host: str) -> bool:
    address = _address(host)
    return host.rstrip(".") == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
