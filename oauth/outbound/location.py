"""A URL that somebody else names: which may be asked, and where it leads."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from oauth.clients import redirects

MAX_LENGTH = 255  # what a client id may have here
PRINTABLE = re.compile(r"[\x21-\x7e]+")
NUMERIC = re.compile(r"[0-9.]+|.*:.*|0x.*")


class Wrong(Exception):
    """The URL or what lies there breaks a rule, which the message names for a person."""


@dataclass(frozen=True)
class Location:
    """Where something lies. ``target`` is the path with the query, as it stands in the request."""

    url: str
    scheme: str
    host: str
    port: int
    netloc: str
    target: str


def read_location(url: str, *, max_length: int = MAX_LENGTH) -> Location:
    """Check a URL that somebody else names. Raises Wrong.

    Of several spellings of a URL only the plain one is taken, so that comparing strings compares places:
    a host in lower case, a path, no fragment, no credentials, no dot segments (also not percent-encoded ones).
    """
    if len(url) > max_length or not PRINTABLE.fullmatch(url) or "\\" in url:
        raise Wrong(f"its URL has at most {max_length} printable ASCII characters and no backslash")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Wrong("its URL cannot be read") from error
    host = parts.hostname or ""
    loopback = settings.OUTBOUND_LOOPBACK and host in redirects.LOOPBACK
    if not url.startswith("https://") and not (loopback and url.startswith("http://")):
        raise Wrong("its URL starts with https://")
    if "@" in parts.netloc:
        raise Wrong("its URL holds no user name or password")
    if "#" in url:
        raise Wrong("its URL has no fragment")
    if parts.path in ("", "/"):
        raise Wrong("its URL has a path")
    if any(segment in (".", "..") for segment in parts.path.lower().replace("%2e", ".").split("/")):
        raise Wrong("its URL has no dot segments")
    if not loopback:
        _check_host(host, parts.netloc)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return Location(url, parts.scheme, host, port or _default(parts.scheme), parts.netloc, target)


def _check_host(host: str, netloc: str) -> None:
    if not netloc.startswith(host) or not redirects.HOST.fullmatch(host) or NUMERIC.fullmatch(host):
        raise Wrong("its URL names a host, in lower case and not by a number")
    if host == urlsplit(settings.ISSUER).hostname:
        raise Wrong("its URL is not one of this server")


def _default(scheme: str) -> int:
    return 443 if scheme == "https" else 80
