"""What the API of tenants answers, for the OpenAPI document."""

from typing import Any

from rest_framework import serializers

from authsec.web.api import Input, Listed
from tenants.models import Membership, MemberType, Tenant


class Me(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField(allow_blank=True)
    issuer = serializers.URLField()
    token_refresh_required = serializers.BooleanField()


class TenantCard(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.SlugField()
    name = serializers.CharField()
    plan = serializers.ChoiceField(Tenant.Plan.choices)


class MembershipItem(serializers.Serializer[Any]):
    tenant = TenantCard()
    type = serializers.ChoiceField(MemberType.choices)
    status = serializers.ChoiceField(Membership.Status.choices)
    joined_at = serializers.DateTimeField()


class Memberships(Listed):
    paged = False
    items = MembershipItem(many=True)


class MemberTypeField(serializers.ChoiceField):
    """A member type as callers write it: ``viewer`` is another word for readonly_auditor."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(MemberType.choices, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(MemberType.READONLY_AUDITOR.value if data == "viewer" else data)


class Member(serializers.Serializer[Any]):
    user_id = serializers.UUIDField(help_text="The person in this tenant; stays the same when they leave.")
    email = serializers.CharField()
    display_name = serializers.CharField(allow_blank=True)
    type = serializers.ChoiceField(
        MemberType.choices, help_text="A label. What they may do comes from roles."
    )
    status = serializers.ChoiceField(Membership.Status.choices)
    source = serializers.ChoiceField(  # type: ignore[assignment]
        Membership.Source.choices, help_text="How they came."
    )
    invited_by = serializers.UUIDField(allow_null=True, help_text="Who invited them, a user id.")
    joined_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField(allow_null=True)
    suspended_at = serializers.DateTimeField(allow_null=True)
    suspended_by = serializers.UUIDField(allow_null=True)
    suspended_reason = serializers.CharField(allow_blank=True)
    left_at = serializers.DateTimeField(allow_null=True)


class Members(Listed):
    items = Member(many=True)


class MemberChange(Input):
    """What is left out stays as it is; both changes are made, or neither."""

    type = MemberTypeField(required=False, help_text="`viewer` is taken as readonly_auditor.")
    status = serializers.ChoiceField(
        [Membership.Status.ACTIVE.value, Membership.Status.SUSPENDED.value],
        required=False,
        error_messages={
            "invalid_choice": "active or suspended. DELETE ends a membership; an invitation begins one."
        },
        help_text="`suspended` needs a reason. Leaving is DELETE.",
    )
    reason = serializers.CharField(
        max_length=500, required=False, allow_blank=True, default="", help_text="Kept in the audit log."
    )


class NewTenant(Input):
    name = serializers.CharField(max_length=100)
    slug = serializers.CharField(max_length=63, required=False, help_text="Small letters, digits, hyphens.")


class TenantChange(Input):
    name = serializers.CharField(max_length=100, required=False)
    slug = serializers.CharField(max_length=63, required=False, help_text="Small letters, digits, hyphens.")


class Limit(serializers.Serializer[Any]):
    limit = serializers.IntegerField(allow_null=True, help_text="Null: as many as there are.")
    used = serializers.IntegerField()
    used_is_at_least = serializers.BooleanField(help_text="True where counting stopped, as no limit asks on.")


class Limits(serializers.Serializer[Any]):
    members = Limit(help_text="Active and suspended members, and invitations that can be accepted.")
    applications = Limit()
    end_users = Limit()


BEARER_TYPES = [*MemberType.choices, ("service_account", "Service account")]


class OneTenant(TenantCard):
    personal = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    type = serializers.ChoiceField(BEARER_TYPES, help_text="What the bearer is here.")
    user_id = serializers.UUIDField(allow_null=True, help_text="The bearer's user ID here.")
    limits = Limits()


class OpenedTenant(OneTenant):
    token_refresh_required = serializers.BooleanField()
