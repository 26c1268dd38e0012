"""How much of their rate limit one person used, where this server counts."""

from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from authsec.web.access import requires
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request
from endusers.views.people import crumbs
from endusers.views.person import load
from oauth.usage.callers import gauges


@requires("endusers:read")
@require_safe
def person_calls(request: Request, user_id: UUID) -> HttpResponse:
    """One gauge for each Application that has its calls counted; a part of the tab about limits."""
    end_user = load(request, user_id)
    context = {
        "end_user": end_user,
        "gauges": gauges(end_user=end_user, now=timezone.now()),
        "crumbs": crumbs(request, end_user.name, _("Calls now")),
    }
    return page_or_partial(request, "oauth/person_calls.html", context, partial="gauges")
