"""The tools of an Application: what its server published, and the operator's word on who may call each."""

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from authsec.web.pagination import LIMIT
from authz import queries, tools
from authz.forms.refusal import VerbForm
from authz.forms.tool import AcceptForm, ToolForm
from authz.models import Application, Tool
from authz.views import tables
from authz.views.applications import around, load
from authz.views.asking import GET_OR_POST
from authz.views.links import page

FEW = 8
SNIPPET = """curl -X PUT {url} \\
  -u "$CREDENTIAL_ID:$CREDENTIAL_SECRET" -H "Content-Type: application/json" \\
  -d '{{"tools": [{{"name": "list_files", "title": "List files", "suggested_scopes": ["files:read"]}}]}}'
"""


@requires("apps:read")
@require_safe
def application_tools(request: Request, application_id: UUID) -> HttpResponse:
    """The published tools by name; for the Application's own page the first few as a panel."""
    found = load(request, application_id)
    shown = tables.tools(found, request.GET.get("cursor", ""), limit=FEW if request.htmx else LIMIT)
    context = {
        "application": found,
        "page": shown,
        "inventory": queries.inventory(found.tenant_id, found.pk),
        "undecided": queries.undecided_tools(found.tenant_id, found.pk).count(),
        "snippet": SNIPPET.format(url=settings.ISSUER + reverse("protocol:sdk_manifest", args=[found.pk])),
        "crumbs": [*around(request, found)["way"], (_("Tools"), None)],
    }
    return page_or_partial(request, "authz/tools.html", context, partial="panel")


@requires("apps:manage")
@require_http_methods(GET_OR_POST)
def tool(request: Request, application_id: UUID, tool_id: UUID) -> HttpResponse:
    """Decide who may call one tool."""
    found = load(request, application_id)
    row = _tool(found, tool_id)
    rule = queries.tool_rules(found.tenant_id, found.pk, [row.name]).get(row.name)
    scopes = list(queries.scopes(found.tenant_id, found.pk))
    form = ToolForm(posted(request), tool=row, rule=rule, scopes=scopes)
    if form.is_valid() and _run(
        form, tools.decide, **told(request, application_id=found.pk), tool_name=row.name, **form.decision()
    ):
        messages.success(request, _("Decided who may call %(tool)s") % {"tool": row.name})
        return go_to(request, _list(request, found))
    schema = json.dumps(row.input_schema, indent=2, ensure_ascii=False)
    context = {"form": form, "tool": row, "rule": rule, "schema": schema, **_around(request, found, row.name)}
    status = 422 if form.errors else 200
    return page_or_partial(request, "authz/tool.html", context, partial="dialog", status=status)


@requires("apps:manage")
@require_http_methods(GET_OR_POST)
def accept(request: Request, application_id: UUID) -> HttpResponse:
    """Ask, then decide the undecided tools as their server suggests."""
    found = load(request, application_id)
    form = AcceptForm(posted(request))
    status = 422 if form.errors else 200
    if form.is_valid():
        done = _run(
            form, tools.accept_suggestions, **told(request, application_id=found.pk), **form.cleaned_data
        )
        if done is not None:
            messages.success(request, _("Decided %(n)s tools as suggested") % {"n": len(done)})
            return go_to(request, _list(request, found))
        status = 409
    # Asked again about what stands now, with its own generation.
    inventory = queries.inventory(found.tenant_id, found.pk)
    context = {
        "form": form,
        "generation": inventory.generation if inventory else 0,
        "suggestions": tools.suggestions(found),
        **_around(request, found, _("Accept suggestions")),
    }
    return page_or_partial(request, "authz/tool_suggestions.html", context, partial="dialog", status=status)


def _run(form: VerbForm, verb: Any, **facts: Any) -> Any:
    """Call the verb; None where it refuses, with its sentence in the form."""
    try:
        return form.run(verb, **facts)
    except tools.NoSuchTool as error:
        raise Http404(str(error)) from error
    except tools.ChangedMeanwhile as error:
        form.add_error(None, str(error))
    return None


def _tool(found: Application, tool_id: UUID) -> Tool:
    row = queries.tools(found.tenant_id, found.pk).filter(pk=tool_id).first()
    if row is None:
        raise Http404("No such tool.")
    return row


def _list(request: Request, found: Application) -> str:
    return page(request.tenant.slug, "application_tools", application_id=found.pk)


def _around(request: Request, found: Application, label: str) -> dict[str, Any]:
    back = _list(request, found)
    way = [*around(request, found)["way"], (_("Tools"), back), (label, None)]
    return {"application": found, "back": back, "crumbs": way}
