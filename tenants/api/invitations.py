"""Invitations through the API, as the tenant sees them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, page_of, read_input
from authsec.web.parameters import one_of, parameters
from authsec.web.problems import invalid
from tenants import invitations as reads
from tenants import operations
from tenants.api import invitation_schemas as schemas
from tenants.models import Invitation

INVITING = [
    OpenApiExample(
        "One address", value={"email": "nina@partner.example", "role": "contractor"}, request_only=True
    ),
    OpenApiExample(
        "Several",
        value={
            "emails": ["nina@partner.example", "alice@acme.example"],
            "role": "readonly_auditor",
            "message": "Welcome.",
        },
        request_only=True,
    ),
]
STATE = OpenApiParameter("state", enum=Invitation.State.values)


class Invite(ApiView):
    """Inviting people into the team."""

    @requires("org:invite")
    @extend_schema(
        operation_id="invite",
        request=schemas.Inviting,
        responses={201: schemas.InvitedAnswer},
        examples=INVITING,
        tags=["invitations"],
    )
    def post(self, request: Request, tenant_id: UUID) -> Response:
        """Mail an invitation to one address (`email`) or to at most 50 (`emails`). The link is in the mail only.

        It works once, for seven days, and only for that address. A pending invitation is renewed: a new link, the old
        one dies. Nobody invites to more than they hold (403 `escalation`); an owner is invited by who may make owners.
        One address that is a member already: 409 `already-member`; among several the answer says so, each in its
        place. Beyond the tenant's hourly limit: 429 `throttled`, and nobody is invited.
        """
        given = read_input(schemas.Inviting, request)
        several = "emails" in given
        try:
            answers = operations.invite(
                tenant_id=self.tenant_id,
                emails=given["emails"] if several else [given["email"]],
                type=given["role"],
                message=given["message"],
                actor=self.actor,
                now=timezone.now(),
            )
        except operations.NotAnAddress as error:
            raise invalid(str(error), {"emails" if several else "email": str(error)}) from error
        if several:
            return Response({"items": [invited_item(answer) for answer in answers]}, 201)
        answer = answers[0]
        if answer.invitation is None:
            raise operations.AlreadyMember(
                f"{answer.email} is {'a' if answer.outcome == 'member' else 'a suspended'} member already."
            )
        return Response(invitation_item(answer.invitation) | {"outcome": answer.outcome}, 201)


class Invitations(ApiView):
    """The tenant's invitations."""

    @requires("org:invite")
    @extend_schema(
        operation_id="list_invitations",
        responses=schemas.Invitations,
        parameters=[STATE],
        tags=["invitations"],
    )
    def get(self, request: Request, tenant_id: UUID) -> Response:
        """Invitations in any state, the latest first. `sent_at` null: no mail server has taken it; resend it."""
        state = one_of(parameters(request, "state"), "state", Invitation.State.values) or ""
        return page_of(request, reads.invitations(self.tenant_id, timezone.now(), state), invitation_items)


class OneInvitation(ApiView):
    """One invitation of the tenant."""

    @requires("org:invite")
    @extend_schema(operation_id="get_invitation", responses=schemas.Invitation, tags=["invitations"])
    def get(self, request: Request, tenant_id: UUID, invitation_id: UUID) -> Response:
        """One invitation, whatever became of it."""
        rows = reads.invitations(self.tenant_id, timezone.now())
        found = rows.filter(pk=invitation_id).first()
        if found is None:
            raise operations.NoSuchInvitation("There is no such invitation here.")
        return Response(invitation_item(found))

    @requires("org:invite")
    @extend_schema(operation_id="revoke_invitation", responses={204: None}, tags=["invitations"])
    def delete(self, request: Request, tenant_id: UUID, invitation_id: UUID) -> Response:
        """Take the invitation back: its link answers 410. Already taken back: 204 again. Used: 409."""
        operations.revoke_invitation(
            tenant_id=self.tenant_id, invitation_id=invitation_id, actor=self.actor, now=timezone.now()
        )
        return Response(status=204)


class ResendInvitation(ApiView):
    """A new link."""

    @requires("org:invite")
    @extend_schema(
        operation_id="resend_invitation",
        request=None,
        responses=schemas.Invitation,
        tags=["invitations"],
    )
    def post(self, request: Request, tenant_id: UUID, invitation_id: UUID) -> Response:
        """Mail a new link, good for seven days; the old one dies. An expired invitation begins anew."""
        renewed = operations.resend_invitation(
            tenant_id=self.tenant_id, invitation_id=invitation_id, actor=self.actor, now=timezone.now()
        )
        return Response(invitation_item(renewed))


def invited_item(answer: operations.Invited) -> dict[str, Any]:
    """What became of one address among several."""
    return asdict(answer) | {"invitation": answer.invitation and invitation_item(answer.invitation)}


def invitation_items(rows: Sequence[Invitation]) -> list[dict[str, Any]]:
    """Invitations as the API shows them: without token, and without its digest."""
    now = timezone.now()
    return [
        {
            "id": row.pk,
            "email": row.email,
            "type": row.type,
            "role": row.type,
            "message": row.message,
            "state": row.state(now),
            "invited_by": {
                "user_id": row.sent_by if row.sent_by_kind == "member" else None,
                "name": row.sent_by_name,
            },
            "created_at": row.created_at,
            "sent_at": row.sent_at,
            "expires_at": row.expires_at,
            "accepted_at": row.accepted_at,
            "accepted_by": row.accepted_by,
            "declined_at": row.declined_at,
            "revoked_at": row.revoked_at,
        }
        for row in rows
    ]


def invitation_item(row: Invitation) -> dict[str, Any]:
    """One of them."""
    return invitation_items([row])[0]
