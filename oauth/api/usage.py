"""Who used an Application in a time, through the API."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, Listed
from authsec.web.pagination import parse_limit
from authsec.web.parameters import moment_parameter, parameters
from authsec.web.problems import wrong_parameter
from authz.api.rows import found
from authz.models import Application
from oauth.usage.who_used import LONGEST, BadPeriod, Period, Use, usage


class ApplicationUse(serializers.Serializer[Any]):
    subject = serializers.UUIDField(help_text="A user id or a service account's.")
    subject_kind = serializers.ChoiceField(["user", "service_account"])
    name = serializers.CharField()
    email = serializers.CharField(allow_null=True)
    client = serializers.UUIDField(help_text="The client's id in this API, not its `client_id`.")
    client_name = serializers.CharField(allow_blank=True)
    tokens = serializers.IntegerField(help_text="Given, or in use, in the time.")
    used_tokens = serializers.IntegerField(help_text="Of them, those that the Application asked about.")
    refreshed = serializers.IntegerField(help_text="Of them, those that came by a refresh token.")
    scopes = serializers.ListField(child=serializers.CharField(), help_text="What the used tokens carried.")
    granted = serializers.ListField(child=serializers.CharField(), help_text="What all of them carried.")
    acting = serializers.BooleanField(help_text="Some were in a workload's hands (RFC 8693).")
    first_at = serializers.DateTimeField(help_text="First used in the time, else issued.")
    last_at = serializers.DateTimeField(
        help_text="Last used in the time, to within two minutes, else issued."
    )


class ApplicationUses(Listed):
    items = ApplicationUse(many=True)
    tokens = serializers.IntegerField(help_text="How many tokens that is told of.")
    complete = serializers.BooleanField(help_text="false: of the latest 50,000 tokens alone.")


class ApplicationUsage(ApiView):
    """Who used an Application."""

    @requires("tokens:read")
    @extend_schema(
        operation_id="application_usage",
        responses=ApplicationUses,
        tags=["applications"],
        parameters=[
            OpenApiParameter(
                "from", description="From when (RFC 3339). 24 hours before the end, when missing."
            ),
            OpenApiParameter(
                "to", description=f"Until before when. Now, when missing; at most {LONGEST.days} days."
            ),
        ],
    )
    def get(self, request: Request, application_id: UUID) -> Response:
        """People and service accounts with their clients, the latest first, from the tokens of the time.

        A token counts as used when the Application introspected it and heard *active*; what it did then, only the
        Application knows.
        """
        found(Application, self.tenant_id, application_id)
        given = parameters(request, "from", "to", "cursor", "limit")
        try:
            period = Period.of(moment_parameter(given, "from"), moment_parameter(given, "to"), timezone.now())
        except BadPeriod as error:
            raise wrong_parameter("to", str(error)) from error
        answer = usage(
            tenant_id=self.tenant_id,
            application_id=application_id,
            period=period,
            cursor=given.get("cursor", ""),
            limit=parse_limit(given.get("limit", "")),
        )
        page = answer.page
        return Response(
            {
                "items": [_item(one) for one in page.items],
                "next": page.next,
                "count": page.count.value,
                "count_is_estimate": page.count.is_estimate,
                "tokens": answer.tokens,
                "complete": answer.whole,
            }
        )


def _item(one: Use) -> dict[str, Any]:
    return {
        "subject": one.subject,
        "subject_kind": one.subject_kind,
        "name": one.name,
        "email": one.email,
        "client": one.client_id,
        "client_name": one.client_name,
        "tokens": one.tokens,
        "used_tokens": one.used,
        "refreshed": one.refreshed,
        "scopes": one.scopes,
        "granted": one.given,
        "acting": one.acting,
        "first_at": one.first,
        "last_at": one.last,
    }
