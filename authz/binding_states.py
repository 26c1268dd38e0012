"""Where a binding is in its life, and whether it can give anything at all: in SQL, so that lists can be narrowed to it.

A binding *never gives* when no sign-in, second factor, address or moment makes it count: somebody would have to change
the role, the Application or the subject first. A group without people is none of these: it fills by itself.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Case, CharField, Exists, F, Model, OuterRef, Q, QuerySet, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from authz.models import Application, Binding, Group, Role, RoleScope, Scope, ServiceAccount
from endusers.models import EndUser, PlanTier
from tenants.models import Membership

SOON = timedelta(days=7)
LIVE = Q(ended_at=None)
SCOPE = RoleScope.Kind.SCOPE
UNSUPPORTED = """
select b.application_id, b.role_id
  from (select distinct application_id, role_id from authz_binding
         where tenant_id = %(tenant)s and ended_at is null and application_id is not null) b
 where not exists (
   select from authz_rolescope r
     join authz_scope s on s.tenant_id = %(tenant)s and s.application_id = b.application_id and s.name = r.name
      and s.ended_at is null
    where r.tenant_id = %(tenant)s and r.role_id = b.role_id and r.kind = 'scope' and r.ended_at is null)
"""

# Why a binding can't give anything → the sentence, with the names of what it binds.
REASONS: dict[str, str | Promise] = {
    "contradictory": _("It ends before it begins."),
    "role_archived": _("{role} is archived."),
    "group_archived": _("{subject} is archived."),
    "account_ended": _("{subject} has ended."),
    "tier_retired": _("{subject} is retired, and nobody holds it."),
    "user_left": _("{subject} has left."),
    "application_archived": _("{application} is archived."),
    "application_disabled": _("{application} is disabled."),
    "role_empty": _("{role} gives nothing yet."),
    "no_scopes_for_tier": _("{role} has no scopes, and a plan tier gives no console permission."),
    "unsupported": _("{application} supports none of the scopes of {role}."),
}
# Filters of lists → the words for them.
STATES: dict[str, str | Promise] = {
    "live": _("Live"),
    "not_yet": _("Not yet"),
    "ending_soon": _("Ending soon"),
    "never_gives": _("Gives nothing"),
    "ended": _("Ended"),
}


def never_gives() -> Case:
    """The key of REASONS that stands against a binding, "" where none does. For annotating bindings."""
    here = {"tenant_id": OuterRef("tenant_id")}
    parts = RoleScope.objects.filter(LIVE, **here, role_id=OuterRef("role_id"))
    scopes = Exists(parts.filter(kind=SCOPE))
    power = ~Q(role__system_key="") | Exists(parts.exclude(kind=SCOPE))
    left = Membership.objects.filter(**here, user_id=OuterRef("user_id"), status=Membership.Status.LEFT)
    consumer = EndUser.objects.filter(**here, user_id=OuterRef("user_id"))
    gone = Q(user__isnull=False) & Exists(left) & ~Exists(consumer)
    held = EndUser.objects.filter(**here, plan_tier_id=OuterRef("plan_tier_id"))
    disabled = Q(application__status=Application.Status.DISABLED)
    tier = Q(plan_tier__isnull=False)
    return Case(
        When(expires_at__lte=F("not_before"), then=Value("contradictory")),
        When(role__ended_at__isnull=False, then=Value("role_archived")),
        When(group__ended_at__isnull=False, then=Value("group_archived")),
        When(service_account__ended_at__isnull=False, then=Value("account_ended")),
        When(tier & Q(plan_tier__ended_at__isnull=False) & ~Exists(held), then=Value("tier_retired")),
        When(gone, then=Value("user_left")),
        When(application__ended_at__isnull=False, then=Value("application_archived")),
        When(disabled & (tier | ~power), then=Value("application_disabled")),
        When(~scopes & ~power, then=Value("role_empty")),
        When(~scopes & tier, then=Value("no_scopes_for_tier")),
        When((tier | ~power) & ~_supported(), then=Value("unsupported")),
        default=Value(""),
        output_field=CharField(),
    )


def _supported() -> Q:
    """Whether the binding's Application, or, tenant-wide, any one that stands, has a scope that its role names."""
    here = {"tenant_id": OuterRef("tenant_id")}
    names = RoleScope.objects.filter(
        LIVE, tenant_id=OuterRef("tenant_id"), role_id=OuterRef(OuterRef("role_id")), kind=SCOPE
    ).values("name")
    scopes = Scope.objects.filter(LIVE, **here, application__ended_at=None, name__in=names)
    there = scopes.filter(application_id=OuterRef("application_id"))
    return Exists(there) | Q(application__isnull=True) & Exists(scopes)


def in_state(tenant_id: UUID, rows: QuerySet[Binding], state: str, now: datetime) -> QuerySet[Binding]:
    """Bindings narrowed to a key of STATES; "" means all that have neither been ended nor run out."""
    if state == "ended":
        return rows.filter(Q(ended_at__isnull=False) | Q(expires_at__lte=now))
    rows = rows.filter(Q(expires_at=None) | Q(expires_at__gt=now), ended_at=None)
    if state == "never_gives":
        return rows.filter(_never(tenant_id))
    if state == "not_yet":
        return rows.filter(not_before__gt=now)
    if state == "ending_soon":
        return rows.filter(expires_at__lte=now + SOON)
    if state == "live":
        return rows.filter(Q(not_before=None) | Q(not_before__lte=now)).exclude(_never(tenant_id))
    return rows


def _never(tenant_id: UUID) -> Q:
    """What :func:`never_gives` says of one row, of all of a tenant's: by sets that are made once, not row by row. One
    statement.
    """
    here = {"tenant_id": tenant_id}
    parts = RoleScope.objects.filter(LIVE, **here)
    with_scopes = parts.filter(kind=SCOPE).values("role_id")
    with_power = Role.objects.filter(
        ~Q(system_key="") | Q(pk__in=parts.exclude(kind=SCOPE).values("role_id")), **here
    )
    known = Scope.objects.filter(LIVE, **here, application__ended_at=None).values("name")
    understood = parts.filter(kind=SCOPE, name__in=known).values("role_id")
    left = Membership.objects.filter(**here, status=Membership.Status.LEFT).values("user_id")
    consumers = EndUser.objects.filter(**here, user_id__in=left).values("user_id")
    held = EndUser.objects.filter(**here, plan_tier_id=OuterRef("pk"))
    disabled = Application.objects.filter(**here, status=Application.Status.DISABLED)
    only_scopes = Q(plan_tier__isnull=False) | ~Q(role_id__in=with_power.values("pk"))
    unsupported = Q(application=None) & ~Q(role_id__in=understood)
    for application_id, role_ids in _unsupported(tenant_id).items():
        unsupported |= Q(application_id=application_id, role_id__in=role_ids)
    return (
        Q(expires_at__isnull=False, not_before__isnull=False, expires_at__lte=F("not_before"))
        | Q(role_id__in=_ended(Role, tenant_id))
        | Q(group__isnull=False, group_id__in=_ended(Group, tenant_id))
        | Q(service_account__isnull=False, service_account_id__in=_ended(ServiceAccount, tenant_id))
        | Q(plan_tier__isnull=False, plan_tier_id__in=_ended(PlanTier, tenant_id).filter(~Exists(held)))
        | Q(user__isnull=False, user_id__in=left) & ~Q(user_id__in=consumers)
        | Q(application__isnull=False, application_id__in=_ended(Application, tenant_id))
        | only_scopes & (Q(application__isnull=False, application_id__in=disabled.values("pk")) | unsupported)
        | only_scopes & ~Q(role_id__in=with_scopes)
    )


def _ended(model: type[Model], tenant_id: UUID) -> QuerySet[Any]:
    rows = model._default_manager.filter(tenant_id=tenant_id, ended_at__isnull=False)
    return rows.values("pk")


def _unsupported(tenant_id: UUID) -> dict[UUID, list[UUID]]:
    """Application id → the roles bound on it of which it understands no scope."""
    with connection.cursor() as cursor:
        cursor.execute(UNSUPPORTED, {"tenant": tenant_id})
        found: dict[UUID, list[UUID]] = {}
        for application_id, role_id in cursor.fetchall():
            found.setdefault(application_id, []).append(role_id)
    return found


def never_of(tenant_id: UUID, keys: Iterable[UUID]) -> dict[UUID, str]:
    """Binding id → the key of REASONS that stands against it, or "". One statement."""
    asked = Binding.objects.filter(tenant_id=tenant_id, pk__in=list(keys), ended_at=None)
    return dict(asked.annotate(never=never_gives()).values_list("pk", "never"))


def state_of(row: Binding, never: str, now: datetime) -> str:
    """live, not_yet, ending_soon, never_gives, expired or ended; ``never`` is what :func:`never_gives` says."""
    if row.ended_at is not None:
        return "ended"
    if row.expires_at is not None and row.expires_at <= now:
        return "expired"
    if never:
        return "never_gives"
    if row.not_before is not None and row.not_before > now:
        return "not_yet"
    if row.expires_at is not None and row.expires_at <= now + SOON:
        return "ending_soon"
    return "live"


def why_never(row: Binding, never: str, subject: str) -> str:
    """The sentence of a reason, "" without one. ``row`` comes with its role and Application."""
    if not never:
        return ""
    if never == "unsupported" and row.application is None:
        return _("No Application supports a scope of {role}.").format(role=row.role.name)
    place = row.application.name if row.application else ""
    return str(REASONS[never]).format(role=row.role.name, subject=subject, application=place)
