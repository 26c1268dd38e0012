"""Reads of the audit log. Tenant first."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from authsec.audit.catalog import Line, describe
from authsec.audit.models import Event


def about(tenant_id: UUID, target_id: UUID, limit: int = 20) -> list[Line]:
    """The latest events that happened to one person or thing, or concern them, newest first. One statement."""
    return _latest(tenant_id, target_id, ("target", "about"), limit)


def around(tenant_id: UUID, user_id: UUID, limit: int = 20) -> list[Line]:
    """As :func:`about` a person, with what they did themselves."""
    return _latest(tenant_id, user_id, ("target", "about", "actor"), limit)


def of_tenant(tenant_id: UUID) -> QuerySet[Event]:
    """All events of a tenant."""
    events: QuerySet[Event] = Event.objects.filter(tenant_id=tenant_id)
    return events


def _latest(tenant_id: UUID, id: UUID, sides: Sequence[str], limit: int) -> list[Line]:
    """An index scan for each side, none of them longer than the page."""
    events = Event.objects.filter(tenant_id=tenant_id).order_by("-at", "-id")
    first, *rest = (events.filter(**{f"{side}_id": id})[:limit] for side in sides)
    return [describe(event) for event in first.union(*rest).order_by("-at", "-id")[:limit]]
