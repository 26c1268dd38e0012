"""Bodies that the API of end users takes and gives."""

from typing import Any

from rest_framework import serializers

from authsec.web.api import Input, Listed, Moment
from endusers import operations
from endusers.models import EndUser as Row


class RateLimit(serializers.Serializer[Any]):
    """A limit of this person's own, in place of the tier's and the Application's."""

    limit = serializers.IntegerField()
    window_s = serializers.IntegerField()
    until = serializers.DateTimeField(required=False)
    reason = serializers.CharField(required=False)


class RateLimitInput(Input):
    """A limit of this person's own. Without `until` it stays until it is taken away."""

    nested = True

    limit = serializers.IntegerField(min_value=1, max_value=operations.MOST_CALLS, help_text="Calls.")
    window_s = serializers.IntegerField(
        min_value=1, max_value=operations.LONGEST_WINDOW_S, help_text="In how many seconds."
    )
    until = Moment(required=False, allow_null=True, default=None)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class EndUser(serializers.Serializer[Any]):
    user_id = serializers.UUIDField(help_text="The `sub` that Applications see.")
    email = serializers.CharField()
    display_name = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(Row.Status.choices)
    plan_tier = serializers.CharField(help_text="The tier's key.")
    rate_limit_override = RateLimit(allow_null=True)
    first_consent_at = serializers.DateTimeField(allow_null=True)
    last_seen_at = serializers.DateTimeField(allow_null=True)
    suspended_at = serializers.DateTimeField(allow_null=True)
    suspended_reason = serializers.CharField(allow_blank=True)
    applications = serializers.ListField(
        child=serializers.CharField(), help_text="Names of the Applications that the person has connected."
    )


class EndUsers(Listed):
    items = EndUser(many=True)


class Suspension(Input):
    reason = serializers.CharField(max_length=500, help_text="Kept in the audit log; never empty.")


class Reactivation(Input):
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class EndUserChange(Input):
    """What is left out stays as it is. Suspending needs `suspended_reason`; a null limit gives the tier's back."""

    status = serializers.ChoiceField(Row.Status.choices, required=False)
    plan_tier = serializers.SlugField(required=False)
    rate_limit_override = RateLimitInput(required=False, allow_null=True)
    suspended_reason = serializers.CharField(max_length=500, required=False)


class Revocation(Input):
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
