"""The second, irreversible action beside suspension: a use case of two contexts, so it lives in the upper one."""

from datetime import datetime
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from endusers import operations as endusers
from oauth import tokens
from tenants.models import Profile


def revoke_tokens(*, tenant_id: UUID, user_id: UUID, actor: Actor, now: datetime, reason: str = "") -> int:
    """Kill every token of a person for this tenant's Applications. Consents stay. Returns how many died."""
    died = tokens.revoke_held(tokens.held_by(tenant_id=tenant_id, subject=user_id), now=now)
    profile = Profile.objects.filter(tenant_id=tenant_id, user_id=user_id).first()
    record(
        tenant_id=tenant_id,
        actor=actor,
        action="tokens.revoked",
        target_kind="end_user",
        target_id=user_id,
        target_name=str(profile or user_id),
        now=now,
        reason=reason,
        after={"tokens": died},
    )
    return died


def suspend_and_revoke(*, tenant_id: UUID, user_id: UUID, reason: str, actor: Actor, now: datetime) -> int:
    """Suspend an end user and kill their tokens for good. Returns how many died.

    Raises what :func:`endusers.operations.suspend` raises. Reactivation later does not bring the tokens back.
    """
    endusers.suspend(tenant_id=tenant_id, user_id=user_id, reason=reason, actor=actor, now=now)
    return revoke_tokens(tenant_id=tenant_id, user_id=user_id, actor=actor, now=now, reason=reason)
