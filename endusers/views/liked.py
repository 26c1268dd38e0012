"""How a member likes to see the list: own views, and which columns."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted
from endusers import columns, filters, queries, saved_views
from endusers.forms import ColumnsForm, ViewForm
from endusers.views.people import crumbs

YEAR_S = 365 * 86_400


@requires("endusers:read")
@require_http_methods(["GET", "HEAD", "POST"])
def views(request: Request) -> HttpResponse:
    """Keep the filters of the address under a name, or delete one of one's own views."""
    tenant_id, user_id = request.tenant.tenant_id, request.membership.user_id
    offered = queries.choices(tenant_id, user_id)
    chosen = filters.read(request.GET, offered, timezone.now())
    query = saved_views.query_of(chosen)
    if view_id := _named(request, [row.id for row in offered if row.kind == "view"]):
        saved_views.delete(tenant_id=tenant_id, user_id=user_id, view_id=view_id)
        return _back(request, query, _("View deleted"))
    form = ViewForm(posted(request))
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        try:
            saved_views.save(tenant_id=tenant_id, user_id=user_id, name=name, query=query, now=timezone.now())
            return _back(request, query, _("View %s saved") % name)
        except saved_views.TooManyViews as error:
            form.add_error(None, str(error))
    context = {
        "form": form,
        "chosen": chosen,
        "query": query,
        "own": [row for row in offered if row.kind == "view"],
        "crumbs": crumbs(request, _("Views")),
    }
    status = 422 if request.method == "POST" else 200
    return page_or_partial(request, "endusers/views.html", context, partial="dialog", status=status)


@requires("endusers:read")
@require_POST
def show(request: Request) -> HttpResponse:
    """Remember which columns to show, and go back to the list as it was filtered."""
    form = ColumnsForm(request.POST)
    query = QueryDict(request.POST.get("query", "")[:4000])
    answer = redirect(_list(request) + filters.address(query))
    if form.is_valid():
        answer.set_cookie(
            columns.COOKIE,
            columns.cookie(form.cleaned_data["column"]),
            max_age=YEAR_S,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return answer


def _named(request: Request, own: list[UUID]) -> UUID | None:
    """Which of one's own views is to be deleted, None where none is."""
    asked = request.POST.get("delete", "")
    return next((view_id for view_id in own if str(view_id) == asked), None)


def _back(request: Request, query: str, said: str) -> HttpResponse:
    messages.success(request, said)
    return go_to(request, _list(request) + (f"?{query}" if query else ""))


def _list(request: Request) -> str:
    return reverse("endusers:list", kwargs={"slug": request.tenant.slug})
