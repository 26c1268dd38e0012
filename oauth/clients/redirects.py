"""Redirect URIs: which may be registered, which match, and what to tell a person about one."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

LOOPBACK = ("127.0.0.1", "::1", "localhost")
MAX_LENGTH = 2000
PRINTABLE = re.compile(r"[\x21-\x7e]+")
# A host goes into the consent page's policy, where ; and , would end a directive.
HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
# RFC 8252 §7.1 asks for a reversed domain name; editors register short ones all the same (cursor:, vscode:). So any
# scheme goes, but those to which a browser or an operating system gives a meaning of its own.
PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
NOT_PRIVATE = frozenset(
    [
        "about",
        "blob",
        "chrome",
        "data",
        "file",
        "filesystem",
        "ftp",
        "ftps",
        "intent",
        "jar",
        "javascript",
        "mailto",
        "resource",
        "sms",
        "ssh",
        "tel",
        "urn",
        "vbscript",
        "view-source",
        "ws",
        "wss",
    ]
)


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts


def problem(uri: object) -> str:
    """Why a URI may not be registered as a redirect URI; '' when it may.

    https anywhere, http on loopback only (RFC 8252 §7.3), private-use schemes (§7.1); no fragment
    (RFC 6749 §3.1.2) and no credentials.
    """
    if not isinstance(uri, str) or not uri:
        return "A redirect URI must be a text."
    if len(uri) > MAX_LENGTH or not PRINTABLE.fullmatch(uri):
        return "A redirect URI has at most 2000 printable ASCII characters and no spaces."
    parts = _split(uri)
    if parts is None:
        return "A redirect URI must be a valid URI."
    if "#" in uri:
        return "A redirect URI must not have a fragment."
    if "@" in parts.netloc or "*" in parts.netloc or "\\" in uri:
        return "A redirect URI must not hold credentials or wildcards."
    if parts.scheme == "https":
        return "" if HOST.fullmatch(parts.hostname or "") else "A redirect URI must name a host."
    if parts.scheme == "http":
        return "" if parts.hostname in LOOPBACK else "http is for loopback redirect URIs only; use https."
    if PRIVATE_SCHEME.fullmatch(parts.scheme) and parts.scheme not in NOT_PRIVATE:
        return ""
    return "A redirect URI uses https, http on loopback, or a private-use scheme of the program's own."


def is_loopback(uri: str) -> bool:
    """Whether a program on the person's own computer answers at this URI."""
    parts = _split(uri)
    return parts is not None and parts.scheme == "http" and parts.hostname in LOOPBACK


def _without_port(uri: str) -> str:
    parts = urlsplit(uri)
    host = f"[{parts.hostname}]" if parts.hostname == "::1" else (parts.hostname or "")
    return urlunsplit(parts._replace(netloc=host))


def matches(uri: str, registered: list[str]) -> bool:
    """Exact comparison (RFC 9700 §2.1, simple string comparison); on loopback any port does (RFC 8252 §7.3)."""
    if uri in registered:
        return problem(uri) == ""
    if problem(uri) or not is_loopback(uri):
        return False
    return any(is_loopback(one) and _without_port(one) == _without_port(uri) for one in registered)


def with_parameters(uri: str, parameters: dict[str, str]) -> str:
    """The URI with response parameters in its query; what it already has is kept (RFC 6749 §3.1.2), but never a
    second value for a name that the response carries (RFC 9207 §2: one ``iss``).
    """
    parts = urlsplit(uri)
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k not in parameters]
    return urlunsplit(parts._replace(query=urlencode([*query, *parameters.items()])))


@dataclass(frozen=True)
class Destination:
    """Where the answer goes, as a person reads it. ``kind``: host, loopback, app (a private-use scheme) or device.

    ``shown``: the host with its port where that is not the usual one, or the app's scheme.
    """

    kind: str
    host: str
    origin: str
    shown: str

    @property
    def place(self) -> str:
        """What an allow-list compares: a host, ``localhost`` for loopback, or a scheme with its colon.

        The colon matters: a program may register the scheme ``good.example``, which is not that host.
        """
        return {"app": f"{self.host}:", "loopback": "localhost"}.get(self.kind, self.host)


def destination(uri: str) -> Destination:
    """Describe a valid redirect URI. ``origin`` is a CSP source for ``form-action``."""
    parts = urlsplit(uri)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https"):
        return Destination("app", parts.scheme, f"{parts.scheme}:", f"{parts.scheme}:")
    if is_loopback(uri):
        # CSP has no notation for an IPv6 address: the scheme has to do there.
        return Destination(
            "loopback", host, "http:" if ":" in host else f"http://{parts.netloc}", parts.netloc
        )
    return Destination("host", host, f"https://{parts.netloc}", parts.netloc)
