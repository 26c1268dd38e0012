"""Reads of the audit log. Tenant first."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import TupleGreaterThan, TupleLessThan
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from authsec.audit.catalog import CATALOG, Line, describe
from authsec.audit.models import Event
from authsec.web.pagination import LIMIT, BadCursor, Count, Page, cut, parse_cursor

EVERY_SIDE = ("target", "about", "actor")


@dataclass(frozen=True)
class Kind:
    """A part of one person's history: actions about these nouns (none: about any), on these sides of theirs."""

    label: str | Promise
    nouns: tuple[str, ...] = ()
    sides: tuple[str, ...] = EVERY_SIDE

    @property
    def actions(self) -> list[str]:
        """The actions that it is narrowed to."""
        return [action for action in CATALOG if action.partition(".")[0] in self.nouns]


KINDS_OF_PERSON = {
    "": Kind(_("Everything")),
    "connections": Kind(_("Connections"), ("consent",)),
    "tokens": Kind(_("Tokens"), ("tokens", "token")),
    "standing": Kind(_("Status and plan"), ("end_user", "member", "identity")),
    "access": Kind(_("Access"), ("binding", "group", "service_account")),
    "own": Kind(_("Done by them"), sides=("actor",)),
}


def about(tenant_id: UUID, target_id: UUID, limit: int = 20) -> list[Line]:
    """The latest events that happened to one person or thing, or concern them, newest first. One statement."""
    return _latest(tenant_id, target_id, ("target", "about"), limit)


def around(tenant_id: UUID, user_id: UUID, limit: int = 20) -> list[Line]:
    """As :func:`about` a person, with what they did themselves."""
    return _latest(tenant_id, user_id, EVERY_SIDE, limit)


def history(
    tenant_id: UUID, user_id: UUID, *, kind: Kind, cursor: str = "", limit: int = LIMIT
) -> Page[Event]:
    """One page of what was done to a person, concerns them, or was done by them; newest first. One statement.

    Its count says how many it shows: nobody counts a history. Raises BadCursor.
    """
    place = parse_cursor(cursor, "at")
    events = Event.objects.filter(tenant_id=tenant_id)
    if kind.nouns:
        events = events.filter(action__in=kind.actions)
    backward = place is not None and place.backward
    if place is not None:
        if place.value is None:
            raise BadCursor("The cursor is not one of this list's.")
        compare = TupleGreaterThan if backward else TupleLessThan
        events = events.filter(compare((F("at"), F("id")), (place.value, place.id)))
    order = ("at", "id") if backward else ("-at", "-id")
    first, *rest = (
        events.filter(**{f"{side}_id": user_id}).order_by(*order)[: limit + 1] for side in kind.sides
    )
    rows = list(first.union(*rest).order_by(*order)[: limit + 1] if rest else first)
    return cut(
        rows,
        sort="at",
        cursor=place,
        limit=limit,
        count=Count(min(len(rows), limit)),
        key=lambda event: (event.at, event.id),
    )


def of_tenant(tenant_id: UUID) -> QuerySet[Event]:
    """All events of a tenant."""
    events: QuerySet[Event] = Event.objects.filter(tenant_id=tenant_id)
    return events


def _latest(tenant_id: UUID, id: UUID, sides: Sequence[str], limit: int) -> list[Line]:
    """An index scan for each side, none of them longer than the page."""
    events = Event.objects.filter(tenant_id=tenant_id).order_by("-at", "-id")
    first, *rest = (events.filter(**{f"{side}_id": id})[:limit] for side in sides)
    return [describe(event) for event in first.union(*rest).order_by("-at", "-id")[:limit]]
