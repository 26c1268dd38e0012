"""An end user's connections and tokens through the API: what there is, and ending one or all of it for good."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, listing, read_input
from authsec.web.pagination import parse_limit
from authsec.web.parameters import one_of, parameters, reason_parameter
from authsec.web.problems import not_found
from endusers.api import schemas
from endusers.api.end_users import answer, known
from oauth import connections, consent, families, person_connections, person_tokens, suspension
from oauth.account.connections import OwnConnection
from oauth.api import end_user_schemas as shapes
from oauth.models import Consent

TAGS = ["end users"]
STATES = ("live", "ended")
REASON = OpenApiParameter("reason", description="Why, for the audit log; at most 500 characters.")


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


class EndUserConnections(ApiView):
    """The clients that an end user connected."""

    @requires("tokens:read")
    @extend_schema(
        operation_id="list_end_user_connections",
        responses=shapes.Connections,
        tags=TAGS,
        parameters=[OpenApiParameter("state", enum=STATES, description="Without it: live.")],
    )
    def get(self, request: Request, tenant_id: UUID, user_id: UUID) -> Response:
        """Each consent to one client for one Application, and what of it the client gets now; newest first."""
        known(self.tenant_id, user_id)
        given = parameters(request, "state", "cursor", "limit")
        page = person_connections.page_of(
            tenant_id=self.tenant_id,
            user_id=user_id,
            now=timezone.now(),
            live=one_of(given, "state", STATES) != "ended",
            cursor=given.get("cursor", ""),
            limit=parse_limit(given.get("limit", "")),
        )
        return listing([_connection_item(row) for row in page.items], next=page.next, count=page.count.value)


class OneEndUserConnection(ApiView):
    """One of them."""

    @requires("tokens:revoke")
    @extend_schema(
        operation_id="end_end_user_connection", responses={204: None}, tags=TAGS, parameters=[REASON]
    )
    def delete(self, request: Request, tenant_id: UUID, user_id: UUID, consent_id: UUID) -> Response:
        """Withdraw the consent: this client's tokens of this person for that Application are dead at once."""
        known(self.tenant_id, user_id)
        reason = reason_parameter(request)
        theirs = {"tenant_id": self.tenant_id, "user_id": user_id, "pk": consent_id}
        if not Consent.objects.filter(**theirs).exists():
            raise not_found("There is no such connection here.")
        consent.withdraw(
            tenant_id=self.tenant_id,
            consent_id=consent_id,
            reason=reason,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(status=204)


class RevokeConnections(ApiView):
    """Cut all clients off from an end user."""

    @requires("tokens:revoke")
    @extend_schema(
        operation_id="revoke_end_user_connections",
        request=schemas.Revocation,
        responses=schemas.EndUser,
        tags=TAGS,
    )
    def post(self, request: Request, tenant_id: UUID, user_id: UUID) -> Response:
        """Every live consent of theirs ends and takes its tokens with it. They may connect each client again."""
        known(self.tenant_id, user_id)
        given = read_input(schemas.Revocation, request)
        connections.withdraw_all(
            tenant_id=self.tenant_id,
            user_id=user_id,
            reason=given["reason"],
            actor=self.actor,
            now=timezone.now(),
        )
        return answer(self.tenant_id, user_id)


class EndUserTokens(ApiView):
    """The tokens of an end user that work now."""

    @requires("tokens:read")
    @extend_schema(operation_id="list_end_user_tokens", responses=shapes.Tokens, tags=TAGS)
    def get(self, request: Request, tenant_id: UUID, user_id: UUID) -> Response:
        """Access and refresh tokens, and devices' yeses not fetched yet, newest first. Those with one
        `session_id` descend from one sign-in.

        A token itself is never told: only its digest is kept.
        """
        known(self.tenant_id, user_id)
        given = parameters(request, "cursor", "limit")
        page = person_tokens.tokens_of(
            tenant_id=self.tenant_id,
            user_id=user_id,
            now=timezone.now(),
            cursor=given.get("cursor", ""),
            limit=parse_limit(given.get("limit", "")),
        )
        return listing([_token_item(token) for token in page.items], next=page.next, count=page.count.value)


class OneEndUserToken(ApiView):
    """One of them."""

    @requires("tokens:revoke")
    @extend_schema(
        operation_id="revoke_end_user_token", responses={204: None}, tags=TAGS, parameters=[REASON]
    )
    def delete(self, request: Request, tenant_id: UUID, user_id: UUID, token_id: UUID) -> Response:
        """An access token dies alone; a refresh token, and a device's yes, with its whole session."""
        known(self.tenant_id, user_id)
        try:
            families.revoke_one(
                tenant_id=self.tenant_id,
                user_id=user_id,
                token_id=token_id,
                reason=reason_parameter(request),
                actor=self.actor,
                now=timezone.now(),
            )
        except families.NoSuchToken as error:
            raise not_found("There is no such token here.") from error
        return Response(status=204)


def _connection_item(row: OwnConnection) -> dict[str, Any]:
    over = "ended" if row.withdrawn_at else "no_standing" if row.standing else ""
    return {
        "id": row.consent_id,
        "client": {"id": row.client.id, "name": row.client.name, "host": row.client.host or None},
        "application": {"id": row.application_id, "name": row.application_name},
        "scopes": [{"name": each.name, "state": over or each.state} for each in row.allowances],
        "standing": row.standing or None,
        "tokens": row.tokens,
        "created_at": row.created_at,
        "last_used_at": row.last_used_at,
        "ended_at": row.withdrawn_at,
        "ended_by": row.ended_by or None,
    }


def _token_item(token: person_tokens.Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "kind": token.kind,
        "session_id": token.family,
        "client": {"id": token.client_id, "name": token.client_name},
        "application": {"id": token.application_id, "name": token.application_name},
        "scopes": token.scopes,
        "issued_at": token.issued_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "auth_time": token.auth_time,
        "amr": token.amr,
        "acting": token.acting,
    }
