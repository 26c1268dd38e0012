"""Plan tiers: what consumers can be on."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.jobs.api.jobs import JobItem, job_items
from authsec.web.access import requires
from authsec.web.api import ApiView, page_of, read_input
from authsec.web.parameters import one_of, parameters, parse_uuid, reason_parameter
from authsec.web.problems import invalid, not_found
from endusers import plan_tiers
from endusers.api import schemas
from endusers.models import PlanTier
from endusers.queries import tier_holders

ENDED = OpenApiParameter("include_ended", enum=["true", "false"], description="Also what is retired.")
MOVE_TO = OpenApiParameter("move_to", description="The key of the tier that its holders go to.")


REASON = OpenApiParameter("reason", description="Why, for the audit log; at most 500 characters.")


class PlanTiers(ApiView):
    """The tenant's plan tiers."""

    @requires("plan_tiers:read")
    @extend_schema(
        operation_id="list_plan_tiers", responses=schemas.PlanTiers, tags=["plan tiers"], parameters=[ENDED]
    )
    def get(self, request: Request) -> Response:
        """The tiers that are not retired, in the order in which they were made."""
        rows = PlanTier.objects.filter(tenant_id=self.tenant_id)
        if one_of(parameters(request, "include_ended"), "include_ended", ["true", "false"]) != "true":
            rows = rows.filter(ended_at=None)
        return page_of(request, rows, plan_tier_items, ascending=True)

    @requires("plan_tiers:manage")
    @extend_schema(
        operation_id="create_plan_tier",
        request=schemas.PlanTierInput,
        responses={201: schemas.PlanTier},
        tags=["plan tiers"],
    )
    def post(self, request: Request) -> Response:
        """Create a tier. It gives nothing until a role is bound to it (`POST /uflow/v2/bindings` with its key)."""
        given = _read(schemas.PlanTierInput, request)
        tier = plan_tiers.create(tenant_id=self.tenant_id, **given, actor=self.actor, now=timezone.now())
        return Response(plan_tier_items([tier])[0], 201)


class OnePlanTier(ApiView):
    """One plan tier, named by its key or its id."""

    @requires("plan_tiers:read")
    @extend_schema(operation_id="get_plan_tier", responses=schemas.PlanTier, tags=["plan tiers"])
    def get(self, request: Request, plan_tier: str) -> Response:
        """The tier, also when it is retired."""
        return Response(plan_tier_items([found(self.tenant_id, plan_tier)])[0])

    @requires("plan_tiers:manage")
    @extend_schema(
        operation_id="change_plan_tier",
        request=schemas.PlanTierChange,
        responses=schemas.PlanTier,
        tags=["plan tiers"],
    )
    def patch(self, request: Request, plan_tier: str) -> Response:
        """Change what is given; the key never changes. A limit counts at each holder's next introspection.

        `is_default: true` gives the tier to whoever consents for the first time from now on; the one that was the
        default stops being it, and nobody moves.
        """
        tier = found(self.tenant_id, plan_tier)
        given = _read(schemas.PlanTierChange, request)
        default = given.pop("is_default", None)
        if default is False:
            raise invalid("Make another tier the default instead.", {"is_default": "Only true."})
        facts: dict[str, Any] = {
            "tenant_id": self.tenant_id,
            "tier_id": tier.pk,
            "actor": self.actor,
            "now": timezone.now(),
        }
        tier = plan_tiers.edit(**facts, **given)
        if default:
            tier = plan_tiers.make_default(**facts)
        return Response(plan_tier_items([tier])[0])

    @requires("plan_tiers:manage")
    @extend_schema(
        operation_id="retire_plan_tier",
        responses={202: JobItem, 204: None},
        tags=["plan tiers"],
        parameters=[MOVE_TO, REASON],
    )
    def delete(self, request: Request, plan_tier: str) -> Response:
        """Retire a tier for good: nobody comes to it any more, and its key is never given again.

        While somebody holds it, `move_to` has to name another tier (409 without it) and `endusers:update` is needed
        besides: a job moves them, and until it reaches them they keep what they have. 409 for the default tier.
        """
        tier = found(self.tenant_id, plan_tier)
        move_to = parameters(request, "move_to").get("move_to", "")
        if move_to:
            self.also_requires("endusers:update")
        _tier, job = plan_tiers.retire(
            tenant_id=self.tenant_id,
            tier_id=tier.pk,
            move_to=move_to,
            reason=reason_parameter(request),
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(job_items([job])[0], 202) if job else Response(status=204)


def found(tenant_id: UUID, named: str) -> PlanTier:
    """The tenant's tier by key or by id; else 404."""
    rows = PlanTier.objects.filter(tenant_id=tenant_id)
    try:
        tier = rows.filter(pk=parse_uuid(named)).first()
    except ValueError:
        tier = rows.filter(key=named).first()
    if tier is None:
        raise not_found("There is no such plan tier here.")
    return tier


def plan_tier_items(rows: Sequence[PlanTier]) -> list[dict[str, Any]]:
    """Tiers as the API shows them, with how many hold each. One statement."""
    held = tier_holders(rows[0].tenant_id, [row.pk for row in rows]) if rows else {}
    return [
        {
            "id": row.pk,
            "key": row.key,
            "name": row.name,
            "rate_limit": limit.as_json() if (limit := plan_tiers.limit_of(row)) else None,
            "is_default": row.is_default,
            "holders": held[row.pk].value,
            "holders_is_estimate": held[row.pk].is_estimate,
            "created_at": row.created_at,
            "ended_at": row.ended_at,
        }
        for row in rows
    ]


def _read(serializer: Any, request: Request) -> dict[str, Any]:
    given = read_input(serializer, request)
    if given.get("rate_limit"):
        given["rate_limit"] = plan_tiers.TierLimit(**given["rate_limit"])
    return given
