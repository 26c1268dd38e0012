"""Reads about tenants and members. Tenant first, except for what a person may know about themselves."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

MEMBERSHIP_COLUMNS = (
    "tenant_id, slug, name, plan, tenant_status, personal, user_id, type, status, joined_at, suspended_reason"
)


@dataclass(frozen=True)
class MembershipCard:
    """One of a person's memberships, with the tenant's public facts. ``user_id`` is their users.id there."""

    tenant_id: UUID
    slug: str
    name: str
    plan: str
    tenant_status: str
    personal: bool
    user_id: UUID
    type: str
    status: str
    joined_at: datetime
    suspended_reason: str

    @property
    def usable(self) -> bool:
        """Whether the person may enter: an active membership of an open tenant."""
        return self.status == "active" and self.tenant_status == "open"


def memberships_of(identity_id: UUID) -> list[MembershipCard]:
    """Every membership of an identity, in any status, ordered by the tenant's name. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"select {MEMBERSHIP_COLUMNS} from memberships_of(%s)", [identity_id])  # noqa: S608
        return [MembershipCard(*row) for row in cursor.fetchall()]
