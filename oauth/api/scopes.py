"""The scopes of an Application through the API."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, listing, read_input
from authsec.web.problems import not_found
from authz.api.rows import found
from authz.models import Application, Scope
from authz.scope_changes import change_scopes, set_scopes
from authz.scopes import SCOPE_TOKEN, ScopeSpec
from oauth.api import schemas
from oauth.api.applications import application_items

TAGS = ["applications"]


class ApplicationScopes(ApiView):
    """The scopes that an Application understands."""

    @requires("apps:read")
    @extend_schema(operation_id="list_application_scopes", responses=schemas.ScopeList, tags=TAGS)
    def get(self, request: Request, application_id: UUID) -> Response:
        """All of them, by name."""
        return _listed(found(Application, self.tenant_id, application_id))

    @requires("apps:manage")
    @extend_schema(
        operation_id="declare_application_scopes",
        request=schemas.ScopesInput,
        responses={200: schemas.ScopeList},
        tags=TAGS,
    )
    def post(self, request: Request, application_id: UUID) -> Response:
        """Declare more scopes, or those of the same names anew. The others stay."""
        found(Application, self.tenant_id, application_id, standing=True)
        specs = _specs(read_input(schemas.ScopesInput, request))
        return _listed(change_scopes(**_which(self, application_id), declared=specs))

    @requires("apps:manage")
    @extend_schema(
        operation_id="set_application_scopes",
        request=schemas.ScopesInput,
        responses={200: schemas.ScopeList},
        tags=TAGS,
    )
    def put(self, request: Request, application_id: UUID) -> Response:
        """Declare the whole list: a scope that is missing is closed.

        What a token carries of a closed scope is gone at the next introspection.
        """
        found(Application, self.tenant_id, application_id, standing=True)
        specs = _specs(read_input(schemas.ScopesInput, request))
        return _listed(set_scopes(**_which(self, application_id), scopes=specs))


class OneApplicationScope(ApiView):
    """One scope, by its name."""

    @requires("apps:read")
    @extend_schema(operation_id="get_application_scope", responses=schemas.Scope, tags=TAGS)
    def get(self, request: Request, application_id: UUID, scope_name: str) -> Response:
        """The scope as it stands."""
        found(Application, self.tenant_id, application_id)
        return Response(_shown(_standing(self.tenant_id, application_id, scope_name)))

    @requires("apps:manage")
    @extend_schema(
        operation_id="change_application_scope",
        request=schemas.ScopeChange,
        responses=schemas.Scope,
        tags=TAGS,
    )
    def patch(self, request: Request, application_id: UUID, scope_name: str) -> Response:
        """Describe the scope anew. A name is for good: tokens and roles hold it."""
        found(Application, self.tenant_id, application_id, standing=True)
        given = read_input(schemas.ScopeChange, request)
        spec = ScopeSpec(**(_shown(_standing(self.tenant_id, application_id, scope_name)) | given))
        change_scopes(**_which(self, application_id), declared=[spec])
        return Response(_shown(_standing(self.tenant_id, application_id, scope_name)))

    @requires("apps:manage")
    @extend_schema(operation_id="close_application_scope", responses={204: None}, tags=TAGS)
    def delete(self, request: Request, application_id: UUID, scope_name: str) -> Response:
        """Close the scope: what tokens carry of it is gone at the next introspection."""
        found(Application, self.tenant_id, application_id)
        if _row(self.tenant_id, application_id, scope_name) is None:
            raise not_found("This Application never had such a scope.")
        change_scopes(**_which(self, application_id), withdrawn=[scope_name])
        return Response(status=204)


def _which(view: ApiView, application_id: UUID) -> dict[str, Any]:
    return {
        "tenant_id": view.tenant_id,
        "application_id": application_id,
        "actor": view.actor,
        "now": timezone.now(),
    }


def _specs(given: dict[str, Any]) -> list[ScopeSpec]:
    return [ScopeSpec(**scope) for scope in given["scopes"]]


def _row(tenant_id: UUID, application_id: UUID, name: str) -> Scope | None:
    """The scope of this name, the one that stands before those that are closed."""
    if not SCOPE_TOKEN.fullmatch(name):
        return None
    rows = Scope.objects.filter(tenant_id=tenant_id, application_id=application_id, name=name)
    return rows.order_by("-ended_at").first()  # NULL sorts first


def _standing(tenant_id: UUID, application_id: UUID, name: str) -> Scope:
    row = _row(tenant_id, application_id, name)
    if row is None or row.ended_at:
        raise not_found("This Application has no such scope.")
    return row


def _shown(row: Scope) -> dict[str, Any]:
    return {
        "name": row.name,
        "description": row.description,
        "risk": str(row.risk),
        "is_default": row.is_default,
    }


def _listed(application: Application) -> Response:
    return listing(application_items([application])[0]["scopes"])
