"""The verbs about plan tiers: create, change, make the default, retire.

All run inside the caller's ``tenant_context(tenant_id)``, one at a time in a tenant, which always has one default tier.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from authsec.jobs.models import Job
from endusers.bulk import jobs
from endusers.bulk.selection import Selection
from endusers.bulk.verbs import VERBS
from endusers.models import EndUser, PlanTier
from endusers.operations import LONGEST_WINDOW_S, MOST_CALLS, EndUserError, UnknownTier, standing_tier
from endusers.queries import Filters
from tenants.operations import take_turns

MOST_TIERS = 50
# A letter first, and never what reads as an id: an address names a tier by either.
KEY = re.compile(r"[a-z][a-z0-9_-]{0,39}")
RESERVED = {"new"}
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class WrongTier(EndUserError):
    """What was given for a tier can't be: ``errors`` maps a field's name to a sentence."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__(" ".join(self.errors.values()))


class TierInUse(EndUserError):
    """The tier is the default one, or somebody holds it and nothing says where they go."""


class TierRetired(EndUserError):
    """The tier is retired, and stays so."""


@dataclass(frozen=True)
class TierLimit:
    """``limit`` calls in ``window_s`` seconds, for everybody on the tier who has no limit of their own."""

    limit: int
    window_s: int = 60

    def as_json(self) -> dict[str, int]:
        """As events and the API say it."""
        return {"limit": self.limit, "window_s": self.window_s}


UNCHANGED = TierLimit(0, 0)


def limit_of(tier: PlanTier) -> TierLimit | None:
    """A tier's limit; None for one that sets none."""
    return TierLimit(tier.rate_limit, tier.rate_window_s) if tier.rate_limit else None


def create(
    *,
    tenant_id: UUID,
    key: str,
    name: str,
    rate_limit: TierLimit | None = None,
    actor: Actor,
    now: datetime,
) -> PlanTier:
    """A new tier, which nobody holds and which gives nothing until a role is bound to it. Raises WrongTier."""
    take_turns(tenant_id)
    tiers = PlanTier.objects.filter(tenant_id=tenant_id)
    errors = _wrong_key(key, taken=set(tiers.values_list("key", flat=True)))
    name = _checked_name(tenant_id, None, name, errors)
    _check_limit(rate_limit, errors)
    if tiers.filter(ended_at=None).count() >= MOST_TIERS:
        errors.setdefault("key", f"At most {MOST_TIERS} plan tiers.")
    if errors:
        raise WrongTier(errors)
    tier = PlanTier(tenant_id=tenant_id, key=key, name=name, created_at=now)
    _put_limit(tier, rate_limit)
    tier.save(force_insert=True)
    _record("plan_tier.created", tier, actor, now, after={"key": key, "name": name, **_said(rate_limit)})
    return tier


def edit(
    *,
    tenant_id: UUID,
    tier_id: UUID,
    name: str | None = None,
    rate_limit: TierLimit | None = UNCHANGED,
    actor: Actor,
    now: datetime,
) -> PlanTier:
    """Rename a tier, or give it another limit (None: no limit), which counts at each holder's next call.

    What is left out stays; its key always does. Raises WrongTier, TierRetired or UnknownTier.
    """
    tier = _locked(tenant_id, tier_id)
    errors: dict[str, str] = {}
    name = tier.name if name is None else _checked_name(tenant_id, tier, name, errors)
    limit = limit_of(tier)
    rate_limit = limit if rate_limit is UNCHANGED else rate_limit
    _check_limit(rate_limit, errors)
    if errors:
        raise WrongTier(errors)
    before, after = ({"name": tier.name, **_said(limit)}, {"name": name, **_said(rate_limit)})
    changed = [part for part in after if after[part] != before[part]]
    if not changed:
        return tier
    tier.name = name
    _put_limit(tier, rate_limit)
    tier.save(update_fields=["name", "rate_limit", "rate_window_s"])
    _record(
        "plan_tier.edited",
        tier,
        actor,
        now,
        before={part: before[part] for part in changed},
        after={part: after[part] for part in changed},
    )
    return tier


def make_default(
    *, tenant_id: UUID, tier_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> PlanTier:
    """Give this tier to whoever consents for the first time from now on; nobody who is there already moves.

    Raises TierRetired or UnknownTier; the default already: returned unchanged.
    """
    tier = _locked(tenant_id, tier_id)
    if tier.is_default:
        return tier
    was = PlanTier.objects.select_for_update(no_key=True).get(tenant_id=tenant_id, is_default=True)
    was.is_default, tier.is_default = False, True
    was.save(update_fields=["is_default"])
    tier.save(update_fields=["is_default"])
    _record(
        "plan_tier.made_default",
        tier,
        actor,
        now,
        reason=reason.strip(),
        before={"plan_tier": was.key, "plan_tier_name": was.name},
        after={"plan_tier": tier.key, "plan_tier_name": tier.name},
    )
    return tier


def retire(
    *, tenant_id: UUID, tier_id: UUID, move_to: str = "", reason: str = "", actor: Actor, now: datetime
) -> tuple[PlanTier, Job | None]:
    """Close a tier for good: from now on nobody comes to it. Its holders go to ``move_to`` (a key) by a job.

    Until the job reaches them they keep what the tier gives. Raises TierInUse for the default tier, and where somebody
    holds it and ``move_to`` is empty; UnknownTier. Retired already: returned as it is, its holders moved if
    ``move_to`` says where to.
    """
    take_turns(tenant_id)
    # The strongest lock waits for whoever is being put on the tier, and whoever comes then finds it retired.
    tier = PlanTier.objects.select_for_update().filter(tenant_id=tenant_id, pk=tier_id).first()
    if tier is None:
        raise UnknownTier("There is no such plan tier here.")
    if tier.is_default:
        raise TierInUse(
            "Strangers get this tier at their first consent. Make another tier the default first."
        )
    held = EndUser.objects.filter(tenant_id=tenant_id, plan_tier=tier).exists()
    if held and not move_to:
        raise TierInUse("Somebody holds this tier. Say which tier they go to.")
    target = standing_tier(tenant_id, move_to) if held else None
    if target and target.pk == tier.pk:
        raise TierInUse("They are on this tier now. Choose another one.")
    if tier.ended_at is None:
        tier.ended_at, tier.ended_by = now, actor.id
        tier.save(update_fields=["ended_at", "ended_by"])
        said = {"retired": True, **({"move_to": target.key} if target else {})}
        _record(
            "plan_tier.retired",
            tier,
            actor,
            now,
            reason=reason.strip(),
            before={"retired": False},
            after=said,
        )
    return tier, _moved_on(tier, target, reason, actor, now) if target else None


def _moved_on(tier: PlanTier, target: PlanTier, reason: str, actor: Actor, now: datetime) -> Job:
    return jobs.ask(
        tenant_id=tier.tenant_id,
        verb=VERBS["set_plan_tier"],
        selection=Selection(Filters(plan_tier=tier.key)),
        params={"plan_tier": target.key},
        reason=reason.strip() or f"{tier.name} is retired.",
        actor=actor,
        now=now,
    )


def _locked(tenant_id: UUID, tier_id: UUID) -> PlanTier:
    take_turns(tenant_id)
    tiers = PlanTier.objects.select_for_update(no_key=True)
    tier = tiers.filter(tenant_id=tenant_id, pk=tier_id).first()
    if tier is None:
        raise UnknownTier("There is no such plan tier here.")
    if tier.ended_at:
        raise TierRetired("This plan tier is retired, and stays so.")
    return tier


def _wrong_key(key: str, taken: set[str]) -> dict[str, str]:
    if not KEY.fullmatch(key) or _is_id(key):
        return {"key": "A small letter, then at most 39 small letters, digits, - and _."}
    if key in RESERVED:
        return {"key": "This word is kept for an address of the console."}
    if key in taken:
        return {"key": "A tier here has or had this key. Keys are never given twice."}
    return {}


def _is_id(key: str) -> bool:
    try:
        UUID(key)
    except ValueError:
        return False
    return True


def _checked_name(tenant_id: UUID, tier: PlanTier | None, name: str, errors: dict[str, str]) -> str:
    name = name.strip()
    others = PlanTier.objects.filter(tenant_id=tenant_id, ended_at=None).exclude(
        pk=tier.pk if tier else UUID(int=0)
    )
    if not name:
        errors["name"] = "This is required."
    elif len(name) > 100:
        errors["name"] = "At most 100 characters."
    elif CONTROL.search(name):
        errors["name"] = "One line of text, without control or direction characters."
    elif others.filter(name__iexact=name).exists():
        errors["name"] = "Another plan tier here has this name."
    return name


def _check_limit(limit: TierLimit | None, errors: dict[str, str]) -> None:
    if limit and not (1 <= limit.limit <= MOST_CALLS and 1 <= limit.window_s <= LONGEST_WINDOW_S):
        errors["rate_limit"] = f"1 to {MOST_CALLS:,} calls in 1 to {LONGEST_WINDOW_S:,} seconds."


def _put_limit(tier: PlanTier, limit: TierLimit | None) -> None:
    tier.rate_limit = limit.limit if limit else None
    tier.rate_window_s = limit.window_s if limit else 60


def _said(limit: TierLimit | None) -> dict[str, Any]:
    return {"rate_limit": limit.as_json() if limit else None}


def _record(action: str, tier: PlanTier, actor: Actor, now: datetime, **rest: Any) -> None:
    record(
        tenant_id=tier.tenant_id,
        actor=actor,
        action=action,
        target_kind="plan_tier",
        target_id=tier.pk,
        target_name=tier.name,
        now=now,
        **rest,
    )
