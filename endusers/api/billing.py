"""The call by which a billing system moves an end user between plan tiers."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, read_input
from endusers import tier_moves
from endusers.api import schemas
from endusers.api.end_users import known


class PlanTierOf(ApiView):
    """The plan tier of one end user, as billing has it."""

    @requires("endusers:update")
    @extend_schema(
        operation_id="move_end_user",
        request=schemas.TierMoveInput,
        responses=schemas.TierMove,
        tags=["plan tiers"],
    )
    def post(self, request: Request, tenant_id: UUID, user_id: UUID) -> Response:
        """Put the person on a tier; their next introspection answers with it, and nobody else's changes.

        `reference` is your own id of the event: the same one again is answered as it was, and writes nothing. Calls
        may come in any order: one that took effect before what is known already answers `superseded` and changes
        nothing. 404 for somebody who never consented here.
        """
        known(self.tenant_id, user_id)
        given = read_input(schemas.TierMoveInput, request)
        move = tier_moves.move(
            tenant_id=self.tenant_id,
            user_id=user_id,
            tier_key=given.pop("plan_tier"),
            **given,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(
            {
                "reference": move.reference,
                "user_id": move.user_id,
                "plan_tier": move.plan_tier.key,
                "was": move.was.key,
                "outcome": move.outcome,
                "effective_at": move.effective_at,
                "decided_at": move.at,
            }
        )
