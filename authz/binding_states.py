"""Where a binding is in its life, and whether it can give anything at all: in SQL, so that lists can be narrowed to it.

A binding *never gives* when no sign-in, second factor, address or moment makes it count: somebody would have to change
the role, the Application or the subject first. A group without people is none of these: it fills by itself.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from authz.models import Application, Binding, RoleScope, Scope
from endusers.models import EndUser
from tenants.models import Membership

SOON = timedelta(days=7)
LIVE = Q(ended_at=None)
SCOPE = RoleScope.Kind.SCOPE

# Why a binding can't give anything → the sentence, with the names of what it binds.
REASONS: dict[str, str | Promise] = {
    "contradictory": _("It ends before it begins."),
    "role_archived": _("{role} is archived."),
    "group_archived": _("{subject} is archived."),
    "account_ended": _("{subject} has ended."),
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
    disabled = Q(application__status=Application.Status.DISABLED)
    tier = Q(plan_tier__isnull=False)
    return Case(
        When(expires_at__lte=F("not_before"), then=Value("contradictory")),
        When(role__ended_at__isnull=False, then=Value("role_archived")),
        When(group__ended_at__isnull=False, then=Value("group_archived")),
        When(service_account__ended_at__isnull=False, then=Value("account_ended")),
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


def in_state(rows: QuerySet[Binding], state: str, now: datetime) -> QuerySet[Binding]:
    """Bindings narrowed to a key of STATES; "" means all that have neither been ended nor run out."""
    running = Q(ended_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))
    if state == "ended":
        return rows.exclude(running)
    rows = rows.filter(running)
    if state == "never_gives":
        return rows.alias(against=never_gives()).exclude(against="")
    if state == "not_yet":
        return rows.filter(not_before__gt=now)
    if state == "ending_soon":
        return rows.filter(expires_at__lte=now + SOON)
    if state == "live":
        started = rows.filter(Q(not_before=None) | Q(not_before__lte=now))
        return started.alias(against=never_gives()).filter(against="")
    return rows


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
