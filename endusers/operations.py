"""The verbs about consumers: each keeps the change, its history and its audit event in one transaction.

All run inside the caller's ``tenant_context(tenant_id)``.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from endusers.models import EndUser, EndUserTier, PlanTier, StandingChange
from endusers.standing import remember
from tenants.models import Profile
from tenants.operations import keep_within_plan
from tenants.plans import END_USERS

Status = EndUser.Status
MOST_CALLS = 1_000_000_000
LONGEST_WINDOW_S = 31 * 86_400
TICK = timedelta(microseconds=1)
STANDING = "select * from endusers_plantier where tenant_id = %s and ended_at is null"


class EndUserError(Exception):
    """A verb about an end user refused; the text says why in one sentence."""


class NotAnEndUser(EndUserError):
    """The user has no end-user row here: unknown, or a member only."""


class ReasonRequired(EndUserError):
    """A suspension without a reason."""


class UnknownTier(EndUserError):
    """The tenant has no plan tier of this key."""


class WrongLimit(EndUserError):
    """A rate limit that could never be kept, or that would never count."""


@dataclass(frozen=True)
class RateLimit:
    """One person's own limit, in place of their tier's: ``limit`` calls in ``window_s`` seconds, maybe ``until``."""

    limit: int
    window_s: int
    until: datetime | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the row keeps it and introspection reads it; only what is set."""
        said: dict[str, Any] = {"limit": self.limit, "window_s": self.window_s}
        if self.until:
            said["until"] = self.until.isoformat()
        return said | ({"reason": self.reason} if self.reason else {})


def ensure(
    *, tenant_id: UUID, user_id: UUID, actor: Actor, now: datetime, first_consent: bool = True
) -> EndUser:
    """The user's end-user row on the default plan tier, made when missing.

    Safe against a second caller: one row, one event. ``first_consent=False`` lists a person beforehand; the first
    consent of a listed person fills its date. Raises PlanLimit where the tenant's plan lets nobody new in.
    """
    rows = EndUser.objects.filter(tenant_id=tenant_id, user_id=user_id)
    end_user = rows.first()
    if end_user is None:
        keep_within_plan(tenant_id=tenant_id, what=END_USERS, now=now)
        tier = _default_tier(tenant_id)
        consented = now if first_consent else None
        # The loser of a race inserts nothing, waits for the winner here, and finds the history already written.
        EndUser.objects.bulk_create(
            [
                EndUser(
                    user_id=user_id,
                    tenant_id=tenant_id,
                    plan_tier=tier,
                    created_at=now,
                    first_consent_at=consented,
                    last_seen_at=consented,
                )
            ],
            ignore_conflicts=True,
        )
        end_user = rows.select_for_update().get()
        if not EndUserTier.objects.filter(tenant_id=tenant_id, user_id=user_id).exists():
            EndUserTier.objects.create(tenant_id=tenant_id, user_id=user_id, plan_tier=tier, from_at=now)
            _write_standing(end_user, "", actor, now)
            _record(
                end_user,
                "end_user.appeared",
                actor,
                now,
                after={"plan_tier": tier.key, "plan_tier_name": tier.name},
            )
    if first_consent and end_user.first_consent_at is None:
        end_user.first_consent_at = end_user.last_seen_at = now
        end_user.save(update_fields=["first_consent_at", "last_seen_at"])
    return end_user


def suspend(*, tenant_id: UUID, user_id: UUID, reason: str, actor: Actor, now: datetime) -> EndUser:
    """Suspend an end user: one status flips, and the very next introspection answers inactive (Rule 3).

    No token, connection or binding is touched, so that :func:`reactivate` brings everything back. Raises
    ReasonRequired or NotAnEndUser; already suspended: returned unchanged.
    """
    if not reason.strip():
        raise ReasonRequired("A reason is required.")
    end_user = locked(tenant_id, user_id)
    if end_user.status == Status.SUSPENDED:
        return end_user
    before = {"status": str(end_user.status)}
    end_user.status, end_user.suspended_reason = Status.SUSPENDED, reason.strip()
    end_user.suspended_at, end_user.suspended_by = now, actor.id
    _save_status(end_user)
    _write_standing(end_user, before["status"], actor, now, reason.strip())
    after = {"status": str(end_user.status)}
    _record(end_user, "end_user.suspended", actor, now, reason=reason.strip(), before=before, after=after)
    return end_user


def reactivate(*, tenant_id: UUID, user_id: UUID, actor: Actor, now: datetime, reason: str = "") -> EndUser:
    """End a suspension: the tokens and connections that stood before work again at the next call.

    Raises NotAnEndUser; already active: returned unchanged.
    """
    end_user = locked(tenant_id, user_id)
    if end_user.status == Status.ACTIVE:
        return end_user
    before = {"status": str(end_user.status), "suspended_reason": end_user.suspended_reason}
    end_user.status, end_user.suspended_reason = Status.ACTIVE, ""
    end_user.suspended_at = end_user.suspended_by = None
    _save_status(end_user)
    _write_standing(end_user, before["status"], actor, now, reason.strip())
    after = {"status": str(end_user.status)}
    _record(end_user, "end_user.reactivated", actor, now, reason=reason.strip(), before=before, after=after)
    return end_user


def set_plan_tier(
    *, tenant_id: UUID, user_id: UUID, tier_key: str, actor: Actor, now: datetime, reason: str = ""
) -> EndUser:
    """Move an end user to another plan tier; what it gives counts at the next introspection (Rule 8).

    Raises UnknownTier or NotAnEndUser; already there: returned unchanged.
    """
    tier = standing_tier(tenant_id, tier_key)
    end_user = locked(tenant_id, user_id)
    if end_user.plan_tier_id == tier.id:
        return end_user
    was = end_user.plan_tier
    end_user.plan_tier = tier
    end_user.save(update_fields=["plan_tier"])
    now = moment_of_change(end_user, now)
    _write_tier(end_user, now)
    _record(
        end_user,
        "end_user.tier_changed",
        actor,
        now,
        reason=reason.strip(),
        before={"plan_tier": was.key, "plan_tier_name": was.name},
        after={"plan_tier": tier.key, "plan_tier_name": tier.name},
    )
    return end_user


def set_rate_limit(
    *,
    tenant_id: UUID,
    user_id: UUID,
    override: RateLimit | None,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> EndUser:
    """Give an end user a limit of their own, or (None, perhaps with a reason) the tier's back; counts at the next
    introspection.

    Raises WrongLimit or NotAnEndUser; the same limit already: returned unchanged.
    """
    if override and not (1 <= override.limit <= MOST_CALLS and 1 <= override.window_s <= LONGEST_WINDOW_S):
        raise WrongLimit(f"1 to {MOST_CALLS} calls in 1 to {LONGEST_WINDOW_S} seconds.")
    if override and override.until and override.until <= now:
        raise WrongLimit("This is over already: it would never count.")
    end_user = locked(tenant_id, user_id)
    before, after = end_user.rate_limit_override, override.as_json() if override else None
    if before == after:
        return end_user
    end_user.rate_limit_override = after
    end_user.save(update_fields=["rate_limit_override"])
    action = "end_user.rate_limit_set" if override else "end_user.rate_limit_cleared"
    reason = override.reason if override else reason
    _record(end_user, action, actor, now, reason=reason, before=before, after=after)
    return end_user


def standing_tier(tenant_id: UUID, key: str) -> PlanTier:
    """The tier of this key that people can be put on, kept from being retired until the transaction ends.

    Many may hold this lock at once. Raises UnknownTier for a key that the tenant has not, or whose tier is retired.
    """
    for tier in PlanTier.objects.raw(f"{STANDING} and key = %s for key share", [tenant_id, key]):
        return tier
    raise UnknownTier(f"There is no plan tier “{key}” here.")


def standing_tiers(tenant_id: UUID) -> list[PlanTier]:
    """All tiers that people can be put on, locked likewise."""
    return list(PlanTier.objects.raw(f"{STANDING} for key share", [tenant_id]))


def moment_of_change(end_user: EndUser, now: datetime) -> datetime:
    """At which moment a change of this person's tier counts, once their row is locked: ``now``, or, where the clock is
    behind the one that wrote the last change, just after that. So no two of a person's changes have the same moment,
    and the later one has the later.
    """
    whose = {"tenant_id": end_user.tenant_id, "user_id": end_user.user_id}
    last = EndUserTier.objects.filter(**whose, to_at=None).values_list("from_at", flat=True).first()
    return max(now, last + TICK) if last else now


def locked(tenant_id: UUID, user_id: UUID) -> EndUser:
    """The end user's row, locked. Raises NotAnEndUser."""
    end_user = EndUser.objects.select_for_update().filter(tenant_id=tenant_id, user_id=user_id).first()
    if end_user is None:
        raise NotAnEndUser("This person is not an end user here.")
    return end_user


def _default_tier(tenant_id: UUID) -> PlanTier:
    """The default tier, locked likewise. Asked again where another one became it while the lock was waited for."""
    asked = (f"{STANDING} and is_default for key share", [tenant_id])
    [tier] = list(PlanTier.objects.raw(*asked)) or list(PlanTier.objects.raw(*asked))
    return tier


def _save_status(end_user: EndUser) -> None:
    end_user.save(update_fields=["status", "suspended_at", "suspended_by", "suspended_reason"])


def _write_standing(end_user: EndUser, before: str, actor: Actor, now: datetime, reason: str = "") -> None:
    remember(
        tenant_id=end_user.tenant_id,
        user_id=end_user.user_id,
        capacity=StandingChange.Capacity.END_USER,
        from_status=before,
        to_status=end_user.status,
        now=now,
        by=actor.id,
        reason=reason,
    )


def _write_tier(end_user: EndUser, now: datetime) -> None:
    """Close the tier that was held and open the new one."""
    whose = {"tenant_id": end_user.tenant_id, "user_id": end_user.user_id}
    EndUserTier.objects.filter(**whose, to_at=None).update(to_at=now)
    EndUserTier.objects.create(**whose, plan_tier_id=end_user.plan_tier_id, from_at=now)


def _record(end_user: EndUser, action: str, actor: Actor, now: datetime, **rest: Any) -> None:
    profile = Profile.objects.filter(tenant_id=end_user.tenant_id, user_id=end_user.user_id).first()
    record(
        tenant_id=end_user.tenant_id,
        actor=actor,
        action=action,
        target_kind="end_user",
        target_id=end_user.user_id,
        target_name=str(profile or end_user.user_id),
        now=now,
        **rest,
    )
