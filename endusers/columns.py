"""The list's columns. Which of them somebody likes to see is remembered in a cookie, by the browser."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext_lazy as _

COOKIE = "end_user_columns"
COLUMNS = {
    "status": _("Status"),
    "plan_tier": _("Plan tier"),
    "applications": _("Applications"),
    "last_seen": _("Last seen"),
    "first_consent": _("First consent"),
    "suspended": _("Suspended"),
    "user_id": _("User ID"),
}
USUAL = frozenset(COLUMNS) - {"suspended"}


def shown(cookies: Mapping[str, str]) -> frozenset[str]:
    """The columns to show: those of the cookie, or the usual ones. Names that no column has are passed over."""
    kept = cookies.get(COOKIE)
    return USUAL if kept is None else frozenset(kept.split(".")) & frozenset(COLUMNS)


def cookie(chosen: Iterable[str]) -> str:
    """What the cookie says for a choice; never empty, for a browser may drop an empty cookie."""
    return ".".join(["v1", *(name for name in COLUMNS if name in set(chosen))])


def offered(cookies: Mapping[str, str]) -> list[tuple[str, object, bool]]:
    """Each column as key, label and whether it is shown."""
    here = shown(cookies)
    return [(key, label, key in here) for key, label in COLUMNS.items()]
