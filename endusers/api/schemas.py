"""Bodies that the API of end users takes and gives."""

from typing import Any

from rest_framework import serializers

from authsec.web.api import Input, Listed, Moment
from endusers import operations
from endusers.models import EndUser as Row
from endusers.models import TierMove as Move


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


class TierLimit(serializers.Serializer[Any]):
    """For everybody on the tier who has no limit of their own."""

    limit = serializers.IntegerField()
    window_s = serializers.IntegerField()


class TierLimitInput(Input):
    """For everybody on the tier who has no limit of their own."""

    nested = True

    limit = serializers.IntegerField(min_value=1, max_value=operations.MOST_CALLS, help_text="Calls.")
    window_s = serializers.IntegerField(
        min_value=1,
        max_value=operations.LONGEST_WINDOW_S,
        required=False,
        default=60,
        help_text="In how many seconds.",
    )


class PlanTier(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    key = serializers.SlugField(help_text="For programs. Never changes, and is never given twice.")
    name = serializers.CharField()
    rate_limit = TierLimit(allow_null=True)
    is_default = serializers.BooleanField(help_text="Whoever consents for the first time gets this tier.")
    holders = serializers.IntegerField(help_text="How many end users are on it: exact up to 10,000.")
    holders_is_estimate = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True, help_text="When it was retired.")


class PlanTiers(Listed):
    items = PlanTier(many=True)


class PlanTierInput(Input):
    key = serializers.CharField(
        max_length=40, help_text="A small letter, then small letters, digits, - and _."
    )
    name = serializers.CharField(max_length=100)
    rate_limit = TierLimitInput(required=False, allow_null=True, default=None)


class PlanTierChange(Input):
    """What is left out stays as it is; a null limit takes it away."""

    name = serializers.CharField(max_length=100, required=False)
    rate_limit = TierLimitInput(required=False, allow_null=True)
    is_default = serializers.BooleanField(required=False)


class TierMoveInput(Input):
    plan_tier = serializers.SlugField(help_text="The tier's key.")
    reference = serializers.CharField(
        max_length=200, help_text="Your own id of the event. The same one again changes nothing."
    )
    effective_at = Moment(
        required=False,
        allow_null=True,
        default=None,
        help_text="When it took effect in your books; left out: now.",
    )
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class TierMove(serializers.Serializer[Any]):
    """What came of a call, the same however often it is repeated."""

    reference = serializers.CharField()
    user_id = serializers.UUIDField()
    plan_tier = serializers.CharField(help_text="The key that was asked for.")
    was = serializers.CharField(help_text="The key of the tier that the person was on when it was decided.")
    outcome = serializers.ChoiceField(
        Move.Outcome.choices,
        help_text="`superseded`: what took effect later was known already, and stands.",
    )
    effective_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField()
