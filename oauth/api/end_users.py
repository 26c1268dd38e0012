"""Revoking an end user's tokens through the API: the second action beside suspension, which cannot be undone."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, read_input
from endusers.api import schemas
from endusers.api.end_users import answer, known
from oauth import suspension


class RevokeTokens(ApiView):
    """Kill an end user's tokens."""

    @requires("tokens:revoke")
    @extend_schema(
        operation_id="revoke_end_user_tokens",
        request=schemas.Revocation,
        responses=schemas.EndUser,
        tags=["end users"],
    )
    def post(self, request: Request, tenant_id: UUID, user_id: UUID) -> Response:
        """Every access and refresh token of theirs for this tenant's Applications is dead at once, for good.

        Connections stay: a client may ask the person to sign in again. To keep them out, suspend them.
        """
        known(self.tenant_id, user_id)
        given = read_input(schemas.Revocation, request)
        suspension.revoke_tokens(
            tenant_id=self.tenant_id,
            user_id=user_id,
            reason=given["reason"],
            actor=self.actor,
            now=timezone.now(),
        )
        return answer(self.tenant_id, user_id)
