"""The verbs about members, as ``operations/transitions.py`` lists them.

Each runs inside the caller's ``tenant_context(tenant_id)`` and takes its turn on the tenant's row before it locks
anything else. Each raises NotAMember, and WrongStatus where the membership's status does not allow the change.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from tenants.models import Identity, Membership, MemberType, Profile
from tenants.operations import transitions
from tenants.operations.last_owner import keep_an_owner, take_turns
from tenants.operations.plan import keep_within_plan
from tenants.operations.refusals import NotAMember, ReasonRequired
from tenants.operations.transitions import Change
from tenants.operations.user import ensure_user
from tenants.plans import MEMBERS
from tenants.signals import membership_changed

Status = Membership.Status
COUNTS_AS_MEMBERSHIP = (Status.ACTIVE, Status.SUSPENDED)
SUSPENSION = ["status", "suspended_at", "suspended_by", "suspended_reason"]


def add_member(
    *,
    tenant_id: UUID,
    identity: Identity,
    type: str,
    source: str,
    actor: Actor,
    now: datetime,
    invited_by: UUID | None = None,
) -> Membership:
    """Make the identity an active member, or bring one back who left.

    An active or suspended member stays as they are: returned unchanged, without an event. Raises PlanLimit.
    """
    take_turns(tenant_id)
    user = ensure_user(tenant_id=tenant_id, identity=identity, now=now)
    rows = Membership.objects.filter(tenant_id=tenant_id, user=user)
    standing = rows.select_for_update().first()
    change = transitions.change("add_member", standing.status if standing else transitions.NONE)
    membership = standing or Membership(tenant_id=tenant_id, user=user)
    if change is None:
        return membership
    keep_within_plan(tenant_id=tenant_id, what=MEMBERS, now=now, invited_as=identity.email)
    before = _standing(standing) if standing else None
    membership.type, membership.status, membership.source = MemberType(type), Status.ACTIVE, source
    membership.invited_by, membership.joined_at, membership.left_at = invited_by, now, None
    membership.save()
    _changed(membership, before, change.event, actor, now, name=identity.name or identity.email)
    return membership


def suspend_member(*, tenant_id: UUID, user_id: UUID, reason: str, actor: Actor, now: datetime) -> Membership:
    """Suspend a member: console and critical-path power end at the next request. Nothing is revoked (Rule 3).

    Raises ReasonRequired or LastOwner. Already suspended: returned unchanged.
    """
    if not reason.strip():
        raise ReasonRequired("A reason is required.")
    membership, change = _turn("suspend_member", tenant_id, user_id)
    if change is None:
        return membership
    keep_an_owner(membership)
    before = _standing(membership)
    membership.status, membership.suspended_reason = Status(change.after), reason.strip()
    membership.suspended_at, membership.suspended_by = now, actor.id
    membership.save(update_fields=SUSPENSION)
    _changed(membership, before, change.event, actor, now, reason=reason)
    return membership


def reactivate_member(
    *, tenant_id: UUID, user_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> Membership:
    """End a member's suspension. Already active: returned unchanged."""
    membership, change = _turn("reactivate_member", tenant_id, user_id)
    if change is None:
        return membership
    before = _standing(membership) | {"suspended_by": str(membership.suspended_by or "")}
    _end_suspension(membership, change)
    membership.save(update_fields=SUSPENSION)
    _changed(membership, before, change.event, actor, now, reason=reason)
    return membership


def change_member_type(
    *, tenant_id: UUID, user_id: UUID, type: str, actor: Actor, now: datetime, reason: str = ""
) -> Membership:
    """Give a member another type. The type is a label: what they may do follows their bindings.

    Raises ValueError for an unknown type, or LastOwner. Already of that type: returned unchanged.
    """
    wanted = MemberType(type)
    membership, change = _turn("change_member_type", tenant_id, user_id)
    if change is None or membership.type == wanted:
        return membership
    keep_an_owner(membership)
    before = _standing(membership)
    membership.type = wanted
    membership.save(update_fields=["type"])
    _changed(membership, before, change.event, actor, now, reason=reason)
    return membership


def change_member(
    *,
    tenant_id: UUID,
    user_id: UUID,
    actor: Actor,
    now: datetime,
    type: str | None = None,
    status: str | None = None,
    reason: str = "",
) -> Membership:
    """Change type, status (active or suspended) or both, in the caller's transaction; None leaves one as it is.

    Raises what the verbs behind it raise; ValueError for a status that is not set but reached by leaving or inviting.
    """
    membership, _ = _turn("change_member_type", tenant_id, user_id)
    common: dict[str, Any] = {"tenant_id": tenant_id, "user_id": user_id, "actor": actor, "now": now}
    if type is not None:
        membership = change_member_type(**common, type=type, reason=reason)
    if status == Status.SUSPENDED:
        membership = suspend_member(**common, reason=reason)
    elif status == Status.ACTIVE:
        membership = reactivate_member(**common, reason=reason)
    elif status is not None:
        raise ValueError(f"{status} is no status that can be set.")
    return membership


def remove_member(
    *, tenant_id: UUID, user_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> Membership:
    """End a membership (status left). The user row stays, so that every reference to the person still reads.

    The receivers of ``membership_changed`` end group memberships, direct bindings and operator rows (Rule 9) and
    revoke tokens (Rule 3), in this transaction. Whoever removes themselves leaves. Raises LastOwner; already left:
    returned unchanged.
    """
    if actor.kind == "member" and actor.id == user_id:
        return leave_tenant(tenant_id=tenant_id, user_id=user_id, actor=actor, now=now, reason=reason)
    return _end("remove_member", tenant_id, user_id, actor, now, reason)


def leave_tenant(
    *, tenant_id: UUID, user_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> Membership:
    """End one's own membership; as remove_member, but nobody's permission is needed. Raises LastOwner."""
    return _end("leave_tenant", tenant_id, user_id, actor, now, reason)


def note_visit(*, tenant_id: UUID, user_id: UUID, now: datetime) -> None:
    """Remember when a member last came in. No event: nothing about their access changes.

    Never waits: a row that somebody is changing at this moment is left alone.
    """
    free = Membership.objects.select_for_update(skip_locked=True).filter(tenant_id=tenant_id, user_id=user_id)
    Membership.objects.filter(tenant_id=tenant_id, pk__in=free.values("pk")).update(last_seen_at=now)


def _turn(verb: str, tenant_id: UUID, user_id: UUID) -> tuple[Membership, Change | None]:
    """The locked membership, and the change that the verb makes of it."""
    take_turns(tenant_id)
    rows = Membership.objects.select_for_update().filter(tenant_id=tenant_id, user_id=user_id)
    membership = rows.first()
    if membership is None:
        raise NotAMember("This person is not a member here.")
    return membership, transitions.change(verb, membership.status)


def _end(verb: str, tenant_id: UUID, user_id: UUID, actor: Actor, now: datetime, reason: str) -> Membership:
    membership, change = _turn(verb, tenant_id, user_id)
    if change is None:
        return membership
    keep_an_owner(membership)
    before = _standing(membership)
    _end_suspension(membership, change)
    membership.left_at = now
    membership.save(update_fields=[*SUSPENSION, "left_at"])
    _changed(membership, before, change.event, actor, now, reason=reason)
    return membership


def _end_suspension(membership: Membership, change: Change) -> None:
    membership.status, membership.suspended_reason = Status(change.after), ""
    membership.suspended_at = membership.suspended_by = None


def _standing(membership: Membership) -> dict[str, str]:
    return {"type": str(membership.type), "status": str(membership.status)}


def _changed(
    membership: Membership,
    before: dict[str, str] | None,
    event: str,
    actor: Actor,
    now: datetime,
    *,
    reason: str = "",
    name: str = "",
) -> None:
    """Tell the contexts above, then write the event."""
    membership_changed.send(Membership, membership=membership, before=before, actor=actor, now=now)
    profile = Profile.objects.filter(tenant_id=membership.tenant_id, user_id=membership.user_id).first()
    record(
        tenant_id=membership.tenant_id,
        actor=actor,
        action=event,
        target_kind="member",
        target_id=membership.user_id,
        target_name=name or str(profile or membership.user_id),
        now=now,
        reason=reason.strip(),
        before=before,
        after=_standing(membership),
    )
