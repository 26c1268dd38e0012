"""Whom a binding, a group or a tier reaches: who is to be looked at when one of them changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from authsec.web.pagination import CAP, Count
from authz.models import Binding
from authz.what_if.held import Who
from endusers.queries import tier_holders

# Each branch walks its index from ``after`` on and stops: the reach of a tier may be millions.
REACHED = """
select distinct id from (
  select unnest(%(users)s::uuid[]) as id
  union all
  (select m.user_id from authz_groupmember m
    where m.tenant_id = %(tenant)s and m.group_id = any(%(groups)s::uuid[]) and m.ended_at is null
      and m.user_id > %(after)s order by m.user_id limit %(limit)s)
  union all
  (select o.user_id from authz_serviceaccountoperator o
    where o.tenant_id = %(tenant)s and o.service_account_id = any(%(accounts)s::uuid[]) and o.ended_at is null
      and o.user_id > %(after)s order by o.user_id limit %(limit)s)
  union all
  (select e.user_id from endusers_enduser e
    where e.tenant_id = %(tenant)s and e.plan_tier_id = any(%(tiers)s::uuid[])
      and e.user_id > %(after)s order by e.user_id limit %(limit)s)
) found where id > %(after)s order by id limit %(limit)s
"""
# Each branch stops at ``most``, which is null for who wants to know exactly.
COUNTED = """
select count(*) from (
  select unnest(%(users)s::uuid[])
  union (select m.user_id from authz_groupmember m
    where m.tenant_id = %(tenant)s and m.group_id = any(%(groups)s::uuid[]) and m.ended_at is null limit %(most)s)
  union (select o.user_id from authz_serviceaccountoperator o
    where o.tenant_id = %(tenant)s and o.service_account_id = any(%(accounts)s::uuid[]) and o.ended_at is null
    limit %(most)s)
  union (select e.user_id from endusers_enduser e
    where e.tenant_id = %(tenant)s and e.plan_tier_id = any(%(tiers)s::uuid[]) limit %(most)s)
) found
"""
FIRST = UUID(int=0)


@dataclass(frozen=True)
class Roots:
    """What a change begins at: everybody whom one of these reaches may be touched."""

    users: frozenset[UUID] = frozenset()
    groups: frozenset[UUID] = frozenset()
    accounts: frozenset[UUID] = frozenset()
    tiers: frozenset[UUID] = frozenset()

    def __or__(self, other: "Roots") -> "Roots":
        return Roots(
            self.users | other.users,
            self.groups | other.groups,
            self.accounts | other.accounts,
            self.tiers | other.tiers,
        )


def roots_of(bindings: Iterable[Binding]) -> Roots:
    """The subjects of these bindings."""
    rows = [(row.user_id, row.group_id, row.service_account_id, row.plan_tier_id) for row in bindings]
    columns = zip(*rows, strict=True) if rows else [()] * 4
    return Roots(*(frozenset(key for key in column if key) for column in columns))


def reached(tenant_id: UUID, roots: Roots, *, after: UUID | None = None, limit: int) -> Who:
    """The first people behind ``after``, in the order of their ids, and with the first of them the accounts."""
    with connection.cursor() as cursor:
        cursor.execute(REACHED, _asked(tenant_id, roots) | {"after": after or FIRST, "limit": limit})
        users = tuple(row[0] for row in cursor.fetchall())
    return Who(users, () if after else tuple(sorted(roots.accounts)))


def count_reached(tenant_id: UUID, roots: Roots, *, most: int | None = None) -> int:
    """How many people that are in all; with ``most`` no branch is counted further."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, _asked(tenant_id, roots) | {"most": most})
        return int(cursor.fetchone()[0])


def about_reached(tenant_id: UUID, roots: Roots) -> Count:
    """The same as lists count: exactly up to their cap, beyond it as many as the tiers are estimated to hold."""
    number = count_reached(tenant_id, roots, most=CAP + 1)
    if number <= CAP:
        return Count(number)
    held = tier_holders(tenant_id, roots.tiers) if roots.tiers else {}
    return Count(max(CAP + 1, sum(each.value for each in held.values())), is_estimate=True)


def _asked(tenant_id: UUID, roots: Roots) -> dict[str, Any]:
    return {
        "tenant": tenant_id,
        "users": list(roots.users),
        "groups": list(roots.groups),
        "accounts": list(roots.accounts),
        "tiers": list(roots.tiers),
    }
