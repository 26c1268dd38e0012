"""Where a person lands in a tenant: the default workspace, or the first steps while there is nothing to work on."""

from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from authsec.console.nav import allowed_actions, first_page
from authsec.web.access import member, requires
from authsec.web.http import Request
from authz.models import Application

FACTS = """
select (select id from authz_application where tenant_id = %(tenant)s and ended_at is null order by created_at limit 1),
       exists (select from authz_scope where tenant_id = %(tenant)s and ended_at is null),
       exists (select from oauth_consent where tenant_id = %(tenant)s),
       exists (select from endusers_enduser where tenant_id = %(tenant)s),
       exists (select from endusers_standingchange
                where tenant_id = %(tenant)s and capacity = 'end_user' and to_status = 'suspended')
"""


@dataclass(frozen=True)
class Step:
    """One step of the checklist; ``url`` is where it is done, None while that place does not exist."""

    title: str | Promise
    text: str | Promise
    action: str | Promise
    url: str | None
    done: bool


@member
def workspace(request: Request) -> HttpResponse:
    """The tenant's front page for this member."""
    card = request.membership
    if (
        "apps:manage" in allowed_actions(request)
        and not Application.objects.filter(tenant_id=card.tenant_id).exists()
    ):
        return redirect("start", slug=card.slug)
    if page := first_page(request):
        return redirect(page)
    raise PermissionDenied("None of your roles opens a page here. Ask an owner or admin of this tenant.")


@requires("apps:read")
def start(request: Request) -> HttpResponse:
    """The five steps from an empty tenant to a token that dies."""
    steps = _steps(request.tenant.tenant_id, request.tenant.slug)
    done = sum(step.done for step in steps)
    current = next((step for step in steps if not step.done), None)
    context = {"steps": steps, "done": done, "current": current, "crumbs": [("Get started", None)]}
    return render(request, "start.html", context)


def _place(name: str, **arguments: object) -> str | None:
    try:
        return reverse(name, kwargs=arguments)
    except NoReverseMatch:
        return None


def _steps(tenant_id: UUID, slug: str) -> list[Step]:
    with connection.cursor() as cursor:
        cursor.execute(FACTS, {"tenant": tenant_id})
        application, scopes, consents, people, suspensions = cursor.fetchone()
    own = _place("oauth:connect", slug=slug, application_id=application) if application else None
    scopes_of = (
        _place("authz:application_scopes", slug=slug, application_id=application) if application else None
    )
    people_page = _place("endusers:list", slug=slug) if people else None
    return [
        Step(
            _("Register an Application"),
            _("An MCP server, a web app or an API that should ask AuthSec who may do what."),
            _("Register Application"),
            _place("authz:application_new", slug=slug),
            application is not None,
        ),
        Step(
            _("Set its scopes"),
            _("Name what can be done there, and which scope every consumer gets."),
            _("Set scopes"),
            scopes_of,
            scopes,
        ),
        Step(
            _("Connect an AI client"),
            _("Copy a snippet for Claude, Cursor, VS Code or your own client."),
            _("Show snippets"),
            own,
            consents,
        ),
        Step(
            _("See your first end user"),
            _("They appear the moment they allow a client. You never invite them."),
            _("Open End Users"),
            people_page,
            people,
        ),
        Step(
            _("Suspend them and watch the token die"),
            _("The next introspection answers inactive. Then bring them back."),
            _("Open End Users"),
            people_page,
            suspensions,
        ),
    ]
