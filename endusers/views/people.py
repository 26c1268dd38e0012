"""The default workspace: the list of end users and the charts above it."""

from typing import Any
from zlib import crc32

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from authsec.web.access import requires
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request
from authsec.web.pagination import LIMIT, Count
from endusers import columns, filters, overview, queries, saved_views
from endusers.bulk.verbs import in_order
from endusers.views.filter_fields import filter_fields
from endusers.views.row_menus import RowMenus

COUNT, ALONE = "count", "alone"  # in the address: count all who match, and answer nothing else


@requires("endusers:read")
def people(request: Request) -> HttpResponse:
    """One page of end users, as the address filters and sorts them; or how many there are, alone."""
    tenant_id = request.tenant.tenant_id
    offered = queries.choices(tenant_id, request.membership.user_id)
    chosen = filters.read(request.GET, offered, timezone.now())
    asked = request.GET.get(COUNT)
    if asked == ALONE:
        number = queries.count(tenant_id, chosen.filters)
        return render(request, "endusers/list.html#counted", {"count": number, "place": _place(chosen)})
    page = queries.search(
        tenant_id,
        chosen.filters,
        chosen.cursor,
        sort=chosen.sort,
        order=chosen.order,
        # Whoever chooses everybody, or has no JavaScript and asks, waits for the number.
        counted=asked is not None or request.GET.get("select") == "all",
    )
    menus = RowMenus(request.tenant.slug, request.decision.can)
    context = {
        "page": page,
        "count": _awaited(page.count, chosen) if page.count.uncounted else page.count,
        "rows": [(item, menus.of(item)) for item in page.items],
        "cut_short": bool(page.next and len(page.items) < LIMIT),
        "chosen": chosen,
        "filter_fields": filter_fields(chosen, offered),
        "views": saved_views.tabs(request.GET, chosen, offered),
        "columns": columns.offered(request.COOKIES),
        "shown": columns.shown(request.COOKIES),
        **_selection(request, chosen),
        "crumbs": [("End Users", None)],
    }
    return page_or_partial(request, "endusers/list.html", context, partial="update")


def _awaited(number: Count, chosen: filters.Chosen) -> SafeString:
    """What is known of a number, where the whole of it will stand."""
    return format_html('<span class="{}">{}</span>', _place(chosen), number)


def _place(chosen: filters.Chosen) -> str:
    """The class of all places on a page that wait for its number. One that comes late, when the filters are others
    already, finds none.
    """
    return f"counted-{crc32(repr(chosen.kept).encode()):08x}"


def _selection(request: Request, chosen: filters.Chosen) -> dict[str, Any]:
    """What the bulk bar shows: the verbs that this operator may do, and whether everybody who matches is chosen.

    ``all_fields`` are the filters as the bulk form carries them.
    """
    can = request.decision.can
    verbs = [verb for verb in in_order() if can.issuperset(verb.permissions)]
    return {
        "verbs": verbs,
        "all_chosen": request.GET.get("select") == "all",
        "all_fields": [("all", "1"), *chosen.kept],
        "may_export": "endusers:export" in can,
        "may_import": "endusers:update" in can,
    }


@requires("endusers:read")
def charts(request: Request) -> HttpResponse:
    """The small charts above the list; loaded after it, so that they never hold it up."""
    shown = overview.overview(request.tenant.tenant_id, timezone.now())
    context = {"stats": shown.stats, "as_of": shown.as_of, "crumbs": crumbs(request, "Overview")}
    return page_or_partial(request, "endusers/overview.html", context, partial="strip")


def crumbs(request: Request, *last: str) -> list[tuple[str, str | None]]:
    """The way from the tenant's list of end users to a page below it."""
    above = ("End Users", reverse("endusers:list", kwargs={"slug": request.tenant.slug}))
    return [above, *((label, None) for label in last)]
