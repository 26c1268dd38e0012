"""How an Application is put behind this server: code with its own ids, one library at a time."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from authsec.web.access import requires
from authsec.web.http import Request
from authz import queries
from authz.views.applications import around, load
from oauth import credentials, snippets


@requires("apps:read")
@require_safe
def connect(request: Request, application_id: UUID) -> HttpResponse:
    """The snippet that was asked for with ``?with=``, else the likeliest."""
    found = load(request, application_id)
    offered = snippets.offered(found.kind)
    asked = request.GET.get("with", "")
    shown = next((snippet for snippet in offered if snippet.key == asked), offered[0])
    credential = credentials.live(
        tenant_id=found.tenant_id, application_id=found.pk, now=timezone.now()
    ).first()
    rows = sorted(queries.scopes(found.tenant_id, found.pk), key=lambda scope: not scope.is_default)
    scopes = [scope.name for scope in rows]
    context = {
        "application": found,
        "tab": "connect",
        "shown": shown,
        "choices": [
            {"label": each.label, "url": f"?with={each.key}", "current": each is shown} for each in offered
        ],
        "credential": credential,
        "code": snippets.write(
            shown, found, credential_id=credential.credential_id if credential else "", scopes=scopes
        ),
        "crumbs": [*around(request, found)["way"], ("Connect", None)],
    }
    return render(request, "oauth/application_connect.html", context)
