"""Reads about consumers. Tenant first."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, OuterRef, Subquery

from authsec.web.pagination import CAP, LIMIT, Count, Page, cut, parse_cursor
from endusers.models import EndUser
from tenants.models import Membership, Profile

SORTS = ("last_seen", "first_consent")
OVERRIDE = 6  # the place of rate_limit_override on a card
SHORTEST_PART = 3  # letters that a trigram has
ARGUMENTS = ", ".join(["%s"] * 9)
SEARCH = f"""
select counted.total, counted.is_estimate, found.*
  from count_end_users({ARGUMENTS}, %s) counted
  left join lateral search_end_users({ARGUMENTS}, counted.is_estimate, %s, %s, %s, %s, %s) with ordinality found on true
 order by found.ordinality
"""  # noqa: S608


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; None means: not by this. ``text`` is an id, or part of a name or an address.

    ``plan_tier`` is a tier's key. Ranges include their start and exclude their end.
    """

    text: str = ""
    status: str | None = None
    plan_tier: str | None = None
    application: UUID | None = None
    seen_from: datetime | None = None
    seen_to: datetime | None = None
    consent_from: datetime | None = None
    consent_to: datetime | None = None

    def arguments(self) -> list[Any]:
        """The arguments that both functions of sql/search_end_users.sql begin with."""
        return [
            *_find(self.text.strip()),
            self.status,
            self.plan_tier,
            self.application,
            self.seen_from,
            self.seen_to,
            self.consent_from,
            self.consent_to,
        ]


@dataclass(frozen=True)
class EndUserCard:
    """An end user as lists show one."""

    user_id: UUID
    email: str
    display_name: str
    status: str
    plan_tier: str
    plan_tier_name: str
    rate_limit_override: dict[str, Any] | None
    created_at: datetime
    first_consent_at: datetime | None
    last_seen_at: datetime | None
    suspended_at: datetime | None
    suspended_reason: str
    applications: tuple[str, ...]

    @property
    def name(self) -> str:
        """What to call this person: the shared name, else the address."""
        return self.display_name or self.email

    @property
    def others(self) -> int:
        """How many Applications there are beside the first."""
        return len(self.applications) - 1


@dataclass(frozen=True)
class Consumership:
    """Where somebody is an end user, as they may see it themselves. ``user_id`` is their users.id there."""

    tenant_id: UUID
    slug: str
    name: str
    tenant_status: str
    user_id: UUID
    status: str
    plan_tier: str
    first_consent_at: datetime | None
    last_seen_at: datetime | None


@dataclass(frozen=True)
class Choice:
    """A plan tier or an Application that the list can be narrowed to."""

    kind: str
    id: UUID
    key: str
    name: str


def search(
    tenant_id: UUID,
    filters: Filters,
    cursor: str = "",
    *,
    sort: str = "last_seen",
    limit: int = LIMIT,
) -> Page[EndUserCard]:
    """One page of the tenant's end users, newest first by ``sort`` (one of SORTS), unknown dates last.

    One statement. ``tenant_id`` must be the tenant in force. Raises BadCursor.
    """
    place = parse_cursor(cursor, sort)
    with connection.cursor() as statement:
        arguments = filters.arguments()
        after = (place.value, place.id) if place else (None, None)
        backward = place is not None and place.backward
        statement.execute(SEARCH, [*arguments, CAP, *arguments, sort, backward, *after, limit + 1])
        rows = statement.fetchall()
    cards = [_card(row[2:-1]) for row in rows if row[2] is not None]
    return cut(
        cards,
        sort=sort,
        cursor=place,
        limit=limit,
        count=Count(*rows[0][:2]),
        key=lambda card: (card.last_seen_at if sort == "last_seen" else card.first_consent_at, card.user_id),
    )


def choices(tenant_id: UUID) -> list[Choice]:
    """The tenant's plan tiers and Applications, for filters. One statement."""
    with connection.cursor() as statement:
        statement.execute("select kind, id, key, name from end_user_choices()")
        return [Choice(*row) for row in statement.fetchall()]


def consumerships_of(identity_id: UUID) -> list[Consumership]:
    """Every tenant in which an identity is an end user, by the tenant's name. One statement."""
    with connection.cursor() as statement:
        statement.execute("select * from consumerships_of(%s)", [identity_id])
        return [Consumership(*row) for row in statement.fetchall()]


def standing(tenant_id: UUID, user_id: UUID) -> EndUser | None:
    """One end user with tier, profile and membership, or None where the user is not an end user here. One statement.

    Annotated: ``email``, ``display_name``, ``member_type`` and ``member_status`` (None without a membership),
    ``suspender`` (the name behind ``suspended_by``, when it is a person of this tenant).
    """
    suspender = Profile.objects.filter(tenant_id=tenant_id, user_id=OuterRef("suspended_by"))
    return (
        EndUser.objects.filter(tenant_id=tenant_id, user_id=user_id)
        .select_related("plan_tier")
        .annotate(
            email=F("user__profiles__email"),
            display_name=F("user__profiles__display_name"),
            member_type=F("user__memberships__type"),
            member_status=F("user__memberships__status"),
            suspender=Subquery(suspender.values("display_name")[:1]),
        )
        .first()
    )


def _find(text: str) -> tuple[str | None, str | None]:
    """How to look for a text: as an id, as a part (three letters or more), or as a beginning."""
    if not text:
        return None, None
    try:
        return "id", str(UUID(text))
    except ValueError:
        pass
    literal = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    if len(text) >= SHORTEST_PART:
        return "contains", f"%{literal}%"
    return "prefix", f"{literal.lower()}%"


def _card(row: Sequence[Any]) -> EndUserCard:
    columns: list[Any] = [*row[:-1], tuple(row[-1])]
    if columns[OVERRIDE] is not None:
        columns[OVERRIDE] = json.loads(
            columns[OVERRIDE]
        )  # Django reads jsonb as text outside of its own fields
    return EndUserCard(*columns)


def suspended_since(*, tenant_id: UUID, user_id: UUID) -> datetime | None:
    """Since when a person has been suspended in a tenant, as end user or as member; None when they are not."""
    suspended = {"tenant_id": tenant_id, "user_id": user_id, "status": "suspended"}
    moments = EndUser.objects.filter(**suspended).values_list("suspended_at", flat=True)
    others = Membership.objects.filter(**suspended).values_list("suspended_at", flat=True)
    return min(filter(None, moments.union(others, all=True)), default=None)
