"""Writing down what was done, in the transaction that does it."""

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
    ``about_id``: the users.id of somebody who is concerned and is not the target.
    """
    return Event.objects.create(
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
        about_id=about_id,
        reason=reason,
        ip=actor.ip,
        via=actor.via,
        request_id=actor.request_id,
        policies=list(actor.policies),
        before=before,
        after=after,
    )
