"""What the API of tenants answers, for the OpenAPI document."""

from typing import Any

from rest_framework import serializers

from authsec.web.api import Listed
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
