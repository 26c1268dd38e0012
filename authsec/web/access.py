"""Marks: what a view says about who may call it. The roof (``authsec.console``) enforces them.

A view without a mark is refused and fails a system check, so that a forgotten one closes a door, never opens it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Mark:
    """``kind``: public, signed_in, member (any active member of the tenant), requires, protocol or bearer.

    ``action`` is the Cedar action of a ``requires`` mark, such as ``endusers:suspend``.
    ``critical`` marks of the API read power from the database, never from the token (Rule 10).
    """

    kind: str
    action: str = ""
    critical: bool = True


def _marker(mark: Mark) -> Callable[[View], View]:
    def put(view: View) -> View:
        view.mark = mark  # type: ignore[attr-defined]
        return view

    return put


def public(view: View) -> View:
    """Anybody may call the view."""
    return _marker(Mark("public"))(view)


def protocol(view: View) -> View:
    """A protocol endpoint, which authenticates its caller itself as its RFC says."""
    return _marker(Mark("protocol"))(view)


def signed_in(view: View) -> View:
    """Any signed-in identity, about itself."""
    return _marker(Mark("signed_in"))(view)


def bearer(view: View) -> View:
    """Any bearer of an access token of the management API, about themselves."""
    return _marker(Mark("bearer", critical=False))(view)


def member(view: View) -> View:
    """Any active member of the tenant in the path."""
    return _marker(Mark("member"))(view)


def requires(action: str, *, critical: bool = True) -> Callable[[View], View]:
    """Callers to whom Cedar allows ``action`` (``noun:verb``) in the tenant."""
    return _marker(Mark("requires", action, critical))


def mark_of(view: Callable[..., Any]) -> Mark | None:
    """The mark of a view function or of the class behind ``as_view()``; None when it has none."""
    found = getattr(view, "mark", None)
    if found is None:
        for name in ("view_class", "cls"):
            found = found or getattr(getattr(view, name, None), "mark", None)
    return found
