"""The URL that is a client's id (draft §3): which may be one, and where it leads."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from oauth import redirects

MAX_LENGTH = 255  # what a client id may have here
PRINTABLE = re.compile(r"[\x21-\x7e]+")
NUMERIC = re.compile(r"[0-9.]+|.*:.*|0x.*")


class Wrong(Exception):
    """The client id or its document breaks a rule, which the message names for a person."""


@dataclass(frozen=True)
class Location:
    """Where a document is. ``target`` is the path with the query, as it stands in the request."""

    url: str
    scheme: str
    host: str
    port: int
    netloc: str
    target: str


def names_document(client_id: str) -> bool:
    """Whether a client id claims to be the URL of a document, rather than one that was given out here."""
    schemes = ("https://", "http://") if settings.CLIENT_DOCUMENTS_LOOPBACK else ("https://",)
    return settings.CLIENT_DOCUMENTS and client_id[:8].lower().startswith(schemes)


def host_of(client_id: str) -> str:
    """The host of a document's URL, which is what fetching it has proved."""
    return urlsplit(client_id).hostname or ""


def read_location(client_id: str) -> Location:
    """Check a client id that is a URL. Raises Wrong.

    Two spellings of a URL are two clients (draft §3: simple string comparison), so only the plain one is taken:
    a host in lower case, a path, no fragment, no credentials, no dot segments (also not percent-encoded ones).
    """
    if len(client_id) > MAX_LENGTH or not PRINTABLE.fullmatch(client_id) or "\\" in client_id:
        raise Wrong(f"its URL has at most {MAX_LENGTH} printable ASCII characters and no backslash")
    try:
        parts = urlsplit(client_id)
        port = parts.port
    except ValueError as error:
        raise Wrong("its URL cannot be read") from error
    host = parts.hostname or ""
    loopback = settings.CLIENT_DOCUMENTS_LOOPBACK and host in redirects.LOOPBACK
    if not client_id.startswith("https://") and not (loopback and client_id.startswith("http://")):
        raise Wrong("its URL starts with https://")
    if "@" in parts.netloc:
        raise Wrong("its URL holds no user name or password")
    if "#" in client_id:
        raise Wrong("its URL has no fragment")
    if parts.path in ("", "/"):
        raise Wrong("its URL has a path")
    if any(segment in (".", "..") for segment in parts.path.lower().replace("%2e", ".").split("/")):
        raise Wrong("its URL has no dot segments")
    if not loopback:
        _check_host(host, parts.netloc)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return Location(client_id, parts.scheme, host, port or _default(parts.scheme), parts.netloc, target)


def _check_host(host: str, netloc: str) -> None:
    if not netloc.startswith(host) or not redirects.HOST.fullmatch(host) or NUMERIC.fullmatch(host):
        raise Wrong("its URL names a host, in lower case and not by a number")
    if host == host_of(settings.ISSUER):
        raise Wrong("its URL is not one of this server")


def _default(scheme: str) -> int:
    return 443 if scheme == "https" else 80
