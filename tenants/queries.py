"""Reads about tenants and members. Tenant first, except for what a person may know about themselves."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.db import connection
from django.utils import timezone

from tenants.models import MemberType, Profile

DAYS_TO_COME_BACK = 30  # for an owner to reopen a closed tenant
MEMBERSHIP_COLUMNS = (
    "tenant_id, slug, name, plan, tenant_status, personal, user_id, type, status, joined_at, suspended_reason, "
    "last_seen_at, closed_at, second_factor_due"
)


@dataclass(frozen=True)
class MembershipCard:
    """One of a person's memberships, with the tenant's public facts. ``user_id`` is their users.id there.

    ``second_factor_due``: until when they must set up a second factor; None when they have one or need none.
    """

    tenant_id: UUID
    slug: str
    name: str
    plan: str
    tenant_status: str
    personal: bool
    user_id: UUID
    type: str
    status: str
    joined_at: datetime
    suspended_reason: str
    last_seen_at: datetime | None = None
    closed_at: datetime | None = None
    second_factor_due: datetime | None = None

    @property
    def reopens_until(self) -> datetime | None:
        """Until when an owner can reopen the closed tenant; None for an open one and once that time is over."""
        until = self.closed_at + timedelta(days=DAYS_TO_COME_BACK) if self.closed_at else None
        return until if until and until > timezone.now() else None

    @property
    def may_ask_to_reopen(self) -> bool:
        """Whether to show this person the way to reopening; the page itself decides by what they hold."""
        return bool(self.reopens_until) and (self.type, self.status) == (MemberType.OWNER, "active")

    @property
    def usable(self) -> bool:
        """Whether the person may enter: an active membership of an open tenant."""
        return self.status == "active" and self.tenant_status == "open"

    def locked_out(self, now: datetime) -> bool:
        """Whether the time is over in which this person should have set up a second factor."""
        return self.second_factor_due is not None and self.second_factor_due <= now

    @property
    def type_label(self) -> str:
        """The member type as people read it."""
        return str(MemberType(self.type).label)


def memberships_of(identity_id: UUID) -> list[MembershipCard]:
    """Every membership of an identity, in any status, ordered by the tenant's name. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"select {MEMBERSHIP_COLUMNS} from memberships_of(%s)", [identity_id])  # noqa: S608
        return [MembershipCard(*row) for row in cursor.fetchall()]


def recent_first(cards: Iterable[MembershipCard]) -> list[MembershipCard]:
    """The tenants that a person may enter, the last visited first; after them never visited ones, their own first."""

    def order(card: MembershipCard) -> tuple[float, bool, datetime]:
        seen = card.last_seen_at.timestamp() if card.last_seen_at else 0
        return -seen, card.type != MemberType.OWNER, card.joined_at

    return sorted((card for card in cards if card.usable), key=order)


def member_names(tenant_id: UUID, user_ids: Collection[UUID]) -> dict[UUID, str]:
    """What to call these people of the tenant: the shared name, else the address. One statement."""
    profiles = Profile.objects.filter(tenant_id=tenant_id, user_id__in=user_ids)
    return {profile.user_id: str(profile) for profile in profiles}


def present_slug(identity_id: UUID, slug: str) -> str | None:
    """The present slug of the tenant that once had this one; None for whoever is no member of it."""
    with connection.cursor() as cursor:
        cursor.execute("select slug_now(%s, %s)", [identity_id, slug])
        return cast("str | None", cursor.fetchone()[0])


def openings_of(identity_id: UUID, *, since: datetime) -> list[datetime]:
    """When the identity opened tenants of its own since a moment, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute("select * from openings_of(%s, %s)", [identity_id, since])
        return [row[0] for row in cursor.fetchall()]
