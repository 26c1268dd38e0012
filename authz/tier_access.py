"""What plan tiers give: each one's scopes, Application by Application, as whoever holds it gets them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from authz.contents import contents_of
from authz.effective.supported import Supported, supported_by
from authz.models import Binding


@dataclass(frozen=True)
class Gift:
    """A scope that a tier gives on an Application. ``conditional``: only under conditions, or only later."""

    application_id: UUID
    application: str
    name: str
    description: str
    risk: str
    conditional: bool = False


@dataclass(frozen=True)
class Place:
    """All that a tier gives on one Application."""

    id: UUID
    name: str
    gifts: tuple[Gift, ...]


@dataclass(frozen=True)
class Given:
    """What a tier gives, by Application and scope."""

    gifts: tuple[Gift, ...] = ()

    @property
    def places(self) -> list[Place]:
        """Application by Application."""
        found: dict[tuple[UUID, str], list[Gift]] = {}
        for gift in self.gifts:
            found.setdefault((gift.application_id, gift.application), []).append(gift)
        return [Place(key, name, tuple(gifts)) for (key, name), gifts in found.items()]

    def beyond(self, other: "Given") -> list[Place]:
        """What this one gives and the other does not."""
        has = {(gift.application_id, gift.name) for gift in other.gifts}
        more = [gift for gift in self.gifts if (gift.application_id, gift.name) not in has]
        return Given(tuple(more)).places


def given_by(tenant_id: UUID, tier_ids: Collection[UUID], now: datetime) -> dict[UUID, Given]:
    """Tier id → what it gives now, through bindings in force; what starts later counts as conditional.

    Three statements for any number of tiers. Of an Application that is disabled nothing is given.
    """
    rows = list(
        Binding.objects.filter(
            Q(expires_at=None) | Q(expires_at__gt=now),
            tenant_id=tenant_id,
            plan_tier_id__in=tier_ids,
            ended_at=None,
            role__ended_at=None,
        ).select_related("role")
    )
    contents = contents_of({row.role for row in rows})
    supported = [one for one in supported_by(tenant_id=tenant_id, at=now).values() if one.enabled]
    found: dict[UUID, dict[tuple[UUID, str], Gift]] = {key: {} for key in tier_ids}
    for row in rows:
        assert row.plan_tier_id  # noqa: S101 - filtered
        gifts = found[row.plan_tier_id]
        for gift in _of(row, contents[row.role_id].scopes, supported, now):
            key = (gift.application_id, gift.name)
            if key not in gifts or gifts[key].conditional:
                gifts[key] = gift
    order = {one.id: place for place, one in enumerate(supported)}
    return {
        tier: Given(tuple(sorted(gifts.values(), key=lambda gift: (order[gift.application_id], gift.name))))
        for tier, gifts in found.items()
    }


def _of(row: Binding, names: Iterable[str], supported: Iterable[Supported], now: datetime) -> list[Gift]:
    limited = bool(row.requires_mfa or row.ip_ranges or (row.not_before and row.not_before > now))
    return [
        Gift(one.id, one.name, name, scope.description, scope.risk, limited)
        for one in supported
        if row.application_id in (None, one.id)
        for name in names
        if (scope := one.scopes.get(name))
    ]
