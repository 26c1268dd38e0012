"""Reads about consumers. Tenant first."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from authsec.web.pagination import CAP, LIMIT, Count, Cursor, Page, cut, parse_cursor
from endusers.models import EndUser
from tenants.models import Membership

SORTS = ("last_seen", "first_consent")
ORDERS = ("desc", "asc")
OVERRIDE = 6  # the place of rate_limit_override on a card
SHORTEST_PART = 3  # letters that a trigram has
# A whole address, also as mail programs copy it: Ed Okafor <ed@example.test>.
ADDRESS = re.compile(r"(?:mailto:|[^<>]*<)?([^\s@<>]+@[^\s@<>]+\.[^\s@.<>]{2,})>?", re.IGNORECASE)
# How many people a page looks at in the order of its sort, and how many it sorts when that did not fill it.
REACH, MOST = 10_000, 50_000
SEARCH = """
select page.total, page.is_estimate, page.cut_value, page.cut_user, cards.*
  from end_users_page(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) page
  left join lateral end_user_cards(page.ids) with ordinality cards on true
 order by cards.ordinality
"""


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; None means: not by this. ``text`` is an id, or part of a name or an address.

    ``plan_tier`` is a tier's key; ``application`` and ``client``: people with a live connection to it, or by it.
    Ranges include their start and exclude their end.
    """

    text: str = ""
    status: str | None = None
    plan_tier: str | None = None
    application: UUID | None = None
    client: UUID | None = None
    seen_from: datetime | None = None
    seen_to: datetime | None = None
    consent_from: datetime | None = None
    consent_to: datetime | None = None

    def to_json(self) -> dict[str, str]:
        """What is set, as text."""
        return {name: _plain(value) for name, value in vars(self).items() if value}

    def asked(self) -> dict[str, str]:
        """The argument of the functions of sql/end_users_source.sql."""
        find = _find(self.text.strip())
        return self.to_json() | (find if find else {"text": ""})


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
    """A plan tier, an Application or an OAuth client that the list can be narrowed to, or a view of one's own.

    ``kind`` is tier, former tier (retired, and held by nobody), application, client or view.
    """

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
    order: str = "desc",
    limit: int = LIMIT,
    counted: bool = True,
) -> Page[EndUserCard]:
    """One page of the tenant's end users by ``sort`` (one of SORTS), newest or (``order`` asc) oldest first, people
    without a date last.

    One statement. ``tenant_id`` must be the tenant in force. A page that stopped looking before it was full has fewer
    people and still a next one. Where to count would take longer than the page, ``counted`` False leaves it to
    :func:`count` and says so. Raises BadCursor.
    """
    made_for = f"{sort}:{order}"
    place = parse_cursor(cursor, made_for)
    after = (place.value, place.id) if place else (None, None)
    backward = place is not None and place.backward
    asked = json.dumps(filters.asked())
    with connection.cursor() as statement:
        bounds = [limit + 1, CAP, REACH, MOST, counted]
        statement.execute(SEARCH, [asked, sort, order == "asc", backward, *after, *bounds])
        rows = statement.fetchall()
    total, is_estimate, cut_value, cut_user = rows[0][:4]
    page = cut(
        [_card(row[4:-1]) for row in rows if row[4] is not None],
        sort=made_for,
        cursor=place,
        limit=limit,
        count=Count(len(rows), uncounted=True) if total is None else Count(total, is_estimate),
        key=lambda card: (card.last_seen_at if sort == "last_seen" else card.first_consent_at, card.user_id),
    )
    if cut_user is None:
        return page
    further = Cursor(made_for, backward, cut_value, cut_user).encode()
    return replace(page, previous=further) if backward else replace(page, next=further)


def count(tenant_id: UUID, filters: Filters) -> Count:
    """How many end users match. One statement. ``tenant_id`` must be the tenant in force."""
    with connection.cursor() as statement:
        statement.execute(
            "select total, is_estimate from count_end_users(%s, %s)", [json.dumps(filters.asked()), CAP]
        )
        return Count(*statement.fetchone())


def choices(tenant_id: UUID, user_id: UUID | None = None) -> list[Choice]:
    """The tenant's plan tiers, its Applications, the clients that its people connected, and the views of the list that
    a user keeps. One statement.
    """
    with connection.cursor() as statement:
        statement.execute("select kind, id, key, name from end_user_choices(%s)", [user_id])
        return [Choice(*row) for row in statement.fetchall()]


def tier_holders(tenant_id: UUID, tier_ids: Iterable[UUID]) -> dict[UUID, Count]:
    """How many hold each of these plan tiers, by the tier's id. One statement.

    ``tenant_id`` must be the tenant in force.
    """
    with connection.cursor() as statement:
        statement.execute("select tier, total, is_estimate from tier_holders(%s, %s)", [CAP, list(tier_ids)])
        return {tier: Count(total, is_estimate) for tier, total, is_estimate in statement.fetchall()}


def consumerships_of(identity_id: UUID) -> list[Consumership]:
    """Every tenant in which an identity is an end user, by the tenant's name. One statement."""
    with connection.cursor() as statement:
        statement.execute("select * from consumerships_of(%s)", [identity_id])
        return [Consumership(*row) for row in statement.fetchall()]


def _find(text: str) -> dict[str, str]:
    """How to look for a text: as an id, as a part (three letters or more) that may be a whole address, or as a
    beginning.
    """
    if not text:
        return {}
    try:
        return {"find": "id", "text": str(UUID(text))}
    except ValueError:
        pass
    address = ADDRESS.fullmatch(text)
    text = address[1] if address else text
    literal = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    if len(text) < SHORTEST_PART:
        return {"find": "prefix", "text": f"{literal.lower()}%"}
    part = {"find": "contains", "text": f"%{literal}%"}
    return part | {"address": text.lower()} if address else part


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


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
