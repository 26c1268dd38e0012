"""What a row of the route table says, and short ways to write one."""

from dataclasses import dataclass, field
from typing import Any

PUBLIC = "public"  # anybody
OWN = "own"  # any signed-in person, about themselves
SELF = "self"  # any bearer of a management API token, about themselves
PROTOCOL = "protocol"  # authenticates its caller itself; the statuses are given
CONSOLE = "console"  # a page under /t/<slug>/
API = "api"  # a management API route
ANYONE_IN = "any member"
NOBODYS = "00000000-0000-4000-8000-000000000000"  # an id that no row has


@dataclass(frozen=True)
class Row:
    """One route: its kind, and per method the permission that lets pass (or, for a protocol, the statuses)."""

    kind: str
    methods: dict[str, Any] = field(default_factory=dict)
    url: str = ""  # for routes that are regular expressions
    bodies: dict[str, Any] = field(default_factory=dict)
    more: tuple[
        str, ...
    ] = ()  # what the caller must hold besides, because body (Rule 7) or object ask for it
    tells: bool = False  # public by its nature: an Application says who it is


def public(**methods: Any) -> Row:
    return Row(PUBLIC, methods or {"GET": None})


def own(url: str = "", **methods: Any) -> Row:
    return Row(OWN, methods or {"GET": None}, url)


def protocol(**methods: tuple[int, ...]) -> Row:
    return Row(PROTOCOL, methods)


def page(right: str, post: str | None = None, **more: Any) -> Row:
    """A page that is read with one permission and, where it has a form, posted with another."""
    methods = {"GET": right} | ({"POST": post} if post else {})
    return Row(CONSOLE, methods, **more)


def deed(right: str, **more: Any) -> Row:
    """A route that only takes POST."""
    return Row(CONSOLE, {"POST": right}, **more)


def asks(right: str, **more: Any) -> Row:
    """A form, and what it does: both need the same permission."""
    return page(right, right, **more)


def api(bodies: dict[str, Any] | None = None, more: tuple[str, ...] = (), **methods: str) -> Row:
    return Row(API, methods, bodies=bodies or {}, more=more)


CONTRACTOR = ("apps:read", "effective_access:own")  # what inviting one gives
