"""Who of a tenant's team has a second factor, and until when the others must set one up.

Having one counts, not having used it in this session: a browser may be trusted for thirty days. What asks for a second
factor *now* says so itself, as a binding's condition or as a confirmation.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from tenants.models import MemberType

TEAM = """
select f.user_id, coalesce(nullif(p.display_name, ''), p.email), p.email, m.type, m.joined_at, f.due
  from second_factors(%(tenant)s) f
  join tenants_membership m on m.tenant_id = %(tenant)s and m.user_id = f.user_id
  join tenants_profile p on p.tenant_id = %(tenant)s and p.user_id = f.user_id
 where not f.enrolled
 order by f.due, 2, f.user_id
"""


@dataclass(frozen=True)
class Lacking:
    """An active member without a second factor. ``due`` is None where the tenant doesn't ask for one."""

    user_id: UUID
    name: str
    email: str
    type: str
    joined_at: datetime
    due: datetime | None

    @property
    def type_label(self) -> str:
        """The type in words."""
        return str(MemberType(self.type).label)


def lacking(tenant_id: UUID) -> list[Lacking]:
    """The active members without a second factor, whose time ends first. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(TEAM, {"tenant": tenant_id})
        return [Lacking(*row) for row in cursor.fetchall()]


def enrolled(tenant_id: UUID) -> set[UUID]:
    """User ids of the active members with a second factor."""
    with connection.cursor() as cursor:
        cursor.execute("select user_id from second_factors(%s) where enrolled", [tenant_id])
        return {user_id for (user_id,) in cursor.fetchall()}
