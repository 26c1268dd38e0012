"""Tenants: opening one, and what it is called."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.database.context import tenant_context
from authsec.web.access import bearer, requires
from authsec.web.api import ApiView, read_input
from tenants import operations
from tenants.api import schemas
from tenants.api.me import acting_as, identity_of
from tenants.models import Tenant
from tenants.plans import usage
from tenants.queries import memberships_of


class Tenants(ApiView):
    """The tenants that a person opens."""

    @bearer
    @extend_schema(
        request=schemas.NewTenant,
        responses={201: schemas.OpenedTenant},
        operation_id="open_tenant",
        summary="Open a tenant",
        tags=["me"],
    )
    def post(self, request: Request) -> Response:
        """The bearer becomes its owner. Without `slug` one is made from the name.

        The answer is all that a client needs to go on. The token in use does not hold the new tenant yet: refresh it
        (`token_refresh_required`). One person may open ten tenants within an hour, then 429 says when to go on.
        """
        wanted = read_input(schemas.NewTenant, request)
        identity = identity_of(request)
        tenant = operations.open_own_tenant(
            identity=identity, actor=acting_as(identity, self.actor), now=timezone.now(), **wanted
        )
        (card,) = (card for card in memberships_of(identity.pk) if card.tenant_id == tenant.pk)
        with tenant_context(tenant.pk):
            item = tenant_item(tenant, card.type, card.user_id)
        return Response(item | {"token_refresh_required": True}, 201)


class OneTenant(ApiView):
    """One tenant, as its members see it."""

    @requires("org:read")
    @extend_schema(responses=schemas.OneTenant, operation_id="tenant", summary="One tenant", tags=["tenants"])
    def get(self, request: Request, tenant_id: UUID) -> Response:
        """What it is called, which plan it is on, what that allows and how much of it is in use."""
        return self._answer(Tenant.objects.get(pk=tenant_id))

    @requires("org:update")
    @extend_schema(
        request=schemas.TenantChange,
        responses=schemas.OneTenant,
        operation_id="change_tenant",
        summary="Rename a tenant",
        tags=["tenants"],
    )
    def patch(self, request: Request, tenant_id: UUID) -> Response:
        """What is left out stays as it is. The slug stands in the console's addresses only; ids never change.

        An old slug leads members on and stays this tenant's, which can take it back. The plan is no member here.
        """
        wanted = read_input(schemas.TenantChange, request)
        change: dict[str, Any] = {"tenant_id": tenant_id, "actor": self.actor, "now": timezone.now()}
        if "name" in wanted:
            operations.rename_tenant(name=wanted["name"], **change)
        if "slug" in wanted:
            operations.change_slug(slug=wanted["slug"], **change)
        return self._answer(Tenant.objects.get(pk=tenant_id))

    def _answer(self, tenant: Tenant) -> Response:
        person = self.standing.kind == "user"
        return Response(tenant_item(tenant, self.standing.type, self.standing.user_id if person else None))


def tenant_item(tenant: Tenant, type: str, user_id: UUID | None) -> dict[str, Any]:
    """A tenant as the API shows it to one of its members, whose type and users.id it names."""
    uses = usage(tenant_id=tenant.pk, plan=tenant.plan, now=timezone.now())
    return {
        "id": str(tenant.pk),
        "slug": tenant.slug,
        "name": tenant.name,
        "plan": tenant.plan,
        "personal": tenant.personal,
        "created_at": tenant.created_at,
        "type": type,
        "user_id": user_id and str(user_id),
        "limits": {
            use.what: {"limit": use.limit, "used": use.used, "used_is_at_least": use.at_least} for use in uses
        },
    }
