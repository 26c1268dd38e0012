"""What Settings → General shows of a tenant: the row, its old slugs, a pending offer of ownership, the plan in use."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject, NullIf

from tenants.models import Membership, OwnershipTransfer, Profile, SlugHistory, Tenant
from tenants.plans import Use, usage

OLD_SLUGS = 20


@dataclass(frozen=True)
class Offer:
    """A pending offer of ownership, with the names of both sides."""

    id: UUID
    from_user_id: UUID
    to_user_id: UUID
    from_name: str
    to_name: str
    expires_at: datetime


@dataclass(frozen=True)
class General:
    """``old_slugs``: those that lead here, the latest first, at most OLD_SLUGS."""

    row: Tenant
    old_slugs: list[str]
    offer: Offer | None
    uses: list[Use]


def general(tenant_id: UUID, plan: str, now: datetime) -> General:
    """Read the page's facts in two statements. ``plan`` is the one that the caller's card names."""
    old = SlugHistory.objects.filter(tenant_id=OuterRef("pk")).exclude(slug=OuterRef("slug"))
    row = Tenant.objects.annotate(
        old_slugs=ArraySubquery(old.order_by("-claimed_at").values("slug")[:OLD_SLUGS]),
        offer=Subquery(_offers(OuterRef("pk"), now).values("as_json")[:1]),
    ).get(pk=tenant_id)
    uses = usage(tenant_id=tenant_id, plan=plan, now=now)
    return General(row, row.old_slugs, _offer(row.offer), uses)


def offer_to(tenant_id: UUID, transfer_id: UUID, user_id: UUID, now: datetime) -> Offer | None:
    """A pending offer, as the person reads it to whom it was made; None for everybody else."""
    mine = _offers(tenant_id, now).filter(pk=transfer_id, to_user_id=user_id)
    return _offer(mine.values_list("as_json", flat=True).first())


def others_active(tenant_id: UUID, user_id: UUID) -> list[tuple[UUID, str]]:
    """The other active members, by name: user id, name with address, type. Whom the tenant can be handed to."""
    rows = (
        Membership.objects.filter(tenant_id=tenant_id, status=Membership.Status.ACTIVE)
        .exclude(user_id=user_id)
        .annotate(name=_name("user_id"), email=_email("user_id"))
        .order_by("name", "user_id")
    )
    return [(row.user_id, f"{row.name} ({row.email}), {row.get_type_display().lower()}") for row in rows]


def _offers(tenant: Any, now: datetime) -> Any:
    pending = OwnershipTransfer.objects.filter(tenant_id=tenant, status="pending", expires_at__gt=now)
    fields = ("id", "from_user_id", "to_user_id", "expires_at")
    names = {"from_name": _name("from_user_id"), "to_name": _name("to_user_id")}
    return pending.annotate(as_json=JSONObject(**{field: F(field) for field in fields}, **names))


def _name(field: str) -> Coalesce:
    profile = Profile.objects.filter(tenant_id=OuterRef("tenant_id"), user_id=OuterRef(field))
    called = Coalesce(NullIf("display_name", Value("")), "email", output_field=CharField())
    shown = profile.values(shown=called)
    return Coalesce(Subquery(shown[:1]), Value(""))


def _email(field: str) -> Subquery:
    return Subquery(
        Profile.objects.filter(tenant_id=OuterRef("tenant_id"), user_id=OuterRef(field)).values("email")[:1]
    )


def _offer(found: dict[str, Any] | None) -> Offer | None:
    if found is None:
        return None
    ids = {field: UUID(found[field]) for field in ("id", "from_user_id", "to_user_id")}
    at = datetime.fromisoformat(found["expires_at"])
    return Offer(**ids, from_name=found["from_name"], to_name=found["to_name"], expires_at=at)
