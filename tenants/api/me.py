"""About the bearer of the token: who they are, and where."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authsec.web.access import bearer
from authsec.web.api import ApiView, listing
from authsec.web.problems import Problem
from tenants.api import schemas
from tenants.models import Identity
from tenants.operations import ensure_personal_tenant, leave_tenant
from tenants.queries import MembershipCard, memberships_of


class Me(ApiView):
    """The identity behind the token."""

    @bearer
    @extend_schema(responses=schemas.Me, operation_id="me", summary="Who I am", tags=["me"])
    def get(self, request: Request) -> Response:
        """The first visit of somebody without any membership opens a tenant of their own.

        Then `token_refresh_required` is true: the token in use does not hold that tenant yet.
        """
        identity = identity_of(request)
        opened = ensure_personal_tenant(
            identity=identity, actor=acting_as(identity, self.actor), now=timezone.now()
        )
        return Response(
            {
                "id": str(identity.pk),
                "email": identity.email,
                "name": identity.name,
                "issuer": settings.ISSUER,
                "token_refresh_required": opened is not None,
            }
        )


class MyMemberships(ApiView):
    """The tenants in which the bearer is an operator."""

    @bearer
    @extend_schema(
        responses=schemas.Memberships,
        operation_id="my_memberships",
        summary="Where I am a member",
        tags=["me"],
    )
    def get(self, request: Request) -> Response:
        """Read from the database, in any status, by the tenant's name; not from the token's claim."""
        return listing([membership_item(card) for card in memberships_of(identity_of(request).pk)])


def identity_of(request: Request) -> Identity:
    """The identity that bears the token; a service account is none. Raises a Problem."""
    bearer: Any = request.user
    if bearer.is_service_account:
        raise Problem(403, "forbidden", "This is about people; the token is a service account's.")
    identity = Identity.objects.filter(pk=UUID(bearer.claims["sub"]), is_active=True).first()
    if identity is None:
        raise Problem(401, "invalid-token", "The identity that this token names is gone.")
    return identity


def acting_as(identity: Identity, bearer: Actor) -> Actor:
    """The bearer with the name that an event about themselves shows."""
    return replace(bearer, kind="identity", id=identity.pk, name=identity.get_full_name())


def membership_item(card: MembershipCard) -> dict[str, Any]:
    """One membership as the API shows it."""
    return {
        "tenant": {"id": str(card.tenant_id), "slug": card.slug, "name": card.name, "plan": card.plan},
        "type": card.type,
        "status": card.status,
        "joined_at": card.joined_at,
    }


class MyMembership(ApiView):
    """One of the bearer's memberships."""

    @bearer
    @extend_schema(responses={204: None}, operation_id="leave_tenant", summary="Leave a tenant", tags=["me"])
    def delete(self, request: Request, tenant_id: UUID) -> Response:
        """Leave it: what removal does, for oneself, with no permission needed.

        The last active owner stays (409 `last-owner`), and a suspended member cannot leave (409 `conflict`). Already
        left: 204 again.
        """
        identity = identity_of(request)
        card = next((card for card in memberships_of(identity.pk) if card.tenant_id == tenant_id), None)
        if card is None:
            raise Problem(
                403, "tenant-not-in-token", f"Your access token does not hold the tenant {tenant_id}."
            )
        actor = Actor(
            kind="member",
            id=card.user_id,
            name=identity.get_full_name(),
            capacity=card.type,
            ip=self.actor.ip,
            via="api",
            request_id=self.actor.request_id,
        )
        with tenant_context(tenant_id):
            leave_tenant(tenant_id=tenant_id, user_id=card.user_id, actor=actor, now=timezone.now())
        return Response(status=204)
