"""Random tenants: the same facts as records for the naive model and as rows in the database."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from authsec.database.context import system_context, tenant_context
from authsec.database.fields import uuid7
from authz import models
from endusers.models import EndUser, PlanTier
from tenants.models import Identity, Membership, Tenant, TenantUser
from tests.authz.cast import DAY, NOW
from tests.authz.naive import GIVEN, App, Bound, Crowd, Person, Question, RoleRow, Span, Town

SCOPES = ["read", "write", "run", "admin"]
PERMISSIONS = ["audit:read", "apps:read", "groups:manage"]
# Few moments, so that ends and questions meet exactly: a boundary belongs to one side only.
MOMENTS = [NOW + days * DAY for days in (-9, -6, -3, -1, 0, 1, 3)]
NETWORKS = ["203.0.113.0/24", "198.51.100.7/32", "10.0.0.0/8", "2001:db8::/32"]
ADDRESSES = [None, "203.0.113.9", "198.51.100.7", "2001:db8::1", "192.0.2.1"]
FOR_EVER = NOW - 30 * DAY


def draw_town(pick: Random) -> Town:
    """A tenant with a handful of everything, some of it archived, expired, early or closed."""
    town = Town(id=uuid7(), open=pick.random() < 0.9)
    town.tiers = [uuid7() for _ in range(2)]
    town.default_tier = town.tiers[0]
    for _ in range(pick.randint(1, 3)):
        app = App(**_span(pick), id=uuid7(), enabled=_mostly(pick), verified=_mostly(pick))
        app.scopes = _names(pick, SCOPES)
        town.apps[app.id] = app
    for _ in range(pick.randint(1, 4)):
        role = RoleRow(
            uuid7(),
            _maybe_moment(pick, 0.15),
            _names(pick, SCOPES),
            _names(pick, PERMISSIONS, 0.3),
            _names(pick, list(GIVEN), 0.15),
        )
        town.roles[role.id] = role
    for _ in range(pick.randint(1, 4)):
        person = Person(
            uuid7(),
            pick.choice([None, "active", "active", "suspended", "invited", "left"]),
            pick.choice([None, "active", "active", "suspended"]),
        )
        person.tier = pick.choice(town.tiers) if person.end_user else None
        town.people[person.id] = person
    for crowds, size in ((town.groups, 2), (town.accounts, 2)):
        for _ in range(pick.randint(0, size)):
            crowd = Crowd(**_span(pick), id=uuid7())
            crowd.people = [(who, span) for who in town.people for span in _stays(pick)]
            crowds[crowd.id] = crowd
    subjects = (
        [("user", key) for key in town.people]
        + [("group", key) for key in town.groups]
        + [("service_account", key) for key in town.accounts]
        + [("plan_tier", key) for key in town.tiers]
    )
    town.bindings = [_binding(pick, town, subjects) for _ in range(pick.randint(0, 10))]
    return town


def draw_question(pick: Random, town: Town) -> Question:
    """Somebody of the town, at some moment, from somewhere, with or without a second factor."""
    subjects = [("user", key) for key in town.people] + [("service_account", key) for key in town.accounts]
    kind, subject = pick.choice(subjects)
    at = pick.choice(MOMENTS)
    ages = [None, timedelta(0), timedelta(hours=1), timedelta(hours=1, seconds=1), 40 * DAY]
    age = pick.choice(ages)
    return Question(kind, subject, at, None if age is None else at - age, pick.choice(ADDRESSES))


def write(town: Town) -> None:
    """Write the town into the database: rows of every table, as the application role."""
    with system_context():
        Tenant.objects.create(
            id=town.id, slug=f"t{town.id.hex}", name="Town", status="open" if town.open else "closed"
        )
    with tenant_context(town.id):
        _write_people(town)
        _write_access(town)


def _write_people(town: Town) -> None:
    PlanTier.objects.bulk_create(
        PlanTier(
            id=key, tenant_id=town.id, key=f"k{i}", name=f"Tier {i}", is_default=key == town.default_tier
        )
        for i, key in enumerate(town.tiers)
    )
    identities = Identity.objects.bulk_create(
        Identity(id=uuid7(), email=f"{key.hex}@example.test", password="!") for key in town.people
    )
    TenantUser.objects.bulk_create(
        TenantUser(id=key, tenant_id=town.id, identity=identity)
        for key, identity in zip(town.people, identities, strict=True)
    )
    Membership.objects.bulk_create(
        Membership(tenant_id=town.id, user_id=p.id, status=p.membership, suspended_at=NOW, joined_at=FOR_EVER)
        for p in town.people.values()
        if p.membership
    )
    EndUser.objects.bulk_create(
        EndUser(
            tenant_id=town.id,
            user_id=p.id,
            status=p.end_user,
            plan_tier_id=p.tier,
            suspended_at=NOW,
            created_at=FOR_EVER,
        )
        for p in town.people.values()
        if p.end_user
    )


def _write_access(town: Town) -> None:
    def rows(model: Any, build: Callable[..., dict[str, Any]], items: Any) -> None:
        model.objects.bulk_create(model(tenant_id=town.id, **build(item)) for item in items)

    rows(
        models.Application,
        lambda a: {
            "id": a.id,
            "name": a.id.hex,
            "resource_uri": f"https://{a.id.hex}.example.test",
            "status": "enabled" if a.enabled else "disabled",
            "verified_at": FOR_EVER if a.verified else None,
            "created_at": a.start,
            "ended_at": a.end,
        },
        town.apps.values(),
    )
    rows(
        models.Scope,
        lambda x: {"application_id": x[0], "name": x[1], "created_at": x[2].start, "ended_at": x[2].end},
        [(a.id, name, span) for a in town.apps.values() for name, span in a.scopes],
    )
    rows(models.Role, lambda r: {"id": r.id, "name": r.id.hex, "ended_at": r.end}, town.roles.values())
    rows(
        models.RoleScope,
        lambda x: {"role_id": x[0], "kind": x[1], "name": x[2], "added_at": x[3].start, "ended_at": x[3].end},
        [(r.id, "scope", *x) for r in town.roles.values() for x in r.scopes]
        + [(r.id, "console", *x) for r in town.roles.values() for x in r.console]
        + [(r.id, "group", *x) for r in town.roles.values() for x in r.tenant_groups],
    )
    for model, crowds, link, field in (
        (models.Group, town.groups, models.GroupMember, "group_id"),
        (models.ServiceAccount, town.accounts, models.ServiceAccountOperator, "service_account_id"),
    ):
        rows(
            model,
            lambda c: {"id": c.id, "name": c.id.hex, "created_at": c.start, "ended_at": c.end},
            crowds.values(),
        )
        rows(
            link,
            lambda x, field=field: {
                field: x[0],
                "user_id": x[1],
                "added_at": x[2].start,
                "ended_at": x[2].end,
            },
            [(c.id, who, span) for c in crowds.values() for who, span in c.people],
        )
    rows(models.Binding, _binding_row, town.bindings)


def _binding_row(b: Bound) -> dict[str, Any]:
    return {
        "id": b.id,
        "role_id": b.role,
        f"{b.subject_kind}_id": b.subject,
        "application_id": b.app,
        "requires_mfa": b.mfa,
        "mfa_max_age": b.mfa_max_age,
        "ip_ranges": list(b.ranges) or None,
        "not_before": b.not_before,
        "expires_at": b.expires,
        "created_at": b.created,
        "ended_at": b.ended,
    }


def _binding(pick: Random, town: Town, subjects: list[tuple[str, UUID]]) -> Bound:
    kind, subject = pick.choice(subjects)
    return Bound(
        id=uuid7(),
        role=pick.choice(list(town.roles)),
        subject_kind=kind,
        subject=subject,
        app=pick.choice([None, *town.apps]),
        created=pick.choice([FOR_EVER, FOR_EVER, *MOMENTS]),
        ended=_maybe_moment(pick, 0.15),
        mfa=pick.random() < 0.3,
        mfa_max_age=pick.choice([timedelta(hours=1), timedelta(days=30)]),
        ranges=tuple(pick.sample(NETWORKS, pick.randint(1, 2))) if pick.random() < 0.3 else (),
        not_before=_maybe_moment(pick, 0.15),
        expires=_maybe_moment(pick, 0.2),
    )


def _names(pick: Random, names: list[str], chance: float = 0.6) -> list[tuple[str, Span]]:
    return [(name, span) for name in names if pick.random() < chance for span in _stays(pick)]


def _stays(pick: Random) -> list[Span]:
    """None, one or two stays that don't overlap: what verbs can leave behind."""
    kind = pick.choice(["none", "always", "always", "ended", "again"])
    first, second, third = sorted(pick.sample(MOMENTS, 3))
    return {
        "none": [],
        "always": [Span(FOR_EVER)],
        "ended": [Span(first, second)],
        "again": [Span(first, second), Span(third)],
    }[kind]


def _span(pick: Random) -> dict[str, datetime | None]:
    start = pick.choice([FOR_EVER, FOR_EVER, FOR_EVER, MOMENTS[1]])
    return {"start": start, "end": _maybe_moment(pick, 0.15)}


def _maybe_moment(pick: Random, chance: float) -> datetime | None:
    return pick.choice(MOMENTS[2:]) if pick.random() < chance else None


def _mostly(pick: Random) -> bool:
    return pick.random() < 0.85
