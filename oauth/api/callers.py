"""Who calls an Application most, through the API."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, Listed, listing
from authsec.web.parameters import one_of, parameters
from authz.api.rows import found
from authz.models import Application
from oauth.usage import callers


class CallLimit(serializers.Serializer[Any]):
    """The limit that counts for them here."""

    limit = serializers.IntegerField()
    window_s = serializers.IntegerField()
    source = serializers.ChoiceField(["override", "tier", "application"])  # type: ignore[assignment]


class TopCaller(serializers.Serializer[Any]):
    subject = serializers.UUIDField(help_text="A user id or a service account's.")
    subject_kind = serializers.ChoiceField(["user", "service_account"])
    name = serializers.CharField()
    email = serializers.CharField(allow_null=True)
    calls = serializers.IntegerField()
    refused = serializers.IntegerField(help_text="Of them, those that were answered 429.")
    rate_limit = CallLimit(allow_null=True)


class TopCallerList(Listed):
    paged = False
    items = TopCaller(many=True)


class TopCallers(ApiView):
    """The busiest callers of an Application."""

    @requires("tokens:read")
    @extend_schema(
        operation_id="top_callers",
        responses=TopCallerList,
        tags=["applications"],
        parameters=[
            OpenApiParameter(
                "period",
                enum=list(callers.PERIODS),
                description="`now`: the last five minutes. `today`: since midnight, UTC. `now`, when missing.",
            )
        ],
    )
    def get(self, request: Request, application_id: UUID) -> Response:
        """The fifty people and service accounts who call most, from the introspections of active tokens.

        Up to five seconds behind. Counted are the busiest of each moment: whoever is among the first is exact, whoever
        comes far behind thousands of others may be missing.
        """
        application = found(Application, self.tenant_id, application_id)
        given = parameters(request, "period")
        period = one_of(given, "period", list(callers.PERIODS)) or "now"
        busiest = callers.top(application=application, period=period, now=timezone.now(), limit=callers.MOST)
        return listing([_item(one) for one in busiest])


def _item(one: callers.Caller) -> dict[str, Any]:
    limit = one.limit
    return {
        "subject": one.subject,
        "subject_kind": one.kind,
        "name": one.name,
        "email": one.email,
        "calls": one.calls,
        "refused": one.refused,
        "rate_limit": limit and {"limit": limit.limit, "window_s": limit.window_s, "source": limit.source},
    }
