"""What an Application introspects with, through the API. A secret is answered once, when it is made."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, page_of
from authz.api.rows import ENDED, found, narrowed
from authz.models import Application
from oauth import credentials
from oauth.api import schemas
from oauth.models import ResourceCredential

TAGS = ["applications"]


class ApplicationCredentials(ApiView):
    """An Application's resource credentials."""

    @requires("apps:read")
    @extend_schema(
        operation_id="list_credentials", responses=schemas.Credentials, tags=TAGS, parameters=[ENDED]
    )
    def get(self, request: Request, application_id: UUID) -> Response:
        """Those that have not been ended, newest first; never a secret. After `expires_at` one no longer works."""
        application = found(Application, self.tenant_id, application_id)
        rows = ResourceCredential.objects.filter(tenant_id=self.tenant_id, application=application)
        return page_of(request, narrowed(request, rows), credential_items)

    @requires("apps:manage")
    @extend_schema(
        operation_id="issue_credential", request=None, responses={201: schemas.NewCredential}, tags=TAGS
    )
    def post(self, request: Request, application_id: UUID) -> Response:
        """One more credential; those in use go on. The secret is shown this once."""
        return _made(self, application_id, credentials.issue)


class OneCredential(ApiView):
    """One credential, by the id that it is used with."""

    @requires("apps:manage")
    @extend_schema(operation_id="end_credential", responses={204: None}, tags=TAGS)
    def delete(self, request: Request, application_id: UUID, credential_key: str) -> Response:
        """Stop the credential at once: whoever introspects with it is answered 401."""
        found(Application, self.tenant_id, application_id)
        credentials.end(
            tenant_id=self.tenant_id,
            application_id=application_id,
            credential_id=credential_key,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(status=204)


class RotateApplicationSecret(ApiView):
    """A new credential in place of the old ones."""

    @requires("apps:manage")
    @extend_schema(
        operation_id="rotate_application_secret",
        request=None,
        responses={201: schemas.NewCredential},
        tags=TAGS,
    )
    def post(self, request: Request, application_id: UUID) -> Response:
        """The old credentials work for 24 more hours, so that a deployment can follow without an outage.

        The secret is shown this once.
        """
        return _made(self, application_id, credentials.rotate)


def _made(view: ApiView, application_id: UUID, verb: Any) -> Response:
    found(Application, view.tenant_id, application_id, standing=True)
    key, secret = verb(
        tenant_id=view.tenant_id, application_id=application_id, actor=view.actor, now=timezone.now()
    )
    return Response({"id": key, "secret": secret}, 201)


def credential_items(rows: Sequence[ResourceCredential]) -> list[dict[str, Any]]:
    """Credentials as the API shows them. No statement."""
    return [
        {
            "id": row.credential_id,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "last_used_at": row.last_used_at,
            "ended_at": row.ended_at,
        }
        for row in rows
    ]
