"""What the API of invitations takes and answers, for the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from authsec.web.api import Input, Listed
from tenants import models
from tenants.api.schemas import MemberTypeField, TenantCard
from tenants.operations.addresses import AT_MOST, LONGEST_ADDRESS, LONGEST_MESSAGE


class Inviting(Input):
    """`email` or `emails`, one of them."""

    email = serializers.EmailField(max_length=LONGEST_ADDRESS, required=False)
    emails = serializers.ListField(
        child=serializers.EmailField(max_length=LONGEST_ADDRESS),
        required=False,
        min_length=1,
        max_length=AT_MOST,
    )
    role = MemberTypeField(help_text="The member type; `viewer` is taken as readonly_auditor.")
    message = serializers.CharField(
        max_length=LONGEST_MESSAGE, required=False, allow_blank=True, default="", help_text="Plain text."
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of the two."""
        if ("email" in given) == ("emails" in given):
            raise serializers.ValidationError({"email": ["Send either email or emails."]})
        return given


class Inviter(serializers.Serializer[Any]):
    user_id = serializers.UUIDField(allow_null=True, help_text="Null for a service account.")
    name = serializers.CharField(allow_blank=True)


class Invitation(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    type = serializers.ChoiceField(models.MemberType.choices)
    role = serializers.ChoiceField(models.MemberType.choices, help_text="The same as type.")
    message = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(models.Invitation.State.choices)
    invited_by = Inviter(help_text="Who sent the present link, and answers for it.")
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True, help_text="Null until a mail server took it.")
    expires_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    accepted_by = serializers.UUIDField(allow_null=True, help_text="A user id.")
    declined_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class Invitations(Listed):
    items = Invitation(many=True)


class InvitedOne(Invitation):
    outcome = serializers.ChoiceField(["sent", "resent"])


class InvitedAddress(serializers.Serializer[Any]):
    email = serializers.EmailField()
    outcome = serializers.ChoiceField(["sent", "resent", "member", "suspended"])
    invitation = Invitation(allow_null=True)


class InvitedSeveral(serializers.Serializer[Any]):
    items = InvitedAddress(many=True)


InvitedAnswer = PolymorphicProxySerializer(
    component_name="InvitedAnswer", serializers=[InvitedOne, InvitedSeveral], resource_type_field_name=None
)


class NameOnly(serializers.Serializer[Any]):
    name = serializers.CharField(allow_blank=True)


class Offer(serializers.Serializer[Any]):
    tenant = NameOnly()
    invited_by = NameOnly()
    email = serializers.EmailField()
    type = serializers.ChoiceField(models.MemberType.choices)
    role = serializers.ChoiceField(models.MemberType.choices, help_text="The same as type.")
    message = serializers.CharField(allow_blank=True)
    expires_at = serializers.DateTimeField()
    state = serializers.ChoiceField(["pending"])


class OwnMembership(serializers.Serializer[Any]):
    user_id = serializers.UUIDField()
    type = serializers.ChoiceField(models.MemberType.choices)
    status = serializers.ChoiceField(models.Membership.Status.choices)
    joined_at = serializers.DateTimeField()


class Accepted(serializers.Serializer[Any]):
    tenant = TenantCard()
    membership = OwnMembership()
    token_refresh_required = serializers.BooleanField()
