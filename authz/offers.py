"""What an invitation may give (Rule 7): judged when it is made, and again when it is taken."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.dispatch import receiver
from django.utils import timezone

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authz import bindings, system_roles
from authz.cedar import engine
from authz.console import forbid_escalation
from authz.contents import contents_of
from authz.models import Role
from authz.refusals import Escalation
from tenants.models import MemberType
from tenants.signals import member_type_offered

INVITE, MAKE_OWNERS = "org:invite", "org:make_owners"
# Roles that a subject in good standing holds tenant-wide, conditions aside: a second factor and an address were looked
# at when the invitation was made, and nobody but the invitee is there when it is taken.
ROLES = """
select distinct g.role_id
  from effective_grants(%(tenant)s, %(kind)s, %(subject)s, %(at)s, %(at)s, null) g
 where g.application_id is null and g.source <> 'plan'
   and g.state in ('active', 'pending_step_up', 'missing_context', 'outside_ip')
   and (exists (select from tenants_membership m where %(kind)s = 'user' and m.tenant_id = %(tenant)s
                   and m.user_id = %(subject)s and m.status = 'active')
        or exists (select from authz_serviceaccount a where %(kind)s = 'service_account' and a.tenant_id = %(tenant)s
                   and a.id = %(subject)s and (a.ended_at is null or a.ended_at > %(at)s)))
"""


@receiver(member_type_offered)
def judge(
    *,
    tenant_id: UUID,
    type: str,
    actor: Actor,
    now: datetime,
    accepted: bool,
    user_id: UUID | None,
    **_: Any,
) -> None:
    """Raise Escalation unless the actor holds what the type's system role gives, and may invite.

    When it is taken, also what groups and bindings hold ready for this person: becoming a member awakes it.
    """
    with tenant_context(tenant_id):
        wanted = _needed(tenant_id, type)
        if not accepted:
            permissions = [(name, None) for name in wanted]
            forbid_escalation(tenant_id=tenant_id, actor=actor, permissions=permissions, now=now)
            return
        if user_id is not None:
            wanted |= {name for name, _ in bindings.console_permissions_reaching(tenant_id, user_id)}
        if missing := wanted - _standing_power(tenant_id, actor, now):
            raise Escalation(missing)


def _needed(tenant_id: UUID, member_type: str) -> set[str]:
    """The console permissions of the type's role as it is now. Only who may make owners invites one."""
    role = Role.objects.get(tenant_id=tenant_id, system_key=system_roles.key_of(member_type))
    owners = {MAKE_OWNERS} if member_type == MemberType.OWNER else set()
    return {INVITE, *bindings.console_permissions(tenant_id, role.pk)} | owners


def _standing_power(tenant_id: UUID, actor: Actor, now: datetime) -> set[str]:
    """What the actor holds tenant-wide today, conditions aside; the system holds everything."""
    if actor.kind == "system":
        return set(engine.actions())
    if actor.kind not in ("member", "service_account") or actor.id is None:
        return set()
    kind = "user" if actor.kind == "member" else "service_account"
    with connection.cursor() as cursor:
        at = max(now, timezone.now())  # whoever accepts may have waited for their turn
        cursor.execute(ROLES, {"tenant": tenant_id, "kind": kind, "subject": actor.id, "at": at})
        ids = [role_id for (role_id,) in cursor.fetchall()]
    roles = Role.objects.filter(tenant_id=tenant_id, pk__in=ids, ended_at=None)
    return {name for held in contents_of(roles).values() for name in held.console_permissions}
