"""How a billing system moves a consumer between tiers: as often as it likes to say it, and in whatever order."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from authsec.audit.actor import Actor
from endusers.models import EndUser, EndUserTier, PlanTier, TierMove
from endusers.operations import EndUserError, locked, moment_of_change, set_plan_tier, standing_tier

Outcome = TierMove.Outcome
AHEAD = timedelta(minutes=5)  # how far another machine's clock may be before ours


class ReferenceReused(EndUserError):
    """This reference stands for another change already."""


class NotYetDue(EndUserError):
    """The change takes effect later: it is to be sent then."""


def move(
    *,
    tenant_id: UUID,
    user_id: UUID,
    tier_key: str,
    reference: str,
    effective_at: datetime | None = None,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> TierMove:
    """Put an end user on a tier because a billing system says so under ``reference``, its own id of the event.

    The same reference again is answered from what was kept and changes nothing. Of two changes the one that took
    effect later stands, in whatever order they come: one that took effect before what is known already (an earlier
    call, or an operator's change) is SUPERSEDED and changes nothing; it is kept all the same. The tier that a first
    consent gave is nobody's decision and supersedes nothing. Without ``effective_at`` the call counts from when it
    comes, after everything that is known. Raises NotAnEndUser, UnknownTier, ReferenceReused, and
    NotYetDue for an ``effective_at`` in the future.
    """
    kept = _kept(tenant_id, reference, user_id, tier_key)
    if kept:
        return kept
    if effective_at and effective_at > now + AHEAD:
        raise NotYetDue("This takes effect later. Send it then.")
    tier = standing_tier(tenant_id, tier_key)
    end_user = locked(tenant_id, user_id)
    # The moment under which the history will know it, whatever our clock says: ``_last_decided`` finds it by that.
    at, known = moment_of_change(end_user, now), _last_decided(end_user)
    effective_at = effective_at or max(now, known or now)
    entry = TierMove(
        tenant_id=tenant_id,
        user_id=user_id,
        reference=reference,
        plan_tier=tier,
        was_id=end_user.plan_tier_id,
        outcome=_outcome(end_user, tier, superseded=bool(known and effective_at < known)),
        effective_at=effective_at,
        at=at,
        by=actor.id,
    )
    try:
        with transaction.atomic():
            entry.save(force_insert=True)
    except IntegrityError:  # the same call, at the same moment, was first
        again = _kept(tenant_id, reference, user_id, tier_key)
        if again is None:
            raise
        return again
    if entry.outcome == Outcome.MOVED:
        said = reason.strip() or f"Billing: {reference}"
        set_plan_tier(
            tenant_id=tenant_id, user_id=user_id, tier_key=tier_key, reason=said, actor=actor, now=at
        )
    return entry


def _kept(tenant_id: UUID, reference: str, user_id: UUID, tier_key: str) -> TierMove | None:
    found = TierMove.objects.filter(tenant_id=tenant_id, reference=reference)
    kept = found.select_related("plan_tier", "was").first()
    if kept and (kept.user_id, kept.plan_tier.key) != (user_id, tier_key):
        raise ReferenceReused("This reference stands for a change of another person or to another tier.")
    return kept


def _outcome(end_user: EndUser, tier: PlanTier, *, superseded: bool) -> str:
    if superseded:
        return Outcome.SUPERSEDED
    return Outcome.ALREADY if end_user.plan_tier_id == tier.pk else Outcome.MOVED


def _last_decided(end_user: EndUser) -> datetime | None:
    """From when what is known of the person's tier takes effect; None where nobody ever decided it."""
    whose = {"tenant_id": end_user.tenant_id, "user_id": end_user.pk}
    moves = TierMove.objects.filter(**whose).exclude(outcome=Outcome.SUPERSEDED).order_by("-effective_at")
    latest = moves.first()
    held = EndUserTier.objects.filter(**whose, to_at=None).first()
    born_with_it = not EndUserTier.objects.filter(**whose).exclude(to_at=None).exists()
    asked_for = held and moves.filter(outcome=Outcome.MOVED, at=held.from_at).exists()
    moments = [latest.effective_at] if latest else []
    if held and not born_with_it and not asked_for:
        moments.append(held.from_at)
    return max(moments, default=None)
