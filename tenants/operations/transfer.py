"""Handing a tenant over: an owner offers, another active member accepts, and both have just proved who they are.

Each verb runs inside the caller's ``tenant_context(tenant_id)``; that both sides re-authenticated is their views'
word. The one who accepts becomes an owner, the one who offered an admin, in one transaction; other owners stay.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from tenants.models import Membership, MemberType, OwnershipTransfer
from tenants.operations.member import change_member_type
from tenants.operations.naming import open_and_locked
from tenants.operations.refusals import NoTransfer, TransferRefused
from tenants.queries import member_names
from tenants.transfer_mail import tell

LIFETIME = timedelta(days=7)
Status = OwnershipTransfer.Status


def offer_transfer(*, tenant_id: UUID, to_user_id: UUID, actor: Actor, now: datetime) -> OwnershipTransfer:
    """Offer the tenant to another active member. An earlier offer of the tenant is cancelled by this one.

    Raises TransferRefused: the actor is no active owner, or the other is no active member.
    """
    open_and_locked(tenant_id)
    types = _types_of(tenant_id, actor.id, to_user_id)
    if actor.kind != "member" or actor.id is None or types.get(actor.id) != MemberType.OWNER:
        raise TransferRefused("Only an active owner can hand the tenant over.")
    if to_user_id == actor.id:
        raise TransferRefused("You own this tenant already.")
    if to_user_id not in types:
        raise TransferRefused("They are no active member of this tenant.")
    cancel_pending(tenant_id=tenant_id, actor=actor, now=now, reason="Another offer took its place.")
    offer = OwnershipTransfer.objects.create(
        tenant_id=tenant_id,
        from_user_id=actor.id,
        to_user_id=to_user_id,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    _record(offer, "transfer.offered", actor, now)
    tell(offer, "offered", to_user_id)
    return offer


def accept_transfer(*, tenant_id: UUID, transfer_id: UUID, actor: Actor, now: datetime) -> OwnershipTransfer:
    """Take the tenant over. The last owner is never missing: the new one is made before the old one steps down.

    Raises NoTransfer, TransferRefused (the offerer is no active owner any more), or what Rule 7 says if the offerer
    does not hold what an owner gains. Already accepted: returned unchanged.
    """
    mine = {"tenant_id": tenant_id, "pk": transfer_id, "to_user_id": actor.id}
    open_and_locked(tenant_id)
    offer = _locked(**mine)
    if offer.status == Status.ACCEPTED:
        return offer
    _still_pending(offer, now)
    if _types_of(tenant_id, offer.from_user_id).get(offer.from_user_id) != MemberType.OWNER:
        raise TransferRefused("Whoever offered it is no active owner any more.")
    _end(offer, Status.ACCEPTED, now)
    # The offerer answers for the new owner's power, the new owner for the offerer's new place (Rule 7).
    names = member_names(tenant_id, [offer.from_user_id])
    offerer = replace(
        actor, id=offer.from_user_id, name=names.get(offer.from_user_id, ""), capacity="owner", mfa_at=None
    )
    both: dict[str, Any] = {"tenant_id": tenant_id, "now": now, "reason": "The tenant was handed over."}
    change_member_type(user_id=offer.to_user_id, type=MemberType.OWNER, actor=offerer, **both)
    change_member_type(user_id=offer.from_user_id, type=MemberType.ADMIN, actor=actor, **both)
    _record(offer, "transfer.accepted", actor, now)
    tell(offer, "accepted", offer.from_user_id)
    return offer


def decline_transfer(*, tenant_id: UUID, transfer_id: UUID, actor: Actor, now: datetime) -> OwnershipTransfer:
    """Leave the tenant with who offered it. Raises NoTransfer; already declined: returned unchanged."""
    offer = _locked(tenant_id=tenant_id, pk=transfer_id, to_user_id=actor.id)
    if offer.status == Status.DECLINED:
        return offer
    _still_pending(offer, now)
    _end(offer, Status.DECLINED, now)
    _record(offer, "transfer.declined", actor, now)
    tell(offer, "declined", offer.from_user_id)
    return offer


def cancel_transfer(*, tenant_id: UUID, transfer_id: UUID, actor: Actor, now: datetime) -> OwnershipTransfer:
    """Take an offer back; whoever may offer may also take back. Raises NoTransfer; already so: unchanged."""
    offer = _locked(tenant_id=tenant_id, pk=transfer_id)
    if offer.status == Status.CANCELLED:
        return offer
    _still_pending(offer, now)
    _end(offer, Status.CANCELLED, now)
    _record(offer, "transfer.cancelled", actor, now)
    return offer


def cancel_pending(
    *, tenant_id: UUID, actor: Actor, now: datetime, reason: str, **whose: UUID
) -> OwnershipTransfer | None:
    """Cancel the tenant's pending offer, if there is one and it is ``whose`` (``from_user_id``, ``to_user_id``)."""
    offer = (
        OwnershipTransfer.objects.select_for_update()
        .filter(tenant_id=tenant_id, status=Status.PENDING, **whose)
        .first()
    )
    if offer is not None and now >= offer.expires_at:
        _end(offer, Status.EXPIRED, offer.expires_at)
    elif offer is not None:
        _end(offer, Status.CANCELLED, now)
        _record(offer, "transfer.cancelled", actor, now, reason=reason)
    return offer


def _types_of(tenant_id: UUID, *user_ids: UUID | None) -> dict[UUID, str]:
    """The types of those who are active members. They stay so: the caller has locked the tenant's row."""
    active = Membership.objects.filter(
        tenant_id=tenant_id, user_id__in=user_ids, status=Membership.Status.ACTIVE
    )
    return dict(active.values_list("user_id", "type"))


def _locked(**which: Any) -> OwnershipTransfer:
    offer = OwnershipTransfer.objects.select_for_update().filter(**which).first()
    if offer is None:
        raise NoTransfer("There is no such offer.")
    return offer


def _still_pending(offer: OwnershipTransfer, now: datetime) -> None:
    if offer.status == Status.PENDING and now >= offer.expires_at:
        raise NoTransfer("The offer has expired.")
    if offer.status != Status.PENDING:
        raise NoTransfer(f"The offer was {offer.get_status_display().lower()}.")


def _end(offer: OwnershipTransfer, status: str, at: datetime) -> None:
    offer.status, offer.ended_at = status, at
    offer.save(update_fields=["status", "ended_at"])


def _record(offer: OwnershipTransfer, action: str, actor: Actor, now: datetime, reason: str = "") -> None:
    names = member_names(offer.tenant_id, [offer.from_user_id, offer.to_user_id])
    record(
        tenant_id=offer.tenant_id,
        actor=actor,
        action=action,
        target_kind="member",
        target_id=offer.to_user_id,
        target_name=names.get(offer.to_user_id, ""),
        now=now,
        reason=reason,
        before=None if offer.status == Status.PENDING else {"status": str(Status.PENDING)},
        after={"from": names.get(offer.from_user_id, ""), "status": str(offer.status)},
    )
