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
    Whether the API asks the signed claim or the database about it says ``authsec.console.matrix``.
    """

    kind: str
    action: str = ""


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
    return _marker(Mark("bearer"))(view)


def member(view: View) -> View:
    """Any active member of the tenant in the path; in the API anybody whose token and standing hold the tenant.

    The view itself decides what they see there.
    """
    return _marker(Mark("member"))(view)


def requires(action: str, *, critical: bool = True) -> Callable[[View], View]:
    """Callers to whom Cedar allows ``action`` (``noun:verb``) in the tenant."""
    return _marker(Mark("requires", action))


def reauthenticate(view: View) -> View:
    """Only soon after the caller proved who they are: a left-open or stolen session can't do it.

    Stands beside the mark, in any order, on a view of people: for secrets and their rotation, transfer and closing,
    and what gives console power. The roof sends whoever confirmed too long ago to confirm first, on GET before the
    form is filled in and on POST before anything happens (``tenants.confirming``). After the mark: who may not do it
    at all is refused, not asked.
    """
    view.asks_again = True  # type: ignore[attr-defined]
    return view


def asks_again(view: Callable[..., Any]) -> bool:
    """Whether the view wants a fresh confirmation of who calls it."""
    return bool(getattr(view, "asks_again", False))


def mark_of(view: Callable[..., Any]) -> Mark | None:
    """The mark of a view function or of the class behind ``as_view()``; None when it has none."""
    found = getattr(view, "mark", None)
    if found is None:
        for name in ("view_class", "cls"):
            found = found or getattr(getattr(view, name, None), "mark", None)
    return found
