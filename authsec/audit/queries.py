"""Reads of the audit log. Tenant first."""

from uuid import UUID

from django.db.models import QuerySet

from authsec.audit.catalog import Line, describe
from authsec.audit.models import Event


def about(tenant_id: UUID, target_id: UUID, limit: int = 20) -> list[Line]:
    """The latest events that happened to one person or thing, newest first. One statement."""
    rows = Event.objects.filter(tenant_id=tenant_id, target_id=target_id).order_by("-at", "-id")
    return [describe(event) for event in rows[:limit]]


def around(tenant_id: UUID, user_id: UUID, limit: int = 20) -> list[Line]:
    """The latest events that a person did or that happened to them, newest first. One statement, two index scans."""
    events = Event.objects.filter(tenant_id=tenant_id).order_by("-at", "-id")
    done, suffered = events.filter(actor_id=user_id)[:limit], events.filter(target_id=user_id)[:limit]
    return [describe(event) for event in done.union(suffered).order_by("-at", "-id")[:limit]]


def of_tenant(tenant_id: UUID) -> QuerySet[Event]:
    """All events of a tenant."""
    events: QuerySet[Event] = Event.objects.filter(tenant_id=tenant_id)
    return events
