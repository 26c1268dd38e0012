"""Applications through the API: what is protected, its scopes, and the credentials it introspects with."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, listing, page_of, read_input
from authz import applications
from authz.api.rows import found
from authz.models import Application, Scope
from authz.scopes import ScopeSpec
from oauth import credentials
from oauth.api import schemas

TAGS = ["applications"]


class Applications(ApiView):
    """All Applications of the tenant."""

    @requires("apps:read", critical=False)
    @extend_schema(operation_id="list_applications", responses=schemas.Applications, tags=TAGS)
    def get(self, request: Request) -> Response:
        """The Applications that are not archived, newest first."""
        rows = Application.objects.filter(tenant_id=self.tenant_id, ended_at=None)
        return page_of(request, rows, application_items)

    @requires("apps:manage")
    @extend_schema(
        operation_id="register_application",
        request=schemas.ApplicationInput,
        responses={201: schemas.NewApplication},
        tags=TAGS,
    )
    def post(self, request: Request) -> Response:
        """Register an Application. The answer holds its first credential, whose secret is shown this once."""
        given = read_input(schemas.ApplicationInput, request)
        scopes = [ScopeSpec(**scope) for scope in given.pop("scopes")]
        now = timezone.now()
        made = applications.register(
            tenant_id=self.tenant_id, **given, scopes=scopes, actor=self.actor, now=now
        )
        key, secret = credentials.issue(
            tenant_id=self.tenant_id, application_id=made.pk, actor=self.actor, now=now
        )
        item = application_items([made])[0]
        return Response(item | {"credential": {"id": key, "secret": secret}}, 201)


class OneApplication(ApiView):
    """One Application."""

    @requires("apps:read", critical=False)
    @extend_schema(operation_id="get_application", responses=schemas.Application, tags=TAGS)
    def get(self, request: Request, application_id: UUID) -> Response:
        """The Application, also when it is archived."""
        return Response(application_items([found(Application, self.tenant_id, application_id)])[0])

    @requires("apps:manage")
    @extend_schema(
        operation_id="change_application",
        request=schemas.ApplicationChange,
        responses=schemas.Application,
        tags=TAGS,
    )
    def patch(self, request: Request, application_id: UUID) -> Response:
        """Change what is given. A new resource URI has to be proved again; disabling stops every token."""
        found(Application, self.tenant_id, application_id)
        given = read_input(schemas.ApplicationChange, request)
        which: dict[str, Any] = {
            "tenant_id": self.tenant_id,
            "application_id": application_id,
            "actor": self.actor,
            "now": timezone.now(),
        }
        status, scopes = given.pop("status", None), given.pop("scopes", None)
        changed = applications.update(**which, **given)
        if scopes is not None:
            changed = applications.set_scopes(**which, scopes=[ScopeSpec(**scope) for scope in scopes])
        if status:
            switch = applications.disable if status == Application.Status.DISABLED else applications.enable
            changed = switch(**which)
        return Response(application_items([changed])[0])

    @requires("apps:manage")
    @extend_schema(operation_id="archive_application", responses={204: None}, tags=TAGS)
    def delete(self, request: Request, application_id: UUID) -> Response:
        """Archive the Application for good: its tokens and credentials stop at once."""
        found(Application, self.tenant_id, application_id)
        applications.archive(
            tenant_id=self.tenant_id,
            application_id=application_id,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(status=204)


class ApplicationScopes(ApiView):
    """The scopes that an Application understands."""

    @requires("apps:read", critical=False)
    @extend_schema(operation_id="list_application_scopes", responses=schemas.ScopeList, tags=TAGS)
    def get(self, request: Request, application_id: UUID) -> Response:
        """All of them, by name."""
        return listing(application_items([found(Application, self.tenant_id, application_id)])[0]["scopes"])

    @requires("apps:manage")
    @extend_schema(
        operation_id="set_application_scopes",
        request=schemas.ScopesInput,
        responses={200: schemas.ScopeList},
        tags=TAGS,
    )
    def post(self, request: Request, application_id: UUID) -> Response:
        """Declare the whole list anew. What a token carries of a closed scope is gone at the next introspection."""
        found(Application, self.tenant_id, application_id)
        given = read_input(schemas.ScopesInput, request)
        changed = applications.set_scopes(
            tenant_id=self.tenant_id,
            application_id=application_id,
            scopes=[ScopeSpec(**scope) for scope in given["scopes"]],
            actor=self.actor,
            now=timezone.now(),
        )
        return listing(application_items([changed])[0]["scopes"])


class ApplicationCredentials(ApiView):
    """What an Application introspects with."""

    @requires("apps:manage")
    @extend_schema(
        operation_id="issue_credential", request=None, responses={201: schemas.Credential}, tags=TAGS
    )
    def post(self, request: Request, application_id: UUID) -> Response:
        """One more credential; those in use go on. The secret is shown this once."""
        found(Application, self.tenant_id, application_id)
        key, secret = credentials.issue(
            tenant_id=self.tenant_id,
            application_id=application_id,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response({"id": key, "secret": secret}, 201)


class RotateApplicationSecret(ApiView):
    """A new credential in place of the old ones."""

    @requires("apps:manage")
    @extend_schema(
        operation_id="rotate_application_secret",
        request=None,
        responses={201: schemas.Credential},
        tags=TAGS,
    )
    def post(self, request: Request, application_id: UUID) -> Response:
        """The old credentials end after a day, so that a deployment can follow. The secret is shown this once."""
        found(Application, self.tenant_id, application_id)
        key, secret = credentials.rotate(
            tenant_id=self.tenant_id,
            application_id=application_id,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response({"id": key, "secret": secret}, 201)


def application_items(rows: Sequence[Application]) -> list[dict[str, Any]]:
    """Applications as the API shows them, with their live scopes. One statement."""
    scopes: dict[UUID, list[dict[str, Any]]] = {}
    live = Scope.objects.filter(
        tenant_id__in={row.tenant_id for row in rows}, application__in=[row.pk for row in rows], ended_at=None
    )
    for scope in live.order_by("name"):
        scopes.setdefault(scope.application_id, []).append(
            {
                "name": scope.name,
                "description": scope.description,
                "risk": scope.risk,
                "is_default": scope.is_default,
            }
        )
    return [
        {
            "id": row.pk,
            "name": row.name,
            "kind": row.kind,
            "description": row.description,
            "resource_uri": row.resource_uri,
            "verified_at": row.verified_at,
            "admission": row.admission,
            "status": row.status,
            "scopes": scopes.get(row.pk, []),
            "created_at": row.created_at,
            "ended_at": row.ended_at,
        }
        for row in rows
    ]
