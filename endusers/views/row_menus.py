"""The menu behind each row of the list: what can be done with that person."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from endusers.models import EndUser
from endusers.queries import EndUserCard

NOBODY, NAMELESS = UUID(int=0), "{name}"


class RowMenus:
    """Draws the menu once for the active and once for the suspended, and fills in who it is: drawn anew for each of
    fifty people it was a third of the page's time.
    """

    def __init__(self, slug: str, can: Collection[str]) -> None:
        told = {
            "can": can,
            "people_url": reverse("endusers:list", kwargs={"slug": slug}),
            "access_url": reverse("authz:effective_access", kwargs={"slug": slug}),
        }
        self._drawn = {status: _draw(status, told) for status in EndUser.Status.values}

    def of(self, card: EndUserCard) -> SafeString:
        """One person's menu."""
        # The name comes last: nothing in it is filled in any more.
        drawn = self._drawn[card.status].replace(str(NOBODY), str(card.user_id))
        return mark_safe(drawn.replace(NAMELESS, escape(card.name)))  # noqa: S308 - a template's, with a name escaped


def _draw(status: str, told: dict[str, Any]) -> str:
    nobody = {"user_id": NOBODY, "name": NAMELESS, "status": status}
    return render_to_string("endusers/row_menu.html", told | {"item": nobody})
