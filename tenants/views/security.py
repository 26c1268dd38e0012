"""Settings → Security: what the team must bring to sign in, and who does not yet."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from authsec.web.access import reauthenticate, requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from tenants import operations
from tenants.forms import SecondFactorRuleForm
from tenants.models import Tenant
from tenants.second_factor import enrolled, lacking


@requires("org:read")
@require_safe
def security(request: Request) -> HttpResponse:
    """The rule about second factors, who has none, and how long sessions live."""
    tenant_id = request.tenant.tenant_id
    having = enrolled(tenant_id)
    context = {
        "row": Tenant.objects.get(pk=tenant_id),
        "lacking": lacking(tenant_id),
        "having": len(having),
        "i_have_one": request.membership.user_id in having,
        "may_change": "org:update" in request.decision.can,
        "now": timezone.now(),
        "limits": {
            "idle": settings.SESSION_IDLE_SECONDS // 3_600,
            "remembered": settings.SESSION_REMEMBERED_SECONDS // 86_400,
            "absolute": settings.SESSION_ABSOLUTE_SECONDS // 86_400,
            "confirm": settings.ACCOUNT_REAUTHENTICATION_TIMEOUT // 60,
        },
        "crumbs": [("Settings", None), ("Security", None)],
    }
    return render(request, "tenants/security.html", context)


@requires("org:update")
@reauthenticate
@require_http_methods(["GET", "HEAD", "POST"])
def require_second_factor(request: Request) -> HttpResponse:
    """Ask for the days of grace, say whom it meets; make the rule."""
    row = Tenant.objects.get(pk=request.tenant.tenant_id)
    form = SecondFactorRuleForm(
        posted(request),
        initial={"grace_days": row.second_factor_grace_days},
    )
    if form.is_valid():
        try:
            operations.require_second_factor(**told(request), **form.cleaned_data)
        except operations.NotEnrolled as error:
            form.add_error(None, str(error))
        else:
            return done(request, _("The team of %s needs a second factor"))
    without = lacking(row.pk)
    owners = sum(person.type == "owner" for person in without)
    lines = [
        (len(without), ngettext("active member has none", "active members have none", len(without))),
        (owners, ngettext("of them is an owner", "of them are owners", owners)),
    ]
    return asking(request, "tenants/second_factor.html", {"form": form, "row": row, "lines": lines})


@requires("org:update")
@reauthenticate
@require_http_methods(["GET", "HEAD", "POST"])
def release_second_factor(request: Request) -> HttpResponse:
    """Say what the end of the rule means; end it."""
    if request.method == "POST":
        operations.release_second_factor(**told(request))
        return done(request, _("The team of %s needs no second factor any more"))
    return asking(request, "tenants/second_factor_release.html", {})


def asking(request: Request, template: str, facts: dict[str, Any]) -> HttpResponse:
    """The question as a page, or as a dialog for htmx; 422 for a bad answer."""
    back = reverse("tenants:security", kwargs={"slug": request.tenant.slug})
    way = [("Settings", None), ("Security", back), ("Second factor", None)]
    form = facts.get("form")
    status = 422 if form is not None and form.errors else 200
    return page_or_partial(
        request, template, facts | {"back": back, "crumbs": way}, partial="dialog", status=status
    )


def done(request: Request, sentence: str) -> HttpResponse:
    """Back to the page, saying what holds now."""
    messages.success(request, sentence % request.tenant.name)
    return go_to(request, reverse("tenants:security", kwargs={"slug": request.tenant.slug}))
