"""Changes of plan tiers: a new one, another name or limit, another default, its end. Each is asked about first."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from authsec.web.pagination import Count
from authz.forms.plan_tier import DefaultForm, RetireForm, TierForm
from authz.tier_access import Place, given_by
from authz.views.asking import GET_OR_POST, consequences
from authz.views.links import page
from authz.views.plan_tiers import crumbs, dressed, limit_words, load
from authz.what_if.changes import MoveHolders
from authz.what_if.preview import preview
from endusers import plan_tiers as verbs
from endusers.models import PlanTier
from endusers.queries import tier_holders

Lines = list[tuple[object, str]]


@requires("plan_tiers:manage")
@require_http_methods(GET_OR_POST)
def new(request: Request) -> HttpResponse:
    """Create a tier of one's own."""
    form = TierForm(posted(request))
    if request.method == "POST" and form.is_valid():
        tier = form.run(verbs.create, **told(request), **form.facts())
        if tier:
            messages.success(request, _("%(name)s created") % {"name": tier.name})
            return redirect(page(request.tenant.slug, "plan_tier", key=tier.key))
    context = {
        "form": form,
        "back": page(request.tenant.slug, "plan_tiers"),
        "crumbs": crumbs(request, _("Create tier")),
    }
    return render(request, "authz/plan_tier_form.html", context, status=422 if form.errors else 200)


@requires("plan_tiers:manage")
@require_http_methods(GET_OR_POST)
def edit(request: Request, key: str) -> HttpResponse:
    """Rename a tier, or give it another limit."""
    tier = load(request, key)
    form = TierForm(posted(request), tier=tier)
    back = page(request.tenant.slug, "plan_tier", key=tier.key)
    ready = request.method == "POST" and form.is_valid()
    if ready and form.run(verbs.edit, **told(request, tier_id=tier.pk), **form.facts()):
        messages.success(request, _("%(name)s saved") % {"name": form.cleaned_data["name"]})
        return redirect(back)
    context = {
        "form": form,
        "tier": dressed(tier, tier_holders(tier.tenant_id, [tier.pk])[tier.pk]),
        "back": back,
        "crumbs": crumbs(request, tier.name, _("Edit")),
    }
    return render(request, "authz/plan_tier_form.html", context, status=422 if form.errors else 200)


@requires("plan_tiers:manage")
@require_http_methods(GET_OR_POST)
def make_default(request: Request, key: str) -> HttpResponse:
    """Say what a stranger would get from now on and what they get today; make the tier the default."""
    tier, form = load(request, key), DefaultForm(posted(request))
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if form.run(verbs.make_default, **told(request, tier_id=tier.pk), reason=reason):
            messages.success(request, _("%(name)s is the default tier now") % {"name": tier.name})
            return go_to(request, page(request.tenant.slug, "plan_tier", key=tier.key))
    context = {
        "question": _("Make %(tier)s the default tier of %(tenant)s?") % _names(request, tier),
        "lines": _for_strangers(tier),
        "text": _(
            "It counts for first consents from now on. Whoever is an end user already keeps their tier. "
            "You can make the other tier the default again."
        ),
        "reversible": True,
        "action": _("Make it the default"),
    }
    return _asked(request, tier, form, context)


@requires("plan_tiers:manage")
@require_http_methods(GET_OR_POST)
def retire(request: Request, key: str) -> HttpResponse:
    """Ask where its holders go and show what that costs them; retire the tier and move them by a job."""
    tier = load(request, key, retired=True)
    held = tier_holders(tier.tenant_id, [tier.pk])[tier.pk]
    form = RetireForm(posted(request), tier=tier, held=bool(held.value))
    if "move_to" in form.fields:
        _need_to_move(request)
    if request.method == "POST" and form.is_valid():
        done = form.run(verbs.retire, **told(request, tier_id=tier.pk), **form.cleaned_data)
        if done:
            messages.success(request, _("%(name)s is retired") % {"name": tier.name})
            job = done[1]
            to_job = job and reverse("jobs:job", kwargs={"slug": request.tenant.slug, "job_id": job.pk})
            return go_to(request, to_job or page(request.tenant.slug, "plan_tiers"))
    context = {
        "question": _("Retire %(tier)s in %(tenant)s?") % _names(request, tier),
        "lines": [(held, ngettext("person holds it", "people hold it", held.value))] if held.value else [],
        "text": _(
            "Nobody comes to it any more, its key is never given again, and it can’t be opened again. "
            "Whoever holds it keeps what it gives until the job has moved them."
        ),
        "reversible": False,
        "action": _("Retire"),
    }
    return _asked(request, tier, form, context | _going(request, tier, held, form))


def _need_to_move(request: Request) -> None:
    """Refuse, in words, who may not move end users."""
    decision = request.powers.decide("endusers:update")
    if not decision.allowed:
        raise PermissionDenied(" ".join(decision.reasons))


def _asked(request: Request, tier: PlanTier, form: Any, context: dict[str, Any]) -> HttpResponse:
    """The question as a page, or as a dialog for htmx; of a changed answer only the numbers."""
    context |= {
        "form": form,
        "tier": tier,
        "back": page(request.tenant.slug, "plan_tier", key=tier.key),
        "crumbs": crumbs(request, tier.name, context["action"]),
    }
    partial = "numbers" if request.htmx and request.htmx.target == "numbers" else "dialog"
    status = 422 if form.errors else 200
    return page_or_partial(request, "authz/plan_tier_ask.html", context, partial=partial, status=status)


def _going(request: Request, tier: PlanTier, held: Count, form: RetireForm) -> dict[str, Any]:
    """What its holders would gain and lose where they go: where the address or the form says, else the first choice."""
    if "move_to" not in form.fields:
        return {}
    choices = dict(form.fields["move_to"].choices)  # type: ignore[attr-defined]
    asked = (request.POST if form.is_bound else request.GET).get("move_to", "")
    to = asked if asked in choices else next(iter(choices), "")
    if not form.is_bound:
        form.initial["move_to"] = to
    change = MoveHolders(plan_tier_id=tier.pk, to=to)
    effect = preview(
        tenant_id=tier.tenant_id, change=change, actor=request.actor, now=timezone.now(), reach=held
    )
    return {"effect": consequences(effect), "to_name": choices.get(to, "")}


def _for_strangers(tier: PlanTier) -> Lines:
    """What somebody who consents for the first time would get more and less than today, counted in scopes."""
    today = PlanTier.objects.get(tenant_id=tier.tenant_id, is_default=True)
    given = given_by(tier.tenant_id, [tier.pk, today.pk], timezone.now())
    more, less = (
        given[tier.pk].beyond(given[today.pk]),
        given[today.pk].beyond(given[tier.pk]),
    )
    lines: Lines = [
        *_scopes(more, _("more for a stranger")),
        *_scopes(less, _("less for a stranger")),
    ]
    if not given[tier.pk].gifts:
        lines.append(
            (0, _("scopes at all: this tier gives nothing, so a stranger’s first consent is refused"))
        )
    old, new = (limit_words(one) or _("no limit") for one in (today, tier))
    lines.append((_("limit"), _("%(new)s instead of %(old)s") % {"new": new, "old": old}))
    return lines


def _scopes(places: list[Place], words: str) -> Lines:
    return [
        (
            len(place.gifts),
            f"{ngettext('scope', 'scopes', len(place.gifts))} {words} ({place.name}): "
            + ", ".join(
                gift.name + (_(" under conditions") if gift.conditional else "") for gift in place.gifts
            ),
        )
        for place in places
    ]


def _names(request: Request, tier: PlanTier) -> dict[str, str]:
    return {"tier": tier.name, "tenant": request.tenant.name}
