"""The tools of an Application through the API: what its server published, and who may call each."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, page_of, read_input
from authsec.web.problems import not_found
from authz import queries, tools
from authz.api import schemas
from authz.api.rows import found, narrowed, searched
from authz.models import Application, Tool

TAGS = ["applications"]


class ApplicationTools(ApiView):
    """The tools that an Application's server published."""

    @requires("apps:read")
    @extend_schema(
        operation_id="list_application_tools",
        responses=schemas.Tools,
        tags=TAGS,
        parameters=searched("a name or title"),
    )
    def get(self, request: Request, application_id: UUID) -> Response:
        """The published ones, newest first. Servers publish them at `/authsec/resource-servers/{id}/sdk-manifest`."""
        application = found(Application, self.tenant_id, application_id)
        rows = Tool.objects.filter(tenant_id=self.tenant_id, application=application)
        return page_of(request, narrowed(request, rows, "name", "title"), tool_items, column="published_at")


class OneApplicationTool(ApiView):
    """One published tool, by its name."""

    @requires("apps:read")
    @extend_schema(operation_id="get_application_tool", responses=schemas.Tool, tags=TAGS)
    def get(self, request: Request, application_id: UUID, tool_name: str) -> Response:
        """The tool as its server describes it now, and who may call it."""
        found(Application, self.tenant_id, application_id)
        return Response(_one(self.tenant_id, application_id, tool_name))

    @requires("apps:manage")
    @extend_schema(
        operation_id="change_application_tool",
        request=schemas.ToolChange,
        responses=schemas.Tool,
        tags=TAGS,
    )
    def patch(self, request: Request, application_id: UUID, tool_name: str) -> Response:
        """Decide who may call it: whoever has one of `required_scopes`, everybody with a token (`is_public`), or, with
        an empty list, nobody. The Application's server learns it with its next look at the policy.
        """
        found(Application, self.tenant_id, application_id, standing=True)
        given = read_input(schemas.ToolChange, request)
        if given:
            tools.decide(
                tenant_id=self.tenant_id,
                application_id=application_id,
                tool_name=tool_name,
                **given,
                actor=self.actor,
                now=timezone.now(),
            )
        return Response(_one(self.tenant_id, application_id, tool_name))


def _one(tenant_id: UUID, application_id: UUID, name: str) -> dict[str, Any]:
    row = queries.tools(tenant_id, application_id).filter(name=name).first() if "\x00" not in name else None
    if row is None:
        raise not_found("This Application publishes no such tool.")
    return tool_items([row])[0]


def tool_items(rows: Sequence[Tool]) -> list[dict[str, Any]]:
    """Tools of one Application as the API shows them. One statement."""
    first = rows[0] if rows else None
    names = [row.name for row in rows]
    rules = queries.tool_rules(first.tenant_id, first.application_id, names) if first else {}
    return [
        {
            "name": row.name,
            "title": row.title,
            "description": row.description,
            "input_schema": row.input_schema,
            "annotations": row.annotations,
            "suggested_scopes": row.suggested_scopes,
            "is_public": rule.is_public if (rule := rules.get(row.name)) else False,
            "required_scopes": rule.required_scopes if rule else [],
            "decided_at": rule.decided_at if rule else None,
            "decided_by": rule.decided_by if rule else None,
            "published_at": row.published_at,
            "changed_at": row.changed_at,
            "ended_at": row.ended_at,
        }
        for row in rows
    ]
