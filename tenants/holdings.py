"""What a person holds in a tenant right now: what a page says that a change stops or ends."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import ngettext

# One statement. Rows of the contexts above are counted here by table name, as the team's roles are (tenants/team.py).
SQL = """
select (select count(*) from oauth_accesstoken a
         where a.tenant_id = %(tenant)s and a.subject = %(user)s and a.expires > %(now)s)
     + (select count(*) from oauth_refreshtoken r
         where r.tenant_id = %(tenant)s and r.subject = %(user)s and r.revoked is null and r.expires > %(now)s),
       (select count(*) from authz_binding b
         where b.tenant_id = %(tenant)s and b.user_id = %(user)s and b.ended_at is null
           and (b.expires_at is null or b.expires_at > %(now)s)),
       coalesce((select jsonb_agg(jsonb_build_array(g.id, g.name, m.source) order by g.name)
                   from authz_groupmember m
                   join authz_group g on g.tenant_id = %(tenant)s and g.id = m.group_id and g.ended_at is null
                  where m.tenant_id = %(tenant)s and m.user_id = %(user)s and m.ended_at is null), '[]'),
       coalesce((select jsonb_agg(jsonb_build_array(s.id, s.name) order by s.name)
                   from authz_serviceaccountoperator o
                   join authz_serviceaccount s
                     on s.tenant_id = %(tenant)s and s.id = o.service_account_id and s.ended_at is null
                  where o.tenant_id = %(tenant)s and o.user_id = %(user)s and o.ended_at is null), '[]'),
       e.status, t.name
  from (values (1)) one
  left join endusers_enduser e on e.tenant_id = %(tenant)s and e.user_id = %(user)s
  left join endusers_plantier t on t.tenant_id = %(tenant)s and t.id = e.plan_tier_id
"""


@dataclass(frozen=True)
class Holdings:
    """``tokens``: live access and refresh tokens for this tenant's Applications. ``roles``: direct bindings.

    ``groups``: (id, name, source), ``accounts``: operated service accounts as (id, name). ``end_user_status`` and
    ``plan_tier`` are None for somebody who never was an end user here.
    """

    tokens: int
    roles: int
    groups: tuple[tuple[str, str, str], ...]
    accounts: tuple[tuple[str, str], ...]
    end_user_status: str | None
    plan_tier: str | None

    def stopping(self) -> list[tuple[int, str]]:
        """What a suspension stops, in numbers."""
        return [
            (self.tokens, ngettext("token answers inactive now", "tokens answer inactive now", self.tokens)),
            (len(self.groups), ngettext("group stays as it is", "groups stay as they are", len(self.groups))),
            (self.roles, ngettext("direct role stays", "direct roles stay", self.roles)),
        ]

    def ending(self) -> list[tuple[int, str]]:
        """What leaving or being removed ends, in numbers."""
        groups, accounts = len(self.groups), len(self.accounts)
        lines = [
            (self.tokens, ngettext("token is revoked now", "tokens are revoked now", self.tokens)),
            (self.roles, ngettext("direct role ends", "direct roles end", self.roles)),
            (groups, ngettext("group loses them", "groups lose them", groups)),
        ]
        if accounts:
            operated = ngettext(
                "service account loses its operator", "service accounts lose an operator", accounts
            )
            lines.append((accounts, operated))
        return lines

    def resuming(self) -> list[tuple[int, str]]:
        """What a reactivation brings back, in numbers."""
        return [
            (self.tokens, ngettext("token works again", "tokens work again", self.tokens)),
            (len(self.groups), ngettext("group counts again", "groups count again", len(self.groups))),
            (self.roles, ngettext("direct role counts again", "direct roles count again", self.roles)),
        ]


def holdings(tenant_id: UUID, user_id: UUID, now: datetime) -> Holdings:
    """What this person holds in the tenant now. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(SQL, {"tenant": tenant_id, "user": user_id, "now": now})
        tokens, roles, groups, accounts, status, tier = cursor.fetchone()
    return Holdings(tokens, roles, _tuples(groups), _tuples(accounts), status, tier)


def _tuples(rows: Any) -> tuple[Any, ...]:
    """A JSON array of arrays; the driver may hand it over as text."""
    found = json.loads(rows) if isinstance(rows, str) else rows
    return tuple(tuple(row) for row in found)
