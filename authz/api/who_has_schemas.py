"""What the API tells of who has something."""

from typing import Any

from rest_framework import serializers

from authsec.web.api import Listed
from authz.api.schemas import Conditions
from authz.effective import who_has


class HolderPath(serializers.Serializer[Any]):
    binding_id = serializers.UUIDField()
    role_id = serializers.UUIDField()
    role_name = serializers.CharField()
    application_id = serializers.UUIDField(allow_null=True, help_text="null: tenant-wide.")
    source = serializers.ChoiceField(["direct", "group", "service-account", "plan"])  # type: ignore[assignment]
    source_id = serializers.UUIDField()
    source_name = serializers.CharField(allow_blank=True)
    conditions = Conditions()
    expires_at = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(list(who_has.MET))


class Holder(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["user", "service_account"])
    id = serializers.UUIDField(help_text="A user id or a service account's.")
    name = serializers.CharField()
    email = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(
        list(who_has.STATES), help_text="The best that a path gives, under standing and the Application."
    )
    reason = serializers.CharField(allow_null=True, help_text="Why they do not stand, if they don't.")
    paths = HolderPath(many=True)


class Holders(Listed):
    items = Holder(many=True)
