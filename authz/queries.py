"""Reads of this context's lists and pages. Tenant first; each function is one statement unless it says otherwise."""

from typing import Any
from uuid import UUID

from django.db.models import CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf

from authz.models import (
    Application,
    Binding,
    Group,
    GroupMember,
    Role,
    Scope,
    ServiceAccount,
    ServiceAccountOperator,
)
from endusers.models import EndUser
from tenants.models import Profile

MANY = 500
LIVE = Q(ended_at=None)


def name_by(column: str) -> Subquery:
    """A subquery for the name of the person whose users.id stands in ``column`` of the outer row."""
    profile = Profile.objects.filter(tenant_id=OuterRef("tenant_id"), user_id=OuterRef(column))
    name = Coalesce(
        NullIf("display_name", Value("", output_field=CharField())), "email", output_field=CharField()
    )
    return Subquery(profile.values_list(name)[:1])


def applications(tenant_id: UUID) -> QuerySet[Application]:
    """Applications that stand, with ``scope_count`` and ``binding_count``."""
    return (
        Application.objects.filter(LIVE, tenant_id=tenant_id)
        .annotate(
            scope_count=Count("scopes", Q(scopes__ended_at=None), distinct=True),
            binding_count=Count("bindings", Q(bindings__ended_at=None), distinct=True),
        )
        .order_by("name")[:MANY]
    )


def scopes(tenant_id: UUID, application_id: UUID) -> QuerySet[Scope]:
    """An Application's live scopes by name."""
    return Scope.objects.filter(LIVE, tenant_id=tenant_id, application_id=application_id).order_by("name")


def known_scopes(tenant_id: UUID) -> dict[str, str]:
    """Every scope name that an Application here understands → the Applications' names."""
    rows = Scope.objects.filter(LIVE, tenant_id=tenant_id, application__ended_at=None).order_by(
        "name", "application__name"
    )
    known: dict[str, list[str]] = {}
    for name, place in rows.values_list("name", "application__name")[:2000]:
        known.setdefault(name, []).append(place)
    return {name: ", ".join(places) for name, places in known.items()}


def roles(tenant_id: UUID) -> QuerySet[Role]:
    """Roles that stand, the tenant's own first, with how many scopes each gives and how often it is bound."""
    return (
        Role.objects.filter(LIVE, tenant_id=tenant_id)
        .annotate(
            scope_count=Count(
                "role_scopes", Q(role_scopes__ended_at=None, role_scopes__kind="scope"), distinct=True
            ),
            binding_count=Count("bindings", Q(bindings__ended_at=None), distinct=True),
        )
        .order_by(F("system_key").asc(), "name")[:MANY]
    )


def groups(tenant_id: UUID) -> QuerySet[Group]:
    """Groups that stand, with ``member_count`` and ``binding_count``."""
    return (
        Group.objects.filter(LIVE, tenant_id=tenant_id)
        .annotate(
            member_count=Count("group_members", Q(group_members__ended_at=None), distinct=True),
            binding_count=Count("bindings", Q(bindings__ended_at=None), distinct=True),
        )
        .order_by("name")[:MANY]
    )


def bindings(tenant_id: UUID, **subject: Any) -> QuerySet[Binding]:
    """Bindings that haven't been ended, newest first, with their role, place and subject in the same statement."""
    return (
        Binding.objects.filter(LIVE, tenant_id=tenant_id, **subject)
        .select_related("role", "application", "group", "service_account", "plan_tier")
        .annotate(giver=name_by("created_by"), person=name_by("user_id"))
        .annotate(
            scope_count=Count(
                "role__role_scopes",
                Q(role__role_scopes__ended_at=None, role__role_scopes__kind="scope"),
                distinct=True,
            ),
        )
        .order_by("-created_at", "-id")[:MANY]
    )


def reach(tenant_id: UUID, binding: Binding) -> int:
    """How many people or accounts a binding reaches right now, itself or through a list. One or two statements."""
    if binding.group_id:
        return GroupMember.objects.filter(LIVE, tenant_id=tenant_id, group_id=binding.group_id).count()
    if binding.plan_tier_id:
        return EndUser.objects.filter(tenant_id=tenant_id, plan_tier_id=binding.plan_tier_id).count()
    if binding.service_account_id:
        return 1 + len(operators_of(tenant_id, binding.service_account_id))
    return 1


def people_in(tenant_id: UUID, group_id: UUID) -> list[dict[str, Any]]:
    """A group's members by name, with source, type and when and by whom they were added."""
    return _people(GroupMember.objects.filter(LIVE, tenant_id=tenant_id, group_id=group_id), "source")


def operators_of(tenant_id: UUID, service_account_id: UUID) -> list[dict[str, Any]]:
    """A service account's operators by name."""
    rows = ServiceAccountOperator.objects.filter(
        LIVE, tenant_id=tenant_id, service_account_id=service_account_id
    )
    return _people(rows)


def service_accounts(tenant_id: UUID) -> QuerySet[ServiceAccount]:
    """Service accounts that stand, with ``operator_count`` and ``binding_count``."""
    return (
        ServiceAccount.objects.filter(LIVE, tenant_id=tenant_id)
        .annotate(
            operator_count=Count("operators", Q(operators__ended_at=None), distinct=True),
            binding_count=Count("bindings", Q(bindings__ended_at=None), distinct=True),
        )
        .order_by("name")[:MANY]
    )


def _people(rows: QuerySet[Any], *more: str) -> list[dict[str, Any]]:
    people = list(
        rows.annotate(adder=name_by("added_by"))
        .order_by("user__profiles__display_name", "user_id")
        .values(
            "user_id",
            "added_at",
            "adder",
            *more,
            name=F("user__profiles__display_name"),
            email=F("user__profiles__email"),
            type=F("user__memberships__type"),
            status=F("user__memberships__status"),
            last_seen_at=F("user__memberships__last_seen_at"),
            end_user=F("user__end_user__status"),
        )[:MANY]
    )
    for person in people:
        person["type_words"] = (person["type"] or "").replace("_", " ").capitalize()
    return people
