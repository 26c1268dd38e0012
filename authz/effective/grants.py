"""The bindings that reach a subject, read in one statement from the one function (``effective_grants``)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from authz.console import HeldRole, power_of
from authz.effective.subject import Subject

POWER = slice(
    8, 11
)  # the columns of a role's power in the console: system key, tenant groups, listed permissions
# Materialized: with the statistics of a young tenant the planner would run the function once for each binding.
GRANTS = """
with g as materialized (
  select * from effective_grants(%(tenant)s, %(kind)s, %(subject)s, %(at)s, %(mfa_at)s, %(ip)s)
)
select g.binding_id, g.role_id, o.name, g.source, g.source_id,
       coalesce(gr.name, sa.name, pt.name, %(name)s), g.application_id,
       array(select r.name from authz_rolescope r
              where o.id is not null and (o.ended_at is null or o.ended_at > %(at)s)
                and r.tenant_id = %(tenant)s and r.role_id = g.role_id and r.kind = 'scope'
                and r.added_at <= %(at)s and (r.ended_at is null or r.ended_at > %(at)s) order by r.name),
       case when o.system_key <> '' and g.source <> 'plan' then o.system_key else '' end,
       array(select r.name from authz_rolescope r
              where o.system_key = '' and g.source <> 'plan' and (o.ended_at is null or o.ended_at > %(at)s)
                and r.tenant_id = %(tenant)s and r.role_id = g.role_id and r.kind = 'group'
                and r.added_at <= %(at)s and (r.ended_at is null or r.ended_at > %(at)s)),
       array(select r.name from authz_rolescope r
              where o.system_key = '' and g.source <> 'plan' and (o.ended_at is null or o.ended_at > %(at)s)
                and r.tenant_id = %(tenant)s and r.role_id = g.role_id and r.kind = 'console'
                and r.added_at <= %(at)s and (r.ended_at is null or r.ended_at > %(at)s)),
       g.state, b.requires_mfa, b.mfa_max_age, coalesce(b.ip_ranges::text[], '{}'), b.not_before, b.expires_at,
       case when b.ended_at <= %(at)s then b.ended_at end, b.reason, b.created_at,
       coalesce(b.since, b.created_at), gv.display_name, gm.source, coalesce(gm.added_at, op.added_at),
       ev.display_name
  from g
 cross join lateral (select * from authz_binding x where x.tenant_id = %(tenant)s and x.id = g.terms_id offset 0) b
  left join authz_role o on o.tenant_id = %(tenant)s and o.id = g.role_id
  left join authz_group gr on g.source = 'group' and gr.tenant_id = %(tenant)s and gr.id = g.source_id
  left join authz_serviceaccount sa
    on g.source = 'service-account' and sa.tenant_id = %(tenant)s and sa.id = g.source_id
  left join endusers_plantier pt on g.source = 'plan' and pt.tenant_id = %(tenant)s and pt.id = g.source_id
  left join lateral (select x.display_name from tenants_profile x
                      where x.tenant_id = %(tenant)s and x.user_id = b.created_by offset 0) gv on true
  left join lateral (select x.display_name from tenants_profile x
                      where x.tenant_id = %(tenant)s and x.user_id = b.ended_by and b.ended_at <= %(at)s
                     offset 0) ev on true
  left join lateral (
    select m.source, m.added_at from authz_groupmember m
     where g.source = 'group' and m.tenant_id = %(tenant)s and m.group_id = g.source_id and m.user_id = %(subject)s
       and m.added_at <= %(at)s and (m.ended_at is null or m.ended_at > %(at)s) limit 1) gm on true
  left join lateral (
    select p.added_at from authz_serviceaccountoperator p
     where g.source = 'service-account' and p.tenant_id = %(tenant)s and p.service_account_id = g.source_id
       and p.user_id = %(subject)s and p.added_at <= %(at)s
       and (p.ended_at is null or p.ended_at > %(at)s) limit 1) op on true
 order by b.created_at, g.binding_id, g.source, g.source_id
"""


@dataclass(frozen=True)
class Item:
    """One binding that reaches the subject. ``source``: direct, group, service-account or plan; ``source_id`` and
    ``source_name`` say which. ``state`` is Rule 4's, first that applies; ``met`` the binding's own state without
    standing and support. ``reached_at``: when the subject came into the group or became operator. The terms are those
    of the moment asked about, in force ``since``; what ended after that moment has no ``ended_at``. ``given_by`` and
    ``ended_by`` are names, None when nobody of the tenant did it.
    """

    binding_id: UUID
    role_id: UUID
    role_name: str
    source: str
    source_id: UUID
    source_name: str
    application_id: UUID | None
    scopes: tuple[str, ...]
    console_permissions: tuple[str, ...]
    met: str
    requires_mfa: bool
    mfa_max_age: timedelta
    ip_ranges: tuple[str, ...]
    not_before: datetime | None
    expires_at: datetime | None
    ended_at: datetime | None
    reason: str
    created_at: datetime
    since: datetime
    given_by: str | None
    member_source: str | None
    reached_at: datetime | None
    ended_by: str | None
    state: str = ""

    @property
    def conditions(self) -> dict[str, Any]:
        """The conditions that are set, in the API's shape."""
        said: dict[str, Any] = {}
        if self.requires_mfa:
            said |= {"mfa_required": True, "mfa_max_age_s": int(self.mfa_max_age.total_seconds())}
        if self.ip_ranges:
            said["allowed_ip_cidrs"] = list(self.ip_ranges)
        if self.not_before:
            said["not_before"] = self.not_before
        return said


def grants_of(
    tenant_id: UUID, subject: Subject, at: datetime, mfa_at: datetime | None, ip: str | None
) -> list[Item]:
    """Every binding that reaches the subject, oldest first, without ``state``. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            GRANTS,
            {
                "tenant": tenant_id,
                "kind": subject.kind,
                "subject": subject.id,
                "name": subject.name,
                "at": at,
                "mfa_at": mfa_at,
                "ip": ip,
            },
        )
        rows = cursor.fetchall()
    return [_item(subject.kind, row) for row in rows]


def _item(subject_kind: str, row: Sequence[Any]) -> Item:
    """A row as an item: arrays as tuples, and a role's power in the console as every action that Cedar gives it."""
    values: list[Any] = [tuple(value) if isinstance(value, list) else value for value in row]
    key, groups, listed = values[POWER]
    role = HeldRole(values[2], key, tenant_groups=frozenset(groups), permissions=frozenset(listed))
    values[POWER] = [tuple(sorted(power_of(subject_kind, [role])))]
    return Item(*values)
