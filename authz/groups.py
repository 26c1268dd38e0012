"""The verbs of groups: create, change, fill, empty, end what they give, archive."""

from datetime import datetime
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authz import bindings
from authz.group_members import add_members, remove_member, remove_members
from authz.models import Binding, Group
from authz.named import GROUPS
from authz.system_roles import OWNER_ROLE
from tenants.operations import take_turns

__all__ = [
    "add_members",
    "archive",
    "create",
    "edit",
    "end_access",
    "remove_member",
    "remove_members",
]


def create(*, tenant_id: UUID, name: str, description: str = "", actor: Actor, now: datetime) -> Group:
    """Create an empty group. Raises Refused for a blank, long or taken name."""
    with tenant_context(tenant_id):
        return GROUPS.open(tenant_id, name, description, actor, now)


def edit(
    *,
    tenant_id: UUID,
    group_id: UUID,
    name: str | None = None,
    description: str | None = None,
    actor: Actor,
    now: datetime,
) -> Group:
    """Rename a group or say anew what it is for; None leaves a part as it is."""
    with tenant_context(tenant_id):
        return GROUPS.change(tenant_id, group_id, name, description, actor, now)


def end_access(
    *, tenant_id: UUID, group_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> list[Binding]:
    """End every binding of the group at once, all or none; its people stay in it, and it can be bound anew.

    Each ends as :func:`authz.bindings.end` ends it, with its own event, and may raise what that raises. Returns those
    that ended now, none where the group gave nothing. Raises Refused for an archived group.
    """
    with tenant_context(tenant_id):
        standing = Binding.objects.filter(tenant_id=tenant_id, group_id=group_id, ended_at=None)
        if standing.filter(role__system_key=OWNER_ROLE).exists():
            take_turns(tenant_id)  # before any other lock, as the verbs of members do
        group = GROUPS.standing(tenant_id, group_id)
        ended = [
            bindings.end(tenant_id=tenant_id, binding_id=key, actor=actor, now=now, reason=reason)
            for key in standing.order_by("created_at", "id").values_list("pk", flat=True)
        ]
        if ended:
            GROUPS.note(
                "access_ended", group, actor, now, reason=reason.strip(), before={"bindings": len(ended)}
            )
    return ended


def archive(*, tenant_id: UUID, group_id: UUID, actor: Actor, now: datetime, reason: str = "") -> Group:
    """Close a group: what its bindings gave is gone at once. It stays as history and is never opened again, so that
    "what did it give in March" has one answer; make a new group instead. A group of owners is for those who make them.
    """
    with tenant_context(tenant_id):
        group = GROUPS.found(tenant_id, group_id)
        bindings.leave_owners_to_owners(actor, now, tenant_id=tenant_id, group_id=group_id)
        return GROUPS.close(group, "archived", actor, now, reason)
