"""What changes of a membership mean for tokens, and what the end of a session or of standing means for clients."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models.signals import post_save
from django.dispatch import receiver

from authsec.audit.actor import Actor
from authsec.sessions import session_ended
from endusers.models import StandingChange
from endusers.signals import standing_lost
from oauth import client_sessions, tokens
from tenants.models import Membership
from tenants.signals import membership_changed


@receiver(membership_changed)
def revoke_tokens_of_who_left(
    sender: Any,
    membership: Membership,
    before: dict[str, Any] | None,
    actor: Actor,
    now: datetime,
    **_: Any,
) -> None:
    """Removal also ends the person's tokens for this tenant's Applications (Rule 3). Suspension touches none."""
    if membership.status == Membership.Status.LEFT and before and before["status"] != Membership.Status.LEFT:
        held = tokens.held_by(tenant_id=membership.tenant_id, subject=membership.user_id)
        tokens.revoke_held(held, now=now)


@receiver(session_ended, dispatch_uid="oauth.tell_clients")
def tell_clients(sender: Any, sid: UUID, reason: str, now: datetime, **_: Any) -> None:
    """Clients at which the session signed somebody in hear that it is over."""
    client_sessions.end_session(session=sid, reason=reason, now=now)


@receiver(standing_lost, dispatch_uid="oauth.sign_out_all_who_lost_standing")
def sign_out_all_who_lost_standing(
    sender: Any, tenant_id: UUID, user_ids: list[UUID], now: datetime, **_: Any
) -> None:
    """The same of many whom one statement suspended."""
    client_sessions.end_people(tenant_id=tenant_id, user_ids=user_ids, now=now)


@receiver(post_save, sender=StandingChange, dispatch_uid="oauth.sign_out_who_lost_standing")
def sign_out_who_lost_standing(sender: Any, instance: StandingChange, created: bool, **_: Any) -> None:
    """Whoever is suspended or removed is signed out of the tenant's clients, for which the session lives on."""
    changed = instance.from_status != instance.to_status
    if created and changed and instance.to_status in (Membership.Status.SUSPENDED, Membership.Status.LEFT):
        client_sessions.end_person(tenant_id=instance.tenant_id, user_id=instance.user_id, now=instance.at)
