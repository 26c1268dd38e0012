"""Invitations through the API: the tenant's side, and the side of whoever holds a link."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.audit.actor import Actor
from authsec.web.access import bearer, public, requires
from authsec.web.api import ApiView, page_of, read_input
from authsec.web.parameters import one_of, parameters
from authsec.web.problems import invalid
from tenants import invitations as reads
from tenants import operations
from tenants.api import invitation_schemas as schemas
from tenants.api.me import identity_of
from tenants.models import Invitation
from tenants.queries import memberships_of

EXAMPLE = {
    "id": "01939f10-2a44-7c90-8f6e-0d5c3b1e9a77",
    "email": "nina@partner.example",
    "type": "contractor",
    "role": "contractor",
    "message": "The pull requests of this week are waiting for you.",
    "state": "pending",
    "invited_by": {"user_id": "01939f00-1a2b-7c11-9d10-5b8f2f4e7a01", "name": "Adam Bright"},
    "created_at": "2026-11-22T09:00:00Z",
    "sent_at": "2026-11-22T09:00:01Z",
    "expires_at": "2026-11-29T09:00:00Z",
    "accepted_at": None,
    "accepted_by": None,
    "declined_at": None,
    "revoked_at": None,
}
NEW = EXAMPLE | {"sent_at": None}
ONE = OpenApiExample("An invitation", value=EXAMPLE, response_only=True)
LIST = OpenApiExample(
    "One page",
    value={"items": [EXAMPLE], "next": None, "count": 1, "count_is_estimate": False},
    response_only=True,
)
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
    OpenApiExample(
        "Of one address", value=NEW | {"outcome": "sent"}, response_only=True, status_codes=["201"]
    ),
    OpenApiExample(
        "Of several",
        value={
            "items": [
                {"email": "nina@partner.example", "outcome": "sent", "invitation": NEW},
                {"email": "alice@acme.example", "outcome": "member", "invitation": None},
            ]
        },
        response_only=True,
        status_codes=["201"],
    ),
]
OFFER = OpenApiExample(
    "An open invitation",
    value={
        "tenant": {"name": "Acme Corp"},
        "invited_by": {"name": "Adam Bright"},
        "email": "nina@partner.example",
        "type": "contractor",
        "role": "contractor",
        "message": "The pull requests of this week are waiting for you.",
        "expires_at": "2026-11-29T09:00:00Z",
        "state": "pending",
    },
    response_only=True,
)
ACCEPTED = OpenApiExample(
    "Accepted",
    value={
        "tenant": {
            "id": "01939eff-0c1d-7e2f-8a3b-4c5d6e7f8091",
            "slug": "acme-corp",
            "name": "Acme Corp",
            "plan": "business",
        },
        "membership": {
            "user_id": "01939f10-9b1c-7aa2-b5f0-6d2f8c0e4a13",
            "type": "contractor",
            "status": "active",
            "joined_at": "2026-11-22T10:30:00Z",
        },
        "token_refresh_required": True,
    },
    response_only=True,
)
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
        examples=[LIST],
        tags=["invitations"],
    )
    def get(self, request: Request, tenant_id: UUID) -> Response:
        """Invitations in any state, the latest first. `sent_at` null: no mail server has taken it; resend it."""
        state = one_of(parameters(request, "state"), "state", Invitation.State.values) or ""
        return page_of(request, reads.invitations(self.tenant_id, timezone.now(), state), invitation_items)


class OneInvitation(ApiView):
    """One invitation of the tenant."""

    @requires("org:invite")
    @extend_schema(
        operation_id="get_invitation", responses=schemas.Invitation, examples=[ONE], tags=["invitations"]
    )
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
        examples=[ONE],
        tags=["invitations"],
    )
    def post(self, request: Request, tenant_id: UUID, invitation_id: UUID) -> Response:
        """Mail a new link, good for seven days; the old one dies. An expired invitation begins anew."""
        renewed = operations.resend_invitation(
            tenant_id=self.tenant_id, invitation_id=invitation_id, actor=self.actor, now=timezone.now()
        )
        return Response(invitation_item(renewed))


class InvitationByToken(ApiView):
    """What the holder of a link may know before signing in."""

    authentication_classes = ()

    @public
    @extend_schema(
        operation_id="read_invitation",
        responses=schemas.Offer,
        examples=[OFFER],
        tags=["invitations"],
        auth=[],
    )
    def get(self, request: Request, token: str) -> Response:
        """Who invites to which tenant, as what, until when. Needs no sign-in: the link itself is the secret.

        Unknown or replaced: 404. Expired, revoked, declined: 410. Used: 409. Whether the address has an account is
        not said.
        """
        offer = reads.read_offer(token, timezone.now())
        if offer is None:
            raise operations.NoSuchInvitation(
                "This link leads to no invitation. A newer one may have replaced it."
            )
        operations.refuse(offer.state)
        return Response(
            {
                "tenant": {"name": offer.tenant_name},
                "invited_by": {"name": offer.inviter},
                "email": offer.email,
                "type": offer.type,
                "role": offer.type,
                "message": offer.message,
                "expires_at": offer.expires_at,
                "state": offer.state,
            }
        )


class AcceptInvitation(ApiView):
    """Becoming a member."""

    @bearer
    @extend_schema(
        operation_id="accept_invitation",
        request=None,
        responses=schemas.Accepted,
        examples=[ACCEPTED],
        tags=["invitations"],
    )
    def post(self, request: Request, token: str) -> Response:
        """Accept as the identity of the access token, whose verified e-mail must be the invited one (else 403).

        The answer is complete; the token in use does not hold the new tenant yet, so `token_refresh_required` is
        true: refresh it, then select the tenant. Of two requests at one moment one is 200, the other 409.
        """
        identity = identity_of(request)
        actor = Actor(
            kind="identity",
            id=identity.pk,
            name=identity.get_full_name(),
            ip=self.actor.ip,
            via="api",
            request_id=self.actor.request_id,
        )
        membership = operations.accept_invitation(
            token=token, identity=identity, actor=actor, now=timezone.now()
        )
        card = next(card for card in memberships_of(identity.pk) if card.tenant_id == membership.tenant_id)
        return Response(
            {
                "tenant": {"id": card.tenant_id, "slug": card.slug, "name": card.name, "plan": card.plan},
                "membership": {
                    "user_id": membership.user_id,
                    "type": card.type,
                    "status": card.status,
                    "joined_at": card.joined_at,
                },
                "token_refresh_required": True,
            }
        )


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
