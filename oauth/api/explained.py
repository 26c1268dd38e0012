"""One token explained, through the API."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, Input, read_input
from authsec.web.problems import Problem, not_found
from oauth import throttle
from oauth.explained import Explained, explain_token, what_is
from oauth.trial import LONGEST, presented


class TokenInput(Input):
    token = serializers.CharField(
        max_length=LONGEST,
        help_text="An access token of one of the tenant's Applications, or its id (`jti`).",
    )


class ExplainedScope(serializers.Serializer[Any]):
    name = serializers.CharField()
    requested = serializers.BooleanField()
    entitled = serializers.BooleanField()
    supported = serializers.BooleanField()
    granted = serializers.BooleanField(help_text="At issue.")
    pending = serializers.BooleanField(help_text="At issue: it waited for a second factor.")
    now = serializers.BooleanField(help_text="Introspection answers with it now.")
    reasons = serializers.ListField(
        child=serializers.CharField(), help_text="Why it is filtered now; for people."
    )


class ExplainedToken(serializers.Serializer[Any]):
    jti = serializers.UUIDField()
    application_id = serializers.UUIDField()
    subject = serializers.UUIDField()
    subject_kind = serializers.CharField()
    client_name = serializers.CharField(allow_blank=True)
    grant_type = serializers.CharField(allow_null=True, help_text="null: no decision is kept.")
    act = serializers.JSONField(allow_null=True, help_text="Who acts for the subject (RFC 8693 §4.1).")
    made_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True, help_text="null: the token is gone.")
    active = serializers.BooleanField(help_text="Now.")
    why = serializers.CharField(
        allow_blank=True, help_text="A key such as `suspended`; empty: as it was issued."
    )
    reason = serializers.CharField(help_text="The same in words.")
    scopes = ExplainedScope(many=True)


class ExplainToken(ApiView):
    """One token: its decision, and what introspection says now."""

    @requires("tokens:read")
    @extend_schema(
        operation_id="explain_token",
        request=TokenInput,
        responses=ExplainedToken,
        tags=["access"],
    )
    def post(self, request: Request) -> Response:
        """What was requested, entitled, supported and granted when it was issued, and why less of it is answered now.

        The token is kept nowhere and counts as no introspection. 404 for every token that is not this tenant's.
        """
        text = presented(read_input(TokenInput, request)["token"])
        if not throttle.hit("try", str(self.actor.id)):
            raise Problem(429, "throttled", "Too many tokens in a minute.", headers={"Retry-After": "60"})
        found = explain_token(tenant_id=self.tenant_id, text=text, now=timezone.now())
        if found is None:
            raise not_found(" ".join(["There is no such token of this tenant.", what_is(text)]).strip())
        return Response(_shown(found))


def _shown(found: Explained) -> dict[str, Any]:
    return {
        "jti": found.id,
        "application_id": found.application.pk,
        "subject": found.fact.subject,
        "subject_kind": found.fact.subject_kind,
        "client_name": found.client_name,
        "grant_type": found.decision.grant_type if found.decision else None,
        "act": found.fact.act,
        "made_at": found.made_at,
        "expires_at": found.token.expires if found.token else None,
        "active": found.active,
        "why": found.why,
        "reason": " ".join(filter(None, [str(found.reason.sentence), found.detail])),
        "scopes": [
            {
                **{key: value for key, value in vars(one).items() if key not in ("waits_now", "reasons")},
                "reasons": list(one.reasons),
            }
            for one in found.scopes
        ],
    }
