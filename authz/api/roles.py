"""Roles: named sets of scopes and console permissions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, page_of, read_input
from authsec.web.parameters import one_of, parameters
from authz import roles
from authz.api import schemas
from authz.api.rows import found, narrowed, searched
from authz.contents import contents_of
from authz.models import Role


class Roles(ApiView):
    """All roles of the tenant."""

    @requires("roles:read")
    @extend_schema(
        operation_id="list_roles",
        responses=schemas.Roles,
        tags=["roles"],
        parameters=[
            *searched("a name or description"),
            OpenApiParameter("system", enum=["true", "false"], description="Only system roles, or only own."),
        ],
    )
    def get(self, request: Request) -> Response:
        """The roles that are not archived, system roles included, newest first."""
        rows = Role.objects.filter(tenant_id=self.tenant_id)
        if system := one_of(parameters(request, "system"), "system", ["true", "false"]):
            rows = rows.exclude(system_key="") if system == "true" else rows.filter(system_key="")
        return page_of(request, narrowed(request, rows, "name", "description"), role_items)

    @requires("roles:manage")
    @extend_schema(
        operation_id="create_role", request=schemas.RoleInput, responses={201: schemas.Role}, tags=["roles"]
    )
    def post(self, request: Request) -> Response:
        """Create a role. Its scopes are names; they count on each Application that has them."""
        given = read_input(schemas.RoleInput, request)
        role = roles.create(tenant_id=self.tenant_id, **given, actor=self.actor, now=timezone.now())
        return Response(role_items([role])[0], 201)


class OneRole(ApiView):
    """One role."""

    @requires("roles:read")
    @extend_schema(operation_id="get_role", responses=schemas.Role, tags=["roles"])
    def get(self, request: Request, role_id: UUID) -> Response:
        """The role, also when it is archived."""
        return Response(role_items([found(Role, self.tenant_id, role_id)])[0])

    @requires("roles:manage")
    @extend_schema(
        operation_id="change_role", request=schemas.RoleChange, responses=schemas.Role, tags=["roles"]
    )
    def patch(self, request: Request, role_id: UUID) -> Response:
        """Change what is given; the change reaches every binding at once. System roles stay as they are."""
        found(Role, self.tenant_id, role_id, standing=True)
        given = read_input(schemas.RoleChange, request)
        role = roles.edit(
            tenant_id=self.tenant_id, role_id=role_id, **given, actor=self.actor, now=timezone.now()
        )
        return Response(role_items([role])[0])

    @requires("roles:manage")
    @extend_schema(operation_id="archive_role", responses={204: None}, tags=["roles"])
    def delete(self, request: Request, role_id: UUID) -> Response:
        """Archive the role: its bindings give nothing any more."""
        found(Role, self.tenant_id, role_id)
        roles.archive(tenant_id=self.tenant_id, role_id=role_id, actor=self.actor, now=timezone.now())
        return Response(status=204)


def role_items(rows: Sequence[Role]) -> list[dict[str, Any]]:
    """Roles as the API shows them, with what they give. One statement."""
    given = contents_of(rows)
    return [
        {
            "id": row.pk,
            "name": row.name,
            "description": row.description,
            "system": bool(row.system_key),
            "scopes": given[row.pk].scopes,
            "console_permissions": sorted(given[row.pk].console_permissions)
            if row.system_key
            else given[row.pk].listed,
            "tenant_groups": given[row.pk].tenant_groups,
            "created_at": row.created_at,
            "ended_at": row.ended_at,
        }
        for row in rows
    ]
