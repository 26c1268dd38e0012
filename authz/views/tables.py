"""Rows of the tables that several pages share, with the words that templates can't make."""

from datetime import datetime
from typing import Any
from uuid import UUID

from authz import queries
from authz.models import Binding
from authz.track_rows import badges


def bindings(tenant_id: UUID, now: datetime, **subject: Any) -> list[Binding]:
    """Bindings that haven't been ended, each with its ``conditions`` as badges and whether it has ``expired``."""
    rows = list(queries.bindings(tenant_id, **subject))
    for row in rows:
        row.conditions = [badge for badge in badges(row, "", now) if badge[0] != "ends"]  # type: ignore[attr-defined]
        row.expired = row.expires_at is not None and row.expires_at <= now  # type: ignore[attr-defined]
    return rows
