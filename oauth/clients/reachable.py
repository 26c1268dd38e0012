"""What a client's limits can name: what they name now, and the Applications that a search finds."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from authz.models import Application, Scope
from oauth.clients.approvals import Reach

AT_ONCE = 20  # Applications; more than these are searched


@dataclass(frozen=True)
class Choice:
    """An Application, or with ``scope`` that scope of it, as a box to tick."""

    application: Application
    ticked: bool
    scope: Scope | None = None

    @property
    def value(self) -> str:
        """The box's value."""
        return value_of(Reach(self.application.pk, self.scope.name if self.scope else ""))


@dataclass(frozen=True)
class Choices:
    """Each Application followed by its scopes: ``named`` has something ticked, ``found`` has not and fits the search.

    ``total``: how many Applications the tenant has; ``more``: how many fit besides.
    """

    named: list[list[Choice]]
    found: list[list[Choice]]
    total: int
    more: int

    @property
    def many(self) -> bool:
        """Whether there are too many to show them all."""
        return self.total > AT_ONCE


def choices(*, tenant_id: UUID, ticked: Iterable[Reach], text: str = "") -> Choices:
    """The Applications to show beside these ticks, by name; ``text``: of their name, address or a scope's name."""
    chosen = set(ticked)
    standing = Application.objects.filter(tenant_id=tenant_id, ended_at__isnull=True).order_by("name", "pk")
    total = standing.count()
    named = list(standing.filter(pk__in={one.application_id for one in chosen}))
    others = _fitting(standing.exclude(pk__in=[row.pk for row in named]), tenant_id, text.strip())
    found = list(others[:AT_ONCE])
    more = others.count() - len(found) if len(found) == AT_ONCE else 0
    below: dict[UUID, list[Scope]] = {}
    rows = Scope.objects.filter(tenant_id=tenant_id, application__in=[*named, *found], ended_at__isnull=True)
    for scope in rows.order_by("name"):
        below.setdefault(scope.application_id, []).append(scope)
    first, second = ([_boxes(row, below.get(row.pk, []), chosen) for row in rows] for rows in (named, found))
    return Choices(first, second, total, more)


def _fitting(rows: QuerySet[Application], tenant_id: UUID, text: str) -> QuerySet[Application]:
    if not text:
        return rows
    scopes = Scope.objects.filter(tenant_id=tenant_id, ended_at__isnull=True, name__icontains=text)
    return rows.filter(
        Q(name__icontains=text) | Q(resource_uri__icontains=text) | Q(pk__in=scopes.values("application_id"))
    )


def _boxes(application: Application, scopes: list[Scope], chosen: set[Reach]) -> list[Choice]:
    return [
        Choice(application, Reach(application.pk) in chosen),
        *(Choice(application, Reach(application.pk, scope.name) in chosen, scope) for scope in scopes),
    ]


def value_of(reach: Reach) -> str:
    """One thing that a client reaches as a box's value."""
    return f"{reach.application_id} {reach.scope}".strip()


def read_value(value: str) -> Reach:
    """The other way round. Raises ValueError."""
    key, _, scope = value.partition(" ")
    return Reach(UUID(key), scope)
