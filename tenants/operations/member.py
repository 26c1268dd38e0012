"""The verbs about members. Each runs inside the caller's ``tenant_context(tenant_id)``."""

from datetime import datetime
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from tenants.models import Identity, Membership, MemberType, Profile, Tenant
from tenants.operations.refusals import LastOwner, NotAMember, ReasonRequired
from tenants.operations.user import ensure_user
from tenants.signals import membership_changed

Status = Membership.Status
COUNTS_AS_MEMBERSHIP = (Status.ACTIVE, Status.SUSPENDED)


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

    An active or suspended member stays as they are: returned unchanged, without an event.
    """
    user = ensure_user(tenant_id=tenant_id, identity=identity, now=now)
    rows = Membership.objects.filter(tenant_id=tenant_id, user=user)
    Membership.objects.bulk_create(
        [
            Membership(
                tenant_id=tenant_id, user=user, type=type, status=Status.LEFT, source=source, joined_at=now
            )
        ],
        ignore_conflicts=True,
    )
    membership = rows.select_for_update().get()
    if membership.status in COUNTS_AS_MEMBERSHIP:
        return membership
    before = _standing(membership) if membership.left_at or membership.status == Status.INVITED else None
    membership.type, membership.status, membership.source = type, Status.ACTIVE, source
    membership.invited_by, membership.joined_at, membership.left_at = invited_by, now, None
    membership.save()
    _changed(membership, before, "member.added", actor, now, name=identity.name or identity.email)
    return membership


def suspend_member(*, tenant_id: UUID, user_id: UUID, reason: str, actor: Actor, now: datetime) -> Membership:
    """Suspend a member: console and critical-path power end at the next request. Nothing is revoked (Rule 3).

    Raises ReasonRequired, NotAMember or LastOwner. Already suspended: returned unchanged.
    """
    if not reason.strip():
        raise ReasonRequired("A reason is required.")
    membership = _locked(tenant_id, user_id)
    if membership.status == Status.SUSPENDED:
        return membership
    _keep_an_owner(membership)
    before = _standing(membership)
    membership.status, membership.suspended_reason = Status.SUSPENDED, reason.strip()
    membership.suspended_at, membership.suspended_by = now, actor.id
    membership.save(update_fields=["status", "suspended_at", "suspended_by", "suspended_reason"])
    _changed(membership, before, "member.suspended", actor, now, reason=reason.strip())
    return membership


def reactivate_member(
    *, tenant_id: UUID, user_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> Membership:
    """End a member's suspension. Raises NotAMember; already active: returned unchanged."""
    membership = _locked(tenant_id, user_id)
    if membership.status == Status.ACTIVE:
        return membership
    before = _standing(membership)
    membership.status, membership.suspended_reason = Status.ACTIVE, ""
    membership.suspended_at = membership.suspended_by = None
    membership.save(update_fields=["status", "suspended_at", "suspended_by", "suspended_reason"])
    _changed(membership, before, "member.reactivated", actor, now, reason=reason.strip())
    return membership


def change_member_type(
    *, tenant_id: UUID, user_id: UUID, type: str, actor: Actor, now: datetime, reason: str = ""
) -> Membership:
    """Give a member another type. The type is a label: what they may do follows their bindings.

    Raises ValueError for an unknown type, NotAMember or LastOwner.
    """
    wanted = MemberType(type)
    membership = _locked(tenant_id, user_id)
    if membership.type == wanted:
        return membership
    _keep_an_owner(membership)
    before = _standing(membership)
    membership.type = wanted
    membership.save(update_fields=["type"])
    _changed(membership, before, "member.type_changed", actor, now, reason=reason.strip())
    return membership


def remove_member(
    *, tenant_id: UUID, user_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> Membership:
    """End a membership (status left). The user row stays, so that every reference to the person still reads.

    The receivers of ``membership_changed`` end group memberships, direct bindings and operator rows (Rule 9) and
    revoke tokens (Rule 3), in this transaction. Raises NotAMember or LastOwner.
    """
    membership = _locked(tenant_id, user_id)
    _keep_an_owner(membership)
    before = _standing(membership)
    membership.status, membership.left_at = Status.LEFT, now
    membership.suspended_at = membership.suspended_by = None
    membership.suspended_reason = ""
    membership.save(update_fields=["status", "left_at", "suspended_at", "suspended_by", "suspended_reason"])
    action = "member.left" if actor.id == user_id else "member.removed"
    _changed(membership, before, action, actor, now, reason=reason.strip())
    return membership


def note_visit(*, tenant_id: UUID, user_id: UUID, now: datetime) -> None:
    """Remember when a member last came in. No event: nothing about their access changes."""
    Membership.objects.filter(tenant_id=tenant_id, user_id=user_id).update(last_seen_at=now)


def _keep_an_owner(membership: Membership) -> None:
    """Raise LastOwner if nobody else is an active owner (Rule 6).

    Such changes take turns on the tenant's row, so that two demotions cannot each count on the other's owner. The
    trigger of sql/last_owner.sql says the same to whatever does not come through these verbs.
    """
    if (membership.type, membership.status) != (MemberType.OWNER, Status.ACTIVE):
        return
    Tenant.objects.select_for_update(no_key=True).only("id").get(pk=membership.tenant_id)
    owners = Membership.objects.filter(
        tenant_id=membership.tenant_id, type=MemberType.OWNER, status=Status.ACTIVE
    )
    if not owners.exclude(pk=membership.pk).exists():
        raise LastOwner


def _locked(tenant_id: UUID, user_id: UUID) -> Membership:
    membership = (
        Membership.objects.select_for_update()
        .filter(tenant_id=tenant_id, user_id=user_id, status__in=COUNTS_AS_MEMBERSHIP)
        .first()
    )
    if membership is None:
        raise NotAMember("This person is not a member here.")
    return membership


def _standing(membership: Membership) -> dict[str, str]:
    return {"type": str(membership.type), "status": str(membership.status)}


def _changed(
    membership: Membership,
    before: dict[str, str] | None,
    action: str,
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
        action=action,
        target_kind="member",
        target_id=membership.user_id,
        target_name=name or str(profile or membership.user_id),
        now=now,
        reason=reason,
        before=before,
        after=_standing(membership),
    )
