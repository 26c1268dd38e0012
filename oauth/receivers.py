"""What changes of a membership mean for tokens."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from authsec.audit.actor import Actor
from oauth import tokens
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
