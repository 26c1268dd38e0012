"""Plan tiers: the list, and one of them with what it gives, how many hold it and what was done about it."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from authsec.audit.queries import about
from authsec.web.access import requires
from authsec.web.http import Request
from authsec.web.pagination import Count, paginate
from authz.forms.plan_tier import WINDOWS, MoveForm
from authz.tier_access import given_by
from authz.views import tables
from authz.views.links import Crumbs, page
from authz.what_if.changes import MoveHolders
from authz.what_if.preview import preview
from endusers.models import PlanTier
from endusers.plan_tiers import limit_of
from endusers.queries import tier_holders
from endusers.tier_history import flow


@requires("plan_tiers:read")
@require_safe
def plan_tiers(request: Request) -> HttpResponse:
    """The tiers that stand, in the order in which they were made; with ``?retired`` the others, the latest first."""
    tenant_id, retired = request.tenant.tenant_id, "retired" in request.GET
    rows = PlanTier.objects.filter(tenant_id=tenant_id, ended_at__isnull=not retired)
    order = {"column": "ended_at"} if retired else {"column": "created_at", "ascending": True}
    found = paginate(rows, cursor=request.GET.get("cursor", ""), **order)
    keys = [tier.pk for tier in found.items]
    held, given = tier_holders(tenant_id, keys), given_by(tenant_id, keys, timezone.now())
    context = {
        "page": found,
        "tiers": [dressed(tier, held[tier.pk], given=given[tier.pk]) for tier in found.items],
        "retired": retired,
        "sides": [
            {"label": "Offered", "url": "?", "current": not retired},
            {"label": "Retired", "url": "?retired", "current": retired},
        ],
        "crumbs": [("Settings", None), ("Plan tiers", None)],
    }
    return render(request, "authz/plan_tiers.html", context)


@requires("plan_tiers:read")
@require_safe
def plan_tier(request: Request, key: str) -> HttpResponse:
    """What a tier gives and by which bindings, how many hold it, what moving them would do, what was done."""
    tier = load(request, key, retired=True)
    if tier.key != key:
        return redirect(page(request.tenant.slug, "plan_tier", key=tier.key))
    tenant_id, now = tier.tenant_id, timezone.now()
    held, given = tier_holders(tenant_id, [tier.pk])[tier.pk], given_by(tenant_id, [tier.pk], now)[tier.pk]
    context = {
        "tier": dressed(tier, held, given=given),
        "bindings": tables.bindings(tenant_id, now, request.GET.get("bindings", ""), plan_tier_id=tier.pk),
        "flow": flow(tenant_id, tier.pk, now),
        **_tried(request, tier, held),
        "entries": about(tenant_id, tier.pk) if "audit:read" in request.decision.can else [],
        "crumbs": crumbs(request, tier.name),
    }
    template = "authz/plan_tier.html#moving" if request.htmx else "authz/plan_tier.html"
    return render(request, template, context)


def load(request: Request, key: str, *, retired: bool = False) -> PlanTier:
    """The tenant's tier by its key (or its id, as events name it); 404 for one that is not there, or is retired."""
    rows = PlanTier.objects.filter(tenant_id=request.tenant.tenant_id)
    tier = (rows if retired else rows.filter(ended_at=None)).filter(**_named(key)).first()
    if tier is None:
        raise Http404("No such plan tier.")
    return tier


def crumbs(request: Request, *last: str) -> Crumbs:
    """The way from the list of tiers to a page below it."""
    above = ("Plan tiers", page(request.tenant.slug, "plan_tiers"))
    return [("Settings", None), above, *((label, None) for label in last)]


def dressed(tier: PlanTier, holders: Count, **more: Any) -> Any:
    """A tier with what its templates can't make: ``holders``, ``limit_words``, and ``more``."""
    shown: Any = tier
    shown.limit_words = limit_words(tier)
    shown.holders = holders
    for name, value in more.items():
        setattr(shown, name, value)
    return shown


def limit_words(tier: PlanTier) -> str:
    """Its rate limit in words; "" without one."""
    limit = limit_of(tier)
    if limit is None:
        return ""
    return f"{limit.limit:,} / {WINDOWS.get(limit.window_s) or f'{limit.window_s:,} s'}"


def _named(key: str) -> dict[str, Any]:
    try:
        return {"pk": UUID(key)}
    except ValueError:
        return {"key": key}


def _tried(request: Request, tier: PlanTier, held: Count) -> dict[str, Any]:
    """What would happen to its holders on the tier that the address names. Nothing for who may not move them."""
    if not held.value or "endusers:update" not in request.decision.can:
        return {}
    given = {"to": request.GET["to"]} if request.GET.get("to") else None
    form = MoveForm(given, tier=tier)
    if not form.fields["to"].choices[1:]:  # type: ignore[attr-defined]
        return {}
    to = form.chosen
    if not to:
        return {"move_form": form}
    change = MoveHolders(plan_tier_id=tier.pk, to=to)
    target = PlanTier.objects.get(tenant_id=tier.tenant_id, key=to)
    return {
        "move_form": form,
        "to": dressed(target, held),
        "preview": preview(
            tenant_id=tier.tenant_id, change=change, actor=request.actor, now=timezone.now(), reach=held
        ),
    }
