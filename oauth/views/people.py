"""Panels about one person's connections and tokens, for the pages of other contexts, by URL."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from endusers.models import EndUser
from endusers.operations import NotAnEndUser
from oauth import connections, consent, suspension
from tenants.forms import OptionalReason, RequiredReason
from tenants.models import Profile


def _profile(request: Request, user_id: UUID) -> Profile:
    found = Profile.objects.filter(tenant_id=request.tenant.tenant_id, user_id=user_id).first()
    if found is None:
        raise Http404
    return found


@requires("tokens:read")
def user_connections(request: Request, user_id: UUID) -> HttpResponse:
    """The clients that this person connected, and how many of their tokens live."""
    profile, tenant_id = _profile(request, user_id), request.tenant.tenant_id
    alive = connections.live_tokens(tenant_id, user_id, now=timezone.now())
    rows = list(connections.of_user(tenant_id, user_id)[:200])
    context = {
        "person": str(profile),
        "user_id": user_id,
        "rows": [(row, alive.get((row.client_id, row.application_id), 0)) for row in rows],
        "crumbs": [(str(profile), _back(request, user_id)), (_("Connections"), None)],
    }
    return page_or_partial(request, "oauth/user_connections.html", context, partial="panel")


@requires("tokens:read")
def user_consequence(request: Request, user_id: UUID) -> HttpResponse:
    """What stops when this person is suspended, counted now."""
    profile, tenant_id = _profile(request, user_id), request.tenant.tenant_id
    context = {
        "person": str(profile),
        "lines": _lines(tenant_id, user_id),
        "counted_at": timezone.now(),
        "crumbs": [(str(profile), _back(request, user_id)), (_("What stops"), None)],
    }
    return page_or_partial(request, "oauth/user_consequence.html", context, partial="lines")


@requires("org:close")
def closing_consequence(request: Request) -> HttpResponse:
    """The tokens that stop when the tenant is closed, counted now."""
    now = timezone.now()
    alive = connections.live_tokens_of_tenant(request.tenant.tenant_id, now=now)
    shown = f"{alive:,}+" if alive >= connections.ENOUGH else f"{alive:,}"
    context = {
        "person": request.tenant.name,
        "lines": [(shown, ngettext("token answers inactive now", "tokens answer inactive now", alive))],
        "counted_at": now,
        "crumbs": [(_("Close"), None)],
    }
    return page_or_partial(request, "oauth/closing_consequence.html", context, partial="lines")


def _lines(tenant_id: UUID, user_id: UUID) -> list[tuple[int, str]]:
    linked = connections.of_user(tenant_id, user_id).count()
    alive = sum(connections.live_tokens(tenant_id, user_id, now=timezone.now()).values())
    return [
        (linked, ngettext("connection stops working now", "connections stop working now", linked)),
        (alive, ngettext("token answers inactive now", "tokens answer inactive now", alive)),
    ]


@requires("tokens:revoke")
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_connection(request: Request, user_id: UUID, consent_id: UUID) -> HttpResponse:
    """Cut one client off from one Application for this person."""
    profile, tenant_id = _profile(request, user_id), request.tenant.tenant_id
    row = connections.of_user(tenant_id, user_id).filter(pk=consent_id).first()
    if row is None:
        raise Http404
    form, back = OptionalReason(posted(request)), _connections(request, user_id)
    if request.method == "POST" and form.is_valid():
        consent.withdraw(**told(request, consent_id=consent_id), reason=form.cleaned_data["reason"])
        messages.success(request, _("%s is cut off") % (row.client.name or row.client.client_id))
        return go_to(request, back)
    alive = connections.live_tokens(tenant_id, user_id, now=timezone.now())
    tokens = alive.get((row.client_id, row.application_id), 0)
    context = {
        "person": str(profile),
        "user_id": user_id,
        "row": row,
        "lines": [(tokens, ngettext("token answers inactive now", "tokens answer inactive now", tokens))],
        "form": form,
        "back": back,
        "crumbs": [(str(profile), _back(request, user_id)), (_("Cut off"), None)],
    }
    status = 422 if request.method == "POST" else 200
    return page_or_partial(request, "oauth/revoke_connection.html", context, partial="dialog", status=status)


@requires("endusers:suspend")
@require_http_methods(["GET", "HEAD", "POST"])
def user_revoke(request: Request, user_id: UUID) -> HttpResponse:
    """Suspend and revoke all tokens: the second action, which cannot be undone."""
    profile, tenant_id = _profile(request, user_id), request.tenant.tenant_id
    form = RequiredReason(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            died = suspension.suspend_and_revoke(
                **told(request, user_id=user_id), reason=form.cleaned_data["reason"]
            )
        except NotAnEndUser as error:
            raise Http404 from error
        messages.success(
            request,
            ngettext(
                "%(name)s suspended, %(n)d token revoked", "%(name)s suspended, %(n)d tokens revoked", died
            )
            % {"name": profile, "n": died},
        )
        return go_to(request, _back(request, user_id))
    context = {
        "person": str(profile),
        "user_id": user_id,
        "form": form,
        "lines": _lines(tenant_id, user_id),
        "back": _back(request, user_id),
        "crumbs": [(str(profile), _back(request, user_id)), (_("Suspend and revoke"), None)],
    }
    status = 422 if request.method == "POST" else 200
    return page_or_partial(request, "oauth/user_revoke.html", context, partial="dialog", status=status)


def _connections(request: Request, user_id: UUID) -> str:
    """Where this person's connections stand: an end user's have a tab, a member's a page."""
    here = {"tenant_id": request.tenant.tenant_id, "user_id": user_id}
    name = "person_connections" if EndUser.objects.filter(**here).exists() else "user_connections"
    return reverse(f"oauth:{name}", kwargs={"slug": request.tenant.slug, "user_id": user_id})


def _back(request: Request, user_id: UUID) -> str:
    slug = request.tenant.slug
    try:
        return reverse("endusers:detail", kwargs={"slug": slug, "user_id": user_id})
    except NoReverseMatch:
        return f"/t/{slug}/"
