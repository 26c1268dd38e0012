"""Rows of the tables that several pages share, with the words that templates can't make."""

from datetime import datetime
from typing import Any
from uuid import UUID

from authz import queries
from authz.contents import contents_of
from authz.models import Binding
from authz.track_rows import badges


def bindings(tenant_id: UUID, now: datetime, **subject: Any) -> list[Binding]:
    """Bindings that haven't been ended, each with its ``conditions`` as badges, whether it has ``expired``, how many
    console permissions its role gives (``console_count``), and ``gone``: the name of what it needs and what has been
    archived since, "" while all stands.
    """
    rows = list(queries.bindings(tenant_id, **subject))
    given = contents_of({row.role for row in rows})
    for row in rows:
        row.console_count = len(given[row.role_id].console_permissions)  # type: ignore[attr-defined]
        row.conditions = [badge for badge in badges(row, "", now) if badge[0] != "ends"]  # type: ignore[attr-defined]
        row.expired = row.expires_at is not None and row.expires_at <= now  # type: ignore[attr-defined]
        needs = (row.role, row.group, row.service_account, row.application)
        row.gone = next((str(thing) for thing in needs if thing and thing.ended_at), "")  # type: ignore[attr-defined]
    return rows
