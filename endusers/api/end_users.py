"""Consumers of the tenant: find, suspend, reactivate."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, listing, read_input
from authsec.web.pagination import parse_limit
from authsec.web.parameters import moment_parameter, one_of, parameters, uuid_parameter
from authsec.web.problems import invalid, not_found, wrong_parameter
from endusers import operations
from endusers.api import schemas
from endusers.models import EndUser
from endusers.queries import ORDERS, SORTS, EndUserCard, Filters, search

LONGEST_TEXT = 200
FILTERS = ("status", "plan_tier", "q", "application", "client")
RANGES = {
    "seen_from": "Last seen at this time or later.",
    "seen_to": "Last seen before this time.",
    "consent_from": "First consent at this time or later.",
    "consent_to": "First consent before this time.",
}


class EndUsers(ApiView):
    """The tenant's end users."""

    @requires("endusers:read")
    @extend_schema(
        operation_id="list_end_users",
        responses=schemas.EndUsers,
        tags=["end users"],
        parameters=[
            OpenApiParameter("status", enum=EndUser.Status.values),
            OpenApiParameter("plan_tier", description="A tier's key."),
            OpenApiParameter(
                "q", description="An id, a whole e-mail address, or part of a name or of an address."
            ),
            OpenApiParameter("application", description="An Application's id: people who connected it."),
            OpenApiParameter("client", description="An OAuth client's id: people who connected by it."),
            *(OpenApiParameter(name, type=datetime, description=words) for name, words in RANGES.items()),
            OpenApiParameter("sort", enum=SORTS, description="By which date; people without it come last."),
            OpenApiParameter("order", enum=ORDERS, description="desc (as without it): newest first."),
        ],
    )
    def get(self, request: Request, tenant_id: UUID) -> Response:
        """One page of them, filtered. Members who never consented are no end users.

        Filters that fit few of very many people can end a page before it is full: go on as long as there is a `next`.
        """
        given = parameters(request, *FILTERS, *RANGES, "sort", "order", "cursor", "limit")
        if len(given.get("q", "")) > LONGEST_TEXT:
            raise wrong_parameter("q", f"At most {LONGEST_TEXT} characters.")
        filters = Filters(
            text=given.get("q", ""),
            status=one_of(given, "status", EndUser.Status.values),
            plan_tier=given.get("plan_tier"),
            application=uuid_parameter(given, "application"),
            client=uuid_parameter(given, "client"),
            **{name: moment_parameter(given, name) for name in RANGES},
        )
        page = search(
            self.tenant_id,
            filters,
            given.get("cursor", ""),
            sort=one_of(given, "sort", SORTS) or SORTS[0],
            order=one_of(given, "order", ORDERS) or ORDERS[0],
            limit=parse_limit(given.get("limit", "")),
        )
        return listing(
            [end_user_item(card) for card in page.items],
            next=page.next,
            count=page.count.value,
            estimated=page.count.is_estimate,
        )


class OneEndUser(ApiView):
    """One end user. 404 for somebody who is a member only."""

    @requires("endusers:read")
    @extend_schema(operation_id="get_end_user", responses=schemas.EndUser, tags=["end users"])
    def get(self, request: Request, tenant_id: UUID, user_id: UUID) -> Response:
        """The end user as the list shows them."""
        return answer(self.tenant_id, user_id)

    @requires("endusers:update")
    @extend_schema(
        operation_id="change_end_user",
        request=schemas.EndUserChange,
        responses=schemas.EndUser,
        tags=["end users"],
    )
    def patch(self, request: Request, tenant_id: UUID, user_id: UUID) -> Response:
        """Change status, plan tier or the person's own rate limit. The next introspection answers accordingly."""
        given = read_input(schemas.EndUserChange, request)
        who: dict[str, Any] = {
            "tenant_id": self.tenant_id,
            "user_id": user_id,
            "actor": self.actor,
            "now": timezone.now(),
        }
        known(self.tenant_id, user_id)
        if "status" in given or "suspended_reason" in given:
            self._change_status(given.get("status"), given.get("suspended_reason", ""), who)
        if "plan_tier" in given:
            operations.set_plan_tier(tier_key=given["plan_tier"], **who)
        if "rate_limit_override" in given:
            limit = given["rate_limit_override"]
            operations.set_rate_limit(override=operations.RateLimit(**limit) if limit else None, **who)
        return answer(self.tenant_id, user_id)

    def _change_status(self, status: str | None, reason: str, who: dict[str, Any]) -> None:
        if reason and status != EndUser.Status.SUSPENDED:
            raise invalid(
                "Only together with status suspended.", {"suspended_reason": "Without a suspension."}
            )
        self.also_requires("endusers:suspend")
        if status == EndUser.Status.SUSPENDED:
            if not reason:
                raise invalid("A reason is required.", {"suspended_reason": "A reason is required."})
            operations.suspend(reason=reason, **who)
        else:
            operations.reactivate(**who)


class Suspend(ApiView):
    """Suspend an end user."""

    @requires("endusers:suspend")
    @extend_schema(
        operation_id="suspend_end_user",
        request=schemas.Suspension,
        responses=schemas.EndUser,
        tags=["end users"],
    )
    def post(self, request: Request, tenant_id: UUID, user_id: UUID) -> Response:
        """The very next introspection of any of their tokens for this tenant answers inactive.

        Nothing is revoked: reactivating brings the same tokens back. Already suspended: answered as it is.
        """
        known(self.tenant_id, user_id)
        given = read_input(schemas.Suspension, request)
        operations.suspend(
            tenant_id=self.tenant_id,
            user_id=user_id,
            reason=given["reason"],
            actor=self.actor,
            now=timezone.now(),
        )
        return answer(self.tenant_id, user_id)


class Reactivate(ApiView):
    """End a suspension."""

    @requires("endusers:suspend")
    @extend_schema(
        operation_id="reactivate_end_user",
        request=schemas.Reactivation,
        responses=schemas.EndUser,
        tags=["end users"],
    )
    def post(self, request: Request, tenant_id: UUID, user_id: UUID) -> Response:
        """Tokens and connections that stood before work again at the next call."""
        known(self.tenant_id, user_id)
        given = read_input(schemas.Reactivation, request)
        operations.reactivate(
            tenant_id=self.tenant_id,
            user_id=user_id,
            reason=given["reason"],
            actor=self.actor,
            now=timezone.now(),
        )
        return answer(self.tenant_id, user_id)


def known(tenant_id: UUID, user_id: UUID) -> None:
    """404 unless the user is an end user of the tenant."""
    if not EndUser.objects.filter(tenant_id=tenant_id, user_id=user_id).exists():
        raise not_found("There is no such end user here.")


def answer(tenant_id: UUID, user_id: UUID) -> Response:
    """One end user as they stand now; 404 when there is none."""
    page = search(tenant_id, Filters(text=str(user_id)), limit=1)
    if not page.items:
        raise not_found("There is no such end user here.")
    return Response(end_user_item(page.items[0]))


def end_user_item(card: EndUserCard) -> dict[str, Any]:
    """An end user as the API shows one."""
    return {
        "user_id": card.user_id,
        "email": card.email,
        "display_name": card.display_name,
        "status": card.status,
        "plan_tier": card.plan_tier,
        "rate_limit_override": card.rate_limit_override,
        "first_consent_at": card.first_consent_at,
        "last_seen_at": card.last_seen_at,
        "suspended_at": card.suspended_at,
        "suspended_reason": card.suspended_reason,
        "applications": list(card.applications),
    }
