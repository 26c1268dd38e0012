"""Looking for the proof of an Application's address, through the API."""

import json
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authsec.web import problems
from authsec.web.access import requires
from authsec.web.api import ApiView
from authz.api.rows import found
from authz.models import Application
from oauth import verification
from oauth.api import schemas
from oauth.api.applications import application_items

# What a check may end with → status and problem type.
REFUSALS: dict[type[Exception], tuple[int, str]] = {
    verification.NoSuchApplication: (404, "not-found"),
    verification.NotProved: (422, "address-not-proved"),
    verification.Taken: (409, "address-taken"),
    verification.Busy: (429, "throttled"),
}


class VerifyApplication(ApiView):
    """The proof of an Application's address."""

    @requires("apps:manage")
    @extend_schema(
        operation_id="verify_application", request=None, responses=schemas.Application, tags=["applications"]
    )
    def post(self, request: Request, application_id: UUID) -> Response:
        """Look for a proof now: the RFC 9728 document at the resource URI, and the DNS record of its host.

        Takes up to eight seconds. 422 `address-not-proved`: the answer says what was looked for and missed; an
        Application that was verified stays so. 409 `address-taken`: another tenant has verified the address, and
        what was found still stands for them.
        """
        application = found(Application, self.tenant_id, application_id, standing=True)
        inner: Any = request._request
        inner.errand = partial(_look, application, self.actor, inner)
        return Response({})


def _look(application: Application, actor: Actor, request: Any, response: HttpResponse) -> None:
    """Finish the response with what the check came to."""
    where = {"tenant_id": application.tenant_id, "application_id": application.pk}
    try:
        verified = verification.verify(**where, actor=actor, now=timezone.now())
    except tuple(REFUSALS) as refusal:
        response.status_code, kind = REFUSALS[type(refusal)]
        said = problems.body(response.status_code, kind, str(refusal) or problems.TITLES[kind], request.id)
        response.content = json.dumps(said).encode()
        response["Content-Type"] = problems.CONTENT_TYPE
        if wait := getattr(refusal, "retry_after", 0):
            response["Retry-After"] = str(wait)
        return
    with tenant_context(application.tenant_id):
        response.content = JSONRenderer().render(application_items([verified])[0])
