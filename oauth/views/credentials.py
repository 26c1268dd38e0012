"""Credentials of Applications, shown once: a panel for the page of authz."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from authsec.web.access import reauthenticate, requires
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request
from authz.models import Application
from authz.views.applications import around
from authz.views.asking import GET_OR_POST
from oauth import credentials


def _application(request: Request, application_id: UUID) -> Application:
    found = Application.objects.filter(tenant_id=request.tenant.tenant_id, pk=application_id).first()
    if found is None:
        raise Http404
    return found


@requires("apps:read")
def application_credentials(request: Request, application_id: UUID) -> HttpResponse:
    """The credentials with which an Application introspects; never their secrets."""
    return _application_panel(request, _application(request, application_id))


@requires("apps:manage")
@reauthenticate
@require_POST
def issue(request: Request, application_id: UUID) -> HttpResponse:
    """Make a credential and show its secret, once. Those in use go on for a day."""
    application = _application(request, application_id)
    try:
        secret = credentials.rotate(
            tenant_id=application.tenant_id,
            application_id=application.pk,
            actor=request.actor,
            now=timezone.now(),
        )
    except credentials.NoSuchApplication as error:
        raise Http404 from error
    return _application_panel(request, application, secret)


@requires("apps:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def end(request: Request, application_id: UUID, credential_id: UUID) -> HttpResponse:
    """Stop a credential at once, after the question."""
    application = _application(request, application_id)
    rows = credentials.live(
        tenant_id=application.tenant_id, application_id=application.pk, now=timezone.now()
    )
    if (found := rows.filter(pk=credential_id).first()) is None:
        raise Http404
    back = reverse(
        "authz:application", kwargs={"slug": request.tenant.slug, "application_id": application_id}
    )
    if request.method != "POST":
        names = {"name": application.name, "tenant": request.tenant.name}
        question = {
            "question": _("End a credential of %(name)s in %(tenant)s?") % names,
            "text": _("Whoever introspects with %(id)s is refused at once.") % {"id": found.credential_id},
            "lines": _what_stays(rows.count() - 1),
            "action": _("End credential"),
        }
        context = question | around(request, application)
        context["crumbs"] = [*context["way"], (question["action"], None)]
        return page_or_partial(request, "oauth/credentials_ask.html", context, partial="dialog")
    credentials.end(
        tenant_id=application.tenant_id,
        application_id=application.pk,
        credential_id=found.credential_id,
        actor=request.actor,
        now=timezone.now(),
    )
    messages.success(request, _("%(id)s has ended") % {"id": found.credential_id})
    return HttpResponseClientRedirect(back) if request.htmx else redirect(back)


def _what_stays(others: int) -> list[tuple[str, str]]:
    """How many credentials an Application keeps, as a confirmation counts them."""
    return [
        (
            str(others),
            ngettext("other credential goes on working", "other credentials go on working", others),
        )
    ]


def _application_panel(
    request: Request, application: Application, shown: tuple[str, str] | None = None
) -> HttpResponse:
    rows = credentials.live(
        tenant_id=application.tenant_id, application_id=application.pk, now=timezone.now()
    )
    context = {
        "application": application,
        "rows": rows,
        "shown": [(_("Id"), shown[0]), (_("Secret"), shown[1])] if shown else [],
        "crumbs": [*around(request, application)["way"], (_("Credentials"), None)],
    }
    response = page_or_partial(request, "oauth/application_credentials.html", context, partial="panel")
    response["Cache-Control"] = "no-store"
    return response
