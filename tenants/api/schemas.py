"""What the API of tenants answers, for the OpenAPI document."""

from rest_framework import serializers

from tenants.models import Membership, MemberType, Tenant


class Me(serializers.Serializer):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField(allow_blank=True)
    issuer = serializers.URLField()
    token_refresh_required = serializers.BooleanField()


class TenantCard(serializers.Serializer):
    id = serializers.UUIDField()
    slug = serializers.SlugField()
    name = serializers.CharField()
    plan = serializers.ChoiceField(Tenant.Plan.choices)


class MembershipItem(serializers.Serializer):
    tenant = TenantCard()
    type = serializers.ChoiceField(MemberType.choices)
    status = serializers.ChoiceField(Membership.Status.choices)
    joined_at = serializers.DateTimeField()


class Memberships(serializers.Serializer):
    items = MembershipItem(many=True)
    next = serializers.CharField(allow_null=True)
    count = serializers.IntegerField()
    count_is_estimate = serializers.BooleanField()
