"""Invitations through the API, as whoever holds a mailed link sees them."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import bearer, public
from authsec.web.api import ApiView
from tenants import invitations as reads
from tenants import operations
from tenants.api import invitation_schemas as schemas
from tenants.api.me import acting_as, identity_of
from tenants.queries import memberships_of


class InvitationByToken(ApiView):
    """What the holder of a link may know before signing in."""

    authentication_classes = ()

    @public
    @extend_schema(
        operation_id="read_invitation",
        responses=schemas.Offer,
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
            raise operations.NoSuchInvitation(operations.UNKNOWN_LINK)
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
        tags=["invitations"],
    )
    def post(self, request: Request, token: str) -> Response:
        """Accept as the identity of the access token, whose verified e-mail must be the invited one (else 403).

        The answer is complete; the token in use does not hold the new tenant yet, so `token_refresh_required` is
        true: refresh it, then select the tenant. Of two requests at one moment one is 200, the other 409.
        """
        identity = identity_of(request)
        membership = operations.accept_invitation(
            token=token, identity=identity, actor=acting_as(identity, self.actor), now=timezone.now()
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
