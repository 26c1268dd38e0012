"""The history of standing: each change of a status or a member type, in the order in which they were made."""

from datetime import datetime
from typing import Any
from uuid import UUID

from endusers.models import StandingChange


def remember(
    *, tenant_id: UUID, user_id: UUID, capacity: str, now: datetime, **change: Any
) -> StandingChange:
    """Write a change down; the caller has locked the row that changes. ``change``: the columns of StandingChange.

    One whose clock is behind the last change's counts from that one on: whoever reads the history in the order of
    ``at`` and ``id`` reads what happened.
    """
    last = (
        StandingChange.objects.filter(tenant_id=tenant_id, user_id=user_id, capacity=capacity)
        .order_by("-at")
        .values_list("at", flat=True)
        .first()
    )
    at = max(now, last) if last else now
    return StandingChange.objects.create(
        tenant_id=tenant_id, user_id=user_id, capacity=capacity, at=at, **change
    )
