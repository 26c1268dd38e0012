"""Writing down what was done, in the transaction that does it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.models import Event


def record(
    *,
    tenant_id: UUID,
    actor: Actor,
    action: str,
    target_kind: str,
    target_id: UUID | None,
    target_name: str,
    now: datetime,
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    about_id: UUID | None = None,
) -> Event:
    """Append one event to the tenant's audit log.

    Call it inside the transaction of the change (Rule 11): both are kept or neither. ``action`` is a key of
    ``authsec.audit.catalog``; ``before`` and ``after`` hold only what changed, as JSON values, never a secret.
    ``about_id``: who is concerned and is not the target: somebody's users.id, or the group, service account or plan
    tier that a binding is for.
    """
    event = _event(tenant_id, actor, now, action, target_kind, target_id, target_name, reason)
    event.before, event.after, event.about_id = before, after, about_id
    event.save(force_insert=True)
    return event


def record_each(
    *,
    tenant_id: UUID,
    actor: Actor,
    action: str,
    target_kind: str,
    target_id: UUID | None,
    target_name: str,
    now: datetime,
    reason: str = "",
    facts: Iterable[dict[str, Any]],
) -> list[Event]:
    """Append one event for each of ``facts`` (``before``, ``after``, ``about_id``), all in one statement: what one verb
    did to many at once. Otherwise as :func:`record`.
    """
    events = []
    for given in facts:
        event = _event(tenant_id, actor, now, action, target_kind, target_id, target_name, reason)
        event.before, event.after = given.get("before"), given.get("after")
        event.about_id = given.get("about_id")
        events.append(event)
    return Event.objects.bulk_create(events)


def _event(
    tenant_id: UUID,
    actor: Actor,
    now: datetime,
    action: str,
    target_kind: str,
    target_id: UUID | None,
    target_name: str,
    reason: str,
) -> Event:
    return Event(
        tenant_id=tenant_id,
        at=now,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        actor_capacity=actor.capacity,
        action=action,
        target_kind=target_kind,
        target_id=target_id,
        target_name=target_name[:255],
        reason=reason,
        ip=actor.ip,
        via=actor.via,
        request_id=actor.request_id,
        policies=list(actor.policies),
    )
