"""Views of the End Users list: the ready-made ones and those that a member keeps, as tabs above it.

A view is a convenience of one member's and changes nobody's access: the audit log does not know it.
"""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from endusers import filters
from endusers.filters import Chosen
from endusers.models import SavedView
from endusers.queries import ORDERS, SORTS, Choice

MOST = 20
LONGEST = 1000
READY: tuple[tuple[object, dict[str, str]], ...] = (
    (_("All"), {}),
    (_("Seen this week"), {"seen": "7d"}),
    (_("New this week"), {"first_consent": "7d"}),
    (_("Suspended"), {"status": "suspended"}),
)


class TooManyViews(Exception):
    """A member has as many views as one may have, or the filters are too long to keep."""


def query_of(chosen: Chosen) -> str:
    """What a view keeps of an address: filters, search and order, always written the same way."""
    ordered = [("sort", chosen.sort, SORTS[0]), ("order", chosen.order, ORDERS[0])]
    return urlencode([*chosen.kept, *((name, value) for name, value, usual in ordered if value != usual)])


def save(*, tenant_id: UUID, user_id: UUID, name: str, query: str, now: datetime) -> SavedView:
    """Keep the filters under a name, in place of what the member kept under it before. Raises TooManyViews."""
    if len(query) > LONGEST:
        raise TooManyViews("This search is too long to keep.")
    mine = SavedView.objects.filter(tenant_id=tenant_id, user_id=user_id)
    if mine.exclude(name=name).count() >= MOST:
        raise TooManyViews(f"You have {MOST} views already: delete one first.")
    view, _made = SavedView.objects.update_or_create(
        tenant_id=tenant_id, user_id=user_id, name=name, defaults={"query": query, "created_at": now}
    )
    return view


def delete(*, tenant_id: UUID, user_id: UUID, view_id: UUID) -> None:
    """Forget one of the member's own views; another's, or one that is gone, stays as it is."""
    SavedView.objects.filter(tenant_id=tenant_id, user_id=user_id, pk=view_id).delete()


def tabs(data: QueryDict, chosen: Chosen, offered: Sequence[Choice]) -> list[dict[str, object]]:
    """The views as tabs, the member's own ones last; the one that the address shows is current.

    A ready-made view keeps what is searched for; one's own has its own search and order.
    """
    filtered = {name: value for name, value in chosen.kept if name != "q"}
    kept = {"q": data.get("q") or None}
    ready = [
        _tab(label, filters.address(QueryDict(mutable=True), **kept, **wanted), filtered == wanted)
        for label, wanted in READY
    ]
    query = query_of(chosen)
    own = [_tab(row.name, f"?{row.key}", row.key == query) for row in offered if row.kind == "view"]
    if any(tab["current"] for tab in own):
        ready = [tab | {"current": False} for tab in ready]
    return [*ready, *own]


def _tab(label: object, url: str, current: bool) -> dict[str, object]:
    return {"label": label, "url": url, "current": current, "count": None}
