"""Applications through the API: what is protected."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, page_of, read_input
from authsec.web.parameters import one_of, parameters
from authz import applications
from authz.api.rows import found, narrowed, searched
from authz.application_changes import change
from authz.models import Application, Scope
from authz.scopes import ScopeSpec
from oauth import credentials
from oauth.api import schemas

TAGS = ["applications"]


class Applications(ApiView):
    """All Applications of the tenant."""

    @requires("apps:read")
    @extend_schema(
        operation_id="list_applications",
        responses=schemas.Applications,
        tags=TAGS,
        parameters=[
            *searched("a name, description or resource URI"),
            OpenApiParameter("status", enum=Application.Status.values),
            OpenApiParameter("kind", enum=Application.Kind.values),
        ],
    )
    def get(self, request: Request) -> Response:
        """The Applications that are not archived, newest first."""
        given = parameters(request, "status", "kind")
        allowed = {"status": Application.Status.values, "kind": Application.Kind.values}
        asked = {name: one_of(given, name, values) for name, values in allowed.items()}
        rows = Application.objects.filter(
            tenant_id=self.tenant_id, **{name: value for name, value in asked.items() if value}
        )
        rows = narrowed(request, rows, "name", "description", "resource_uri")
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
        now, limit, enforce = timezone.now(), given.pop("rate_limit", None), given.pop("enforce_rate_limit")
        made = applications.register(
            tenant_id=self.tenant_id, **given, scopes=scopes, actor=self.actor, now=now
        )
        made = change(
            tenant_id=self.tenant_id,
            application_id=made.pk,
            rate_limit=limit,
            enforce_rate_limit=enforce,
            actor=self.actor,
            now=now,
        )
        key, secret = credentials.issue(
            tenant_id=self.tenant_id, application_id=made.pk, actor=self.actor, now=now
        )
        item = application_items([made])[0]
        return Response(item | {"credential": {"id": key, "secret": secret}}, 201)


class OneApplication(ApiView):
    """One Application."""

    @requires("apps:read")
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
        found(Application, self.tenant_id, application_id, standing=True)
        given = read_input(schemas.ApplicationChange, request)
        if "scopes" in given:
            given["scopes"] = [ScopeSpec(**scope) for scope in given["scopes"]]
        changed = change(
            tenant_id=self.tenant_id,
            application_id=application_id,
            actor=self.actor,
            now=timezone.now(),
            **given,
        )
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
            "verified_by": row.verified_by or None,
            "checked_at": row.checked_at,
            "check_problem": row.check_problem or None,
            "failing_since": row.failing_since,
            "support_contact": row.support_contact,
            "privacy_uri": row.privacy_uri,
            "terms_uri": row.terms_uri,
            "logo_url": f"{settings.ISSUER}{row.logo_url}" if row.logo_url else None,
            "admission": row.admission,
            "status": row.status,
            "rate_limit": row.own_limit,
            "enforce_rate_limit": row.enforce_rate_limit,
            "scopes": scopes.get(row.pk, []),
            "created_at": row.created_at,
            "ended_at": row.ended_at,
        }
        for row in rows
    ]
