"""The team as its page shows it: everybody on one page, with what they are and what they may do."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from tenants.models import Membership, MemberType
from tenants.operations import transitions

# One statement. Roles belong to a context above this one; they are read here by table name, so that the label "type"
# never stands alone where power is meant.
SQL = """
select m.user_id, coalesce(nullif(p.display_name, ''), p.email), p.email, m.type, m.status, m.source,
       (select coalesce(nullif(i.display_name, ''), i.email) from tenants_profile i
         where i.tenant_id = %(tenant)s and i.user_id = m.invited_by),
       m.joined_at, m.last_seen_at, m.suspended_at,
       (select coalesce(nullif(s.display_name, ''), s.email) from tenants_profile s
         where s.tenant_id = %(tenant)s and s.user_id = m.suspended_by),
       m.suspended_reason, m.left_at,
       array(select distinct r.name::text from authz_binding b
               join authz_role r on r.tenant_id = %(tenant)s and r.id = b.role_id
              where b.tenant_id = %(tenant)s and b.user_id = m.user_id and b.ended_at is null
                and (b.expires_at is null or b.expires_at > %(now)s) order by 1),
       (select count(distinct b.role_id) from authz_groupmember g
          join authz_binding b on b.tenant_id = %(tenant)s and b.group_id = g.group_id and b.ended_at is null
           and (b.expires_at is null or b.expires_at > %(now)s)
         where g.tenant_id = %(tenant)s and g.user_id = m.user_id and g.ended_at is null),
       f.enrolled, f.due
  from tenants_membership m
  join tenants_profile p on p.tenant_id = %(tenant)s and p.user_id = m.user_id
  left join second_factors(%(tenant)s) f on f.user_id = m.user_id
 where m.tenant_id = %(tenant)s and (%(user)s::uuid is null or m.user_id = %(user)s)
"""
ORDER = {kind: place for place, kind in enumerate(MemberType.values)}
STATUS_ORDER = {"active": 0, "suspended": 1, "invited": 2, "left": 3}


@dataclass(frozen=True)
class TeamMember:
    """One person of the team. ``roles`` come directly, ``roles_by_groups`` is how many come through groups.

    ``second_factor``: whether they have one, None of somebody not active; ``due``: until when they must set one up.
    """

    user_id: UUID
    name: str
    email: str
    type: str
    status: str
    source: str
    inviter: str | None
    joined_at: datetime
    last_seen_at: datetime | None
    suspended_at: datetime | None
    suspender: str | None
    suspended_reason: str
    left_at: datetime | None
    roles: tuple[str, ...]
    roles_by_groups: int
    second_factor: bool | None
    due: datetime | None

    @property
    def type_label(self) -> str:
        """The type in words."""
        return str(MemberType(self.type).label)

    @property
    def came_by(self) -> str:
        """How they came: by whose invitation, by which directory."""
        if self.source == Membership.Source.INVITE and self.inviter:
            return f"invited by {self.inviter}"
        return str(Membership.Source(self.source).label)

    @property
    def verbs(self) -> frozenset[str]:
        """The changes that this person's status allows."""
        return frozenset(verb for verb in transitions.VERBS if transitions.may(verb, self.status))

    def fits(self, text: str) -> bool:
        """Whether the name, the address or the id holds the text."""
        wanted = text.casefold()
        return any(wanted in held.casefold() for held in (self.name, self.email, str(self.user_id)))


@dataclass(frozen=True)
class Team:
    """Everybody, by type and name. ``last_owner`` is the only active owner's user id, None where there are more."""

    people: tuple[TeamMember, ...]

    @property
    def counts(self) -> Counter[str]:
        """How many people have each status."""
        return Counter(person.status for person in self.people)

    @property
    def last_owner(self) -> UUID | None:
        """The active owner who cannot be lost (Rule 6)."""
        owners = [p.user_id for p in self.people if (p.type, p.status) == ("owner", "active")]
        return owners[0] if len(owners) == 1 else None

    @property
    def types(self) -> Counter[str]:
        """How many people have each type."""
        return Counter(person.type for person in self.people)

    def narrowed(
        self, *, status: str = "", type: str = "", text: str = "", sort: str = ""
    ) -> list[TeamMember]:
        """Those of a status and of a type (any when empty) whom the text fits, in one of SORTS."""
        found = [
            person
            for person in self.people
            if status in ("", person.status) and type in ("", person.type) and person.fits(text)
        ]
        return sorted(found, key=SORTS[sort]) if sort else found


# How the list can be sorted; without one: by status, type and name.
SORTS: dict[str, Callable[[TeamMember], Any]] = {
    "name": lambda p: (p.name.casefold(), p.user_id),
    "joined": lambda p: (-p.joined_at.timestamp(), p.user_id),
    "seen": lambda p: (-p.last_seen_at.timestamp() if p.last_seen_at else 0.0, p.name.casefold()),
}


def team(tenant_id: UUID, now: datetime, user_id: UUID | None = None) -> Team:
    """The tenant's team, whoever left included; only one person with ``user_id``. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(SQL, {"tenant": tenant_id, "now": now, "user": user_id})
        rows: list[list[Any]] = [[*row[:13], tuple(row[13]), *row[14:]] for row in cursor.fetchall()]
    people = [TeamMember(*row) for row in rows]
    people.sort(key=lambda p: (STATUS_ORDER[p.status], ORDER[p.type], p.name.casefold(), p.user_id))
    return Team(tuple(people))
