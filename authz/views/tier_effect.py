"""What another plan tier would do to one end user, for the question before it."""

from dataclasses import replace
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from authsec.web.access import requires
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request, told
from authz.views.plan_tiers import limit_words
from authz.what_if.changes import SetPlanTier
from authz.what_if.preview import preview
from endusers.limits import own_limit
from endusers.models import PlanTier
from endusers.views.people import crumbs
from endusers.views.person import load


@requires("endusers:update")
@require_safe
def tier_effect(request: Request, user_id: UUID) -> HttpResponse:
    """The scopes that they would gain and lose on ``?plan_tier=<key>``, and the rate limit. Nothing is changed."""
    end_user, tenant_id = load(request, user_id), request.tenant.tenant_id
    held = end_user.plan_tier
    key = request.GET.get("plan_tier") or held.key
    tiers = PlanTier.objects.filter(tenant_id=tenant_id, ended_at=None)
    tier = held if key == held.key else next((one for one in tiers if one.key == key), None)
    if tier is None:
        raise Http404("No such plan tier.")
    context = {
        "end_user": end_user,
        "tier": tier,
        "crumbs": crumbs(request, end_user.name, _("What another plan tier would change")),
    }
    if tier.pk != held.pk:
        change = SetPlanTier(user_id=user_id, plan_tier=key)
        effect = preview(**told(request), change=change)
        context |= {  # what stays stands on the page of what if: of one person it says nothing here
            "preview": replace(effect, lines=tuple(line for line in effect.lines if line.mark != "kept")),
            "own": own_limit(end_user),
            "limits": (limit_words(held), limit_words(tier)),
        }
    return page_or_partial(request, "authz/tier_effect.html", context, partial="effect")
