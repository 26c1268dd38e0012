"""What is given here time and again, so that a first elevation asks for no more than a choice and a yes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection

from authz.conditions import conditions_of
from authz.models import SUBJECTS, Binding

LATEST, FEW = 500, 5
# Of the latest bindings the most frequent pairs of role and Application, those of the subject itself first, each as it
# was given last. What a member's type gives is no elevation.
OFTEN = """
with lately as (
  select b.id, b.role_id, b.application_id, b.created_at,
         coalesce(b.user_id = %(user_id)s or b.group_id = %(group_id)s
                  or b.service_account_id = %(service_account_id)s, false) as theirs
    from authz_binding b
    join authz_role r on r.tenant_id = %(tenant)s and r.id = b.role_id and r.system_key = '' and r.ended_at is null
   where b.tenant_id = %(tenant)s and b.superseded_by_id is null
   order by b.created_at desc, b.id desc limit %(latest)s
), pairs as (
  select distinct on (role_id, application_id) l.id, l.role_id, l.application_id,
         bool_or(theirs) over pair as theirs, count(*) over pair as times
    from lately l window pair as (partition by role_id, application_id)
   order by role_id, application_id, created_at desc, id desc
)
select p.id from pairs p
  left join authz_application a on a.tenant_id = %(tenant)s and a.id = p.application_id
 where (p.application_id is null or a.ended_at is null)
   and not exists (
     select from authz_binding h
      where h.tenant_id = %(tenant)s and h.role_id = p.role_id and h.ended_at is null
        and (h.expires_at is null or h.expires_at > %(now)s)
        and h.application_id is not distinct from p.application_id
        and (h.user_id = %(user_id)s or h.group_id = %(group_id)s or h.service_account_id = %(service_account_id)s
             or h.plan_tier_id = (select e.plan_tier_id from endusers_enduser e
                                   where e.tenant_id = %(tenant)s and e.user_id = %(user_id)s)
             or h.group_id in (select m.group_id from authz_groupmember m
                                where m.tenant_id = %(tenant)s and m.user_id = %(user_id)s and m.ended_at is null)))
 order by p.theirs desc, p.times desc, p.id desc limit %(few)s
"""
NOBODY = {f"{subject}_id": None for subject in SUBJECTS}


@dataclass(frozen=True)
class Elevation:
    """A role to give for four hours, under the conditions under which it was given last. ``answers``: the form's, as
    the part of an address.
    """

    role: str
    application: str
    condition: str
    answers: str


def elevations(tenant_id: UUID, subject: Mapping[str, UUID | None], now: datetime) -> list[Elevation]:
    """What to offer for a subject (bind's subject arguments; none: for anybody), nothing that they hold anyway. Two
    statements.
    """
    asked = {**NOBODY, **subject, "tenant": tenant_id, "now": now, "latest": LATEST, "few": FEW}
    with connection.cursor() as cursor:
        cursor.execute(OFTEN, asked)
        keys = [key for (key,) in cursor.fetchall()]
    rows = Binding.objects.select_related("role", "application").in_bulk(keys) if keys else {}
    return [_offered(rows[key]) for key in keys]


def _offered(binding: Binding) -> Elevation:
    conditions = conditions_of(binding)
    answers: dict[str, Any] = {
        "role": binding.role_id,
        "application": binding.application_id or "",
        "mfa_within": conditions.mfa_max_age_s or "",
        "addresses": " ".join(conditions.allowed_ip_cidrs),
        "ends": "4h",
    }
    return Elevation(
        binding.role.name,
        binding.application.name if binding.application else "",
        "mfa" if conditions.mfa_required else "address" if conditions.allowed_ip_cidrs else "",
        urlencode({name: value for name, value in answers.items() if value}),
    )
