"""Reads of this context's lists and pages. Tenant first; each function is one statement unless it says otherwise."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import (
    CharField,
    Count,
    Exists,
    F,
    IntegerField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce, Greatest, NullIf

from authsec.audit.models import Event
from authsec.web.pagination import Count as Reach
from authsec.web.pagination import count_of
from authz.binding_states import never_gives
from authz.effective import subject
from authz.models import (
    Application,
    Binding,
    Group,
    GroupMember,
    Inventory,
    Role,
    RoleScope,
    Scope,
    ServiceAccount,
    ServiceAccountOperator,
    Tool,
    ToolRule,
)
from endusers.queries import tier_holders
from tenants.models import Profile

LIVE = Q(ended_at=None)
MOST_CHOICES = 1000
MOST_TERMS = 100  # changes of one binding that its page shows


def name_by(column: str) -> Subquery:
    """A subquery for the name of the person whose users.id stands in ``column`` of the outer row."""
    profile = Profile.objects.filter(tenant_id=OuterRef("tenant_id"), user_id=OuterRef(column))
    name = Coalesce(
        NullIf("display_name", Value("", output_field=CharField())), "email", output_field=CharField()
    )
    return Subquery(profile.values_list(name)[:1])


def how_many(model: type[Model], column: str, of: str = "pk", **more: Any) -> Coalesce:
    """How many rows that stand have ``column`` = the outer row's ``of``: counted for the rows of a page alone."""
    rows = model._default_manager.filter(
        LIVE, tenant_id=OuterRef("tenant_id"), **{column: OuterRef(of)}, **more
    )
    counted = rows.order_by().values("tenant_id").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def applications(tenant_id: UUID) -> QuerySet[Application]:
    """Applications that stand, with ``scope_count`` and ``binding_count``."""
    return Application.objects.filter(LIVE, tenant_id=tenant_id).annotate(
        scope_count=how_many(Scope, "application"), binding_count=how_many(Binding, "application")
    )


def scopes(tenant_id: UUID, application_id: UUID) -> QuerySet[Scope]:
    """An Application's live scopes by name."""
    return Scope.objects.filter(LIVE, tenant_id=tenant_id, application_id=application_id).order_by("name")


def tools(tenant_id: UUID, application_id: UUID) -> QuerySet[Tool]:
    """The tools that an Application's server lists now."""
    return Tool.objects.filter(LIVE, tenant_id=tenant_id, application_id=application_id)


def undecided_tools(tenant_id: UUID, application_id: UUID) -> QuerySet[Tool]:
    """Those of them that no operator has decided about."""
    rules = ToolRule.objects.filter(LIVE, tenant_id=tenant_id, application_id=application_id)
    return tools(tenant_id, application_id).exclude(name__in=rules.values("tool_name"))


def tool_rules(tenant_id: UUID, application_id: UUID, names: Iterable[str]) -> dict[str, ToolRule]:
    """The decisions that stand about tools of these names, by name, each with who made it (``decider``)."""
    rules = ToolRule.objects.filter(LIVE, tenant_id=tenant_id, application_id=application_id)
    rows = rules.filter(tool_name__in=list(names)).annotate(decider=name_by("decided_by"))
    return {rule.tool_name: rule for rule in rows}


def inventory(tenant_id: UUID, application_id: UUID) -> Inventory | None:
    """When the Application's server last published, and the generation of its policy; None before the first time."""
    return Inventory.objects.filter(tenant_id=tenant_id, application_id=application_id).first()


def roles(tenant_id: UUID) -> QuerySet[Role]:
    """Roles, archived ones too, with how many scopes each gives and how often it is bound."""
    return Role.objects.filter(tenant_id=tenant_id).annotate(
        scope_count=how_many(RoleScope, "role", kind="scope"), binding_count=how_many(Binding, "role")
    )


def groups(tenant_id: UUID, *, text: str = "", ended: bool = False, source: str = "") -> QuerySet[Group]:
    """Groups that stand, or (``ended``) those that are archived, with ``member_count`` and ``binding_count``.

    ``text``: an id, or part of a name or description. ``source``: with somebody in it who came that way.
    """
    rows: QuerySet[Group] = named(Group.objects.filter(tenant_id=tenant_id), text, ended)
    if source:
        inside = GroupMember.objects.filter(LIVE, tenant_id=tenant_id, group=OuterRef("pk"), source=source)
        rows = rows.filter(Exists(inside))
    counted: QuerySet[Group] = rows.annotate(
        member_count=how_many(GroupMember, "group"), binding_count=how_many(Binding, "group")
    )
    return counted


def named(rows: QuerySet[Any], text: str, ended: bool) -> QuerySet[Any]:
    """Rows with a name that stand or have ended, whose id is ``text`` or whose words hold it."""
    rows = rows.filter(ended_at__isnull=not ended)
    if not text:
        return rows
    try:
        return rows.filter(pk=UUID(text))
    except ValueError:
        return rows.filter(Q(name__icontains=text) | Q(description__icontains=text))


def bindings(tenant_id: UUID, *, ended: bool = False, **subject: Any) -> QuerySet[Binding]:
    """Bindings that haven't been ended, or (``ended``) those that were. See :func:`ever_bound`."""
    return ever_bound(tenant_id, ended_at__isnull=not ended, **subject)


def ever_bound(tenant_id: UUID, **which: Any) -> QuerySet[Binding]:
    """Bindings, ended ones too, with role, place and subject, who gave and ended them and why they never give
    (``never``, a key of ``binding_states.REASONS``), in one statement.
    """
    return (
        Binding.objects.filter(tenant_id=tenant_id, **which)
        .select_related("role", "application", "group", "service_account", "plan_tier")
        .annotate(
            giver=name_by("created_by"),
            ender=name_by("ended_by"),
            person=name_by("user_id"),
            never=never_gives(),
        )
    )


def former_terms(binding: Binding) -> QuerySet[Binding]:
    """What a binding said before its terms were changed, the latest first, each with who changed it (``ender``)."""
    rows = Binding.terms.filter(tenant_id=binding.tenant_id, superseded_by_id=binding.pk)
    return rows.annotate(ender=name_by("ended_by")).order_by("-ended_at")[:MOST_TERMS]


def why_ended(tenant_id: UUID, keys: Iterable[UUID]) -> dict[UUID, str]:
    """Binding id → the reason that was given when it was ended. One statement."""
    events = Event.objects.filter(tenant_id=tenant_id, target_id__in=list(keys), action="binding.ended")
    return {key: reason for key, reason in events.values_list("target_id", "reason") if key}


def places_and_roles(tenant_id: UUID) -> list[tuple[str, UUID, str]]:
    """What bindings can be narrowed to: kind (role or application), id and name of what stands, by name."""
    rows = [
        model._default_manager.filter(LIVE, tenant_id=tenant_id)
        .order_by("name")
        .values_list(Value(kind, output_field=CharField()), "id", "name")[:MOST_CHOICES]
        for kind, model in (("application", Application), ("role", Role))
    ]
    return list(rows[0].union(rows[1], all=True))


def reach(tenant_id: UUID, binding: Binding) -> Reach:
    """How many people or accounts a binding reaches right now, itself or through a list. At most one statement."""
    if binding.group_id:
        inside = GroupMember.objects.filter(LIVE, tenant_id=tenant_id, group_id=binding.group_id)
        return count_of(inside)
    if binding.plan_tier_id:
        return tier_holders(tenant_id, [binding.plan_tier_id])[binding.plan_tier_id]
    if binding.service_account_id:
        return Reach(1 + operators(tenant_id, binding.service_account_id).count())
    return Reach(1)


def people_in(
    tenant_id: UUID, group_id: UUID, *, text: str = "", ended: bool = False
) -> QuerySet[GroupMember]:
    """Who is in a group, or (``ended``) who was; ``text``: an id, or part of a name or an address."""
    rows = GroupMember.objects.filter(tenant_id=tenant_id, group_id=group_id, ended_at__isnull=not ended)
    return whom(rows, text)


def whom(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Rows that name a user whose id is ``text``, or whose name or address holds it."""
    if not text:
        return rows
    try:
        return rows.filter(user_id=UUID(text))
    except ValueError:
        return rows.filter(
            Q(user__profiles__display_name__icontains=text) | Q(user__profiles__email__icontains=text)
        )


def operators(
    tenant_id: UUID, service_account_id: UUID, *, ended: bool = False
) -> QuerySet[ServiceAccountOperator]:
    """Who operates a service account, or (``ended``) who did."""
    return ServiceAccountOperator.objects.filter(
        tenant_id=tenant_id, service_account_id=service_account_id, ended_at__isnull=not ended
    )


def service_accounts(tenant_id: UUID, *, text: str = "", ended: bool = False) -> QuerySet[ServiceAccount]:
    """Service accounts that stand, or (``ended``) those that have ended, with ``operator_count`` and
    ``binding_count``. ``text`` as for groups.
    """
    rows = named(ServiceAccount.objects.filter(tenant_id=tenant_id), text, ended)
    counted: QuerySet[ServiceAccount] = rows.annotate(
        operator_count=how_many(ServiceAccountOperator, "service_account"),
        binding_count=how_many(Binding, "service_account"),
    )
    return counted


def as_people(rows: QuerySet[Any], *more: str) -> QuerySet[Any]:
    """Rows that name a user, as dicts: the person's name, address and standing, when and by whom they were added.

    ``more``: further columns of the rows.
    """
    people: QuerySet[Any] = rows.annotate(adder=name_by("added_by")).values(
        "id",
        "user_id",
        "added_at",
        "adder",
        *more,
        name=F("user__profiles__display_name"),
        email=F("user__profiles__email"),
        type=F("user__memberships__type"),
        status=F("user__memberships__status"),
        last_seen_at=Greatest("user__memberships__last_seen_at", "user__end_user__last_seen_at"),
        end_user=F("user__end_user__status"),
    )
    return people


def people_to_pick(tenant_id: UUID, text: str) -> list[UUID]:
    """users.ids of at most MANY people that a typed id, address or part of a name can mean; the first by address
    without a text.
    """
    if text:
        return [found.id for found in subject.find(text) if found.kind == "user"]
    rows = Profile.objects.filter(tenant_id=tenant_id).order_by("email", "id")
    return list(rows.values_list("user_id", flat=True)[: subject.MANY])
