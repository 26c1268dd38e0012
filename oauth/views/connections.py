"""A person's own connections: every client they allowed, in every tenant, and taking that back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from authsec.web.access import signed_in
from oauth.account import connections as own_connections
from oauth.wishes import API_WORDS
from tenants.plain_text import one_line
from tenants.views.account import account_tabs

SEARCHABLE = 8  # connections from which on a search field helps


@signed_in
@require_safe
def own(request: Any) -> HttpResponse:
    """The live connections, or with ``?past`` those that ended; newest first, page by page."""
    now, past, text = timezone.now(), "past" in request.GET, one_line(request.GET.get("q", ""))[:100]
    cursor = request.GET.get("cursor", "")
    page = own_connections.page_of(request.user.pk, now=now, live=not past, text=text, cursor=cursor)
    first = not (past or cursor)
    api = own_connections.api_connections(request.user.pk, now=now, text=text) if first else []
    context = {
        "tabs": account_tabs(request),
        "page": page,
        "api": [(each, [API_WORDS.get(name, (name, "")) for name in each.scopes]) for each in api],
        "past": past,
        "q": text,
        "searchable": text or page.count.value + len(api) >= SEARCHABLE,
    }
    return render(request, "oauth/own_connections.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: Any, consent_id: UUID) -> HttpResponse:
    """Say what ends; take one consent back. The client's tokens for that Application die at once."""
    now = timezone.now()
    try:
        if request.method == "POST":
            own_connections.disconnect(identity_id=request.user.pk, consent_id=consent_id, **_told(request))
            messages.success(request, _("Disconnected. It can use nothing there as you any more."))
            return redirect("connections:own")
        row = own_connections.find(request.user.pk, consent_id, now=now)
    except own_connections.NoSuchConnection as error:
        raise Http404 from error
    more = own_connections.page_of(request.user.pk, now=now, client_id=row.client.id, limit=1).count.value
    return render(
        request, "oauth/disconnect.html", {"row": row, "lines": _stopping(row.tokens), "more": more - 1}
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_client(request: Any, client_id: UUID) -> HttpResponse:
    """Say what ends; take everything back that one client may do, everywhere."""
    now = timezone.now()
    if request.method == "POST":
        ended = own_connections.disconnect_client(
            identity_id=request.user.pk, client_id=client_id, **_told(request)
        )
        said = ngettext("%d connection ended.", "%d connections ended.", ended) % ended
        messages.success(request, said if ended else _("Nothing was connected any more."))
        return redirect("connections:own")
    page = own_connections.page_of(request.user.pk, now=now, client_id=client_id)
    api = [
        each
        for each in own_connections.api_connections(request.user.pk, now=now)
        if each.client.id == client_id
    ]
    if not page.items and not api:
        raise Http404
    client = page.items[0].client if page.items else api[0].client
    context = {
        "client": client,
        "page": page,
        "api": api,
        "lines": _stopping(sum(row.tokens for row in page.items) + sum(each.tokens for each in api)),
    }
    return render(request, "oauth/disconnect_client.html", context)


def _stopping(tokens: int) -> list[tuple[int, str]]:
    return [(tokens, ngettext("token stops working now", "tokens stop working now", tokens))]


def _told(request: Any) -> dict[str, Any]:
    return {"name": request.user.get_full_name(), "actor": request.actor, "now": timezone.now()}
