"""What was added to a role and taken from it, when and by whom: from its rows, which are closed and never deleted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from authz.models import Role, RoleScope
from authz.people import names_of

MOST = 500  # rows that are looked at


@dataclass
class Step:
    """One edit: ``by`` is the name of who made it, None where nobody did or it is not known."""

    at: datetime
    by: str | None
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


def history_of(role: Role) -> list[Step]:
    """The edits of what a role gives, the latest first; the first one is how it began. Two statements."""
    all_rows = RoleScope.objects.filter(tenant_id=role.tenant_id, role=role).order_by("-added_at", "name")
    rows = list(all_rows[:MOST])
    found: dict[tuple[datetime, UUID | None], Step] = {}
    names = names_of(role.tenant_id, _people(role, rows))

    def step(at: datetime, by: UUID | None) -> Step:
        return found.setdefault((at, by), Step(at, names.get(by) if by else None))

    for row in rows:
        first = row.added_at == role.created_at
        step(row.added_at, row.added_by or (role.created_by if first else None)).added.append(row.name)
        if row.ended_at:
            step(row.ended_at, row.ended_by).removed.append(row.name)
    return sorted(found.values(), key=lambda one: one.at, reverse=True)


def _people(role: Role, rows: Sequence[RoleScope]) -> set[UUID | None]:
    return {role.created_by, *(row.added_by for row in rows), *(row.ended_by for row in rows)}
