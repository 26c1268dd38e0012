"""Bodies that the API of Applications and service accounts takes and gives."""

from typing import Any

from rest_framework import serializers

from authsec.web.api import Input, Listed
from authz import models
from endusers.operations import LONGEST_WINDOW_S, MOST_CALLS
from oauth.clients import creation as clients
from oauth.models import Client as ClientRow

CONTACT = "Whom people ask: an e-mail address or an https page. Shown where somebody is not let in."
ENFORCE = "The server counts introspections as calls, and answers 429 beyond whichever limit applies."
LINK = "An https page, shown where people are asked to consent."


class ScopeInput(Input):
    nested = True

    name = serializers.CharField(max_length=128, trim_whitespace=False)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    risk = serializers.ChoiceField(models.Scope.Risk.choices, required=False, default="low")
    is_default = serializers.BooleanField(required=False, default=False)


class OwnLimit(serializers.Serializer[Any]):
    """For everybody whose plan tier and own limit say nothing."""

    limit = serializers.IntegerField()
    window_s = serializers.IntegerField()


class OwnLimitInput(Input):
    """For everybody whose plan tier and own limit say nothing."""

    nested = True

    limit = serializers.IntegerField(min_value=1, max_value=MOST_CALLS, help_text="Calls.")
    window_s = serializers.IntegerField(
        min_value=1, max_value=LONGEST_WINDOW_S, required=False, default=60, help_text="In how many seconds."
    )


class ApplicationInput(Input):
    name = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(models.Application.Kind.choices)
    resource_uri = serializers.CharField(max_length=500)
    admission = serializers.ChoiceField(
        models.Application.Admission.choices, required=False, default="anyone"
    )
    description = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    support_contact = serializers.CharField(required=False, allow_blank=True, default="", help_text=CONTACT)
    privacy_uri = serializers.CharField(required=False, allow_blank=True, default="", help_text=LINK)
    terms_uri = serializers.CharField(required=False, allow_blank=True, default="", help_text=LINK)
    rate_limit = OwnLimitInput(required=False, allow_null=True)
    enforce_rate_limit = serializers.BooleanField(required=False, default=False, help_text=ENFORCE)
    scopes = ScopeInput(many=True, required=False, default=list)


class ApplicationChange(Input):
    """What is left out stays as it is. `scopes` replaces the whole list; a null limit takes it away."""

    name = serializers.CharField(max_length=100, required=False)
    kind = serializers.ChoiceField(models.Application.Kind.choices, required=False)
    resource_uri = serializers.CharField(max_length=500, required=False)
    admission = serializers.ChoiceField(models.Application.Admission.choices, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    support_contact = serializers.CharField(required=False, allow_blank=True, help_text=CONTACT)
    privacy_uri = serializers.CharField(required=False, allow_blank=True, help_text=LINK)
    terms_uri = serializers.CharField(required=False, allow_blank=True, help_text=LINK)
    status = serializers.ChoiceField(models.Application.Status.choices, required=False)
    rate_limit = OwnLimitInput(required=False, allow_null=True)
    enforce_rate_limit = serializers.BooleanField(required=False, help_text=ENFORCE)
    scopes = ScopeInput(many=True, required=False)


class ScopesInput(Input):
    scopes = ScopeInput(many=True)


class ScopeChange(Input):
    """What is left out stays as it is."""

    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    risk = serializers.ChoiceField(models.Scope.Risk.choices, required=False)
    is_default = serializers.BooleanField(required=False)


class Scope(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    risk = serializers.ChoiceField(models.Scope.Risk.choices)
    is_default = serializers.BooleanField()


class ScopeList(Listed):
    paged = False
    items = Scope(many=True)


class Application(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(models.Application.Kind.choices)
    description = serializers.CharField(allow_blank=True)
    resource_uri = serializers.CharField()
    verified_at = serializers.DateTimeField(allow_null=True)
    verified_by = serializers.ChoiceField(models.Application.Proof.choices, allow_null=True)
    checked_at = serializers.DateTimeField(allow_null=True, help_text="When a proof was looked for last.")
    check_problem = serializers.CharField(allow_null=True, help_text="What the last check missed.")
    failing_since = serializers.DateTimeField(
        allow_null=True, help_text="When the proof of a verified address was missed first; null: it is there."
    )
    support_contact = serializers.CharField(allow_blank=True)
    privacy_uri = serializers.CharField(allow_blank=True)
    terms_uri = serializers.CharField(allow_blank=True)
    logo_url = serializers.CharField(
        allow_null=True, help_text="Public; another picture has another address."
    )
    admission = serializers.ChoiceField(models.Application.Admission.choices)
    status = serializers.ChoiceField(models.Application.Status.choices)
    rate_limit = OwnLimit(allow_null=True)
    enforce_rate_limit = serializers.BooleanField(help_text=ENFORCE)
    scopes = Scope(many=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class Applications(Listed):
    items = Application(many=True)


class Credential(serializers.Serializer[Any]):
    id = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Set when another took its place.")
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To within a few minutes.")
    ended_at = serializers.DateTimeField(allow_null=True)


class Credentials(Listed):
    items = Credential(many=True)


class NewCredential(serializers.Serializer[Any]):
    id = serializers.CharField()
    secret = serializers.CharField(help_text="Shown this once.")


class NewApplication(Application):
    credential = NewCredential()


class ServiceAccountInput(Input):
    name = serializers.CharField(max_length=100)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class ServiceAccountChange(Input):
    """What is left out stays as it is."""

    name = serializers.CharField(max_length=100, required=False)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)


class ServiceAccount(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    client_id = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class NewServiceAccount(ServiceAccount):
    client_secret = serializers.CharField(help_text="Shown this once.")


class ServiceAccounts(Listed):
    items = ServiceAccount(many=True)


class OperatorsInput(Input):
    user_ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=100)


class Operator(serializers.Serializer[Any]):
    user_id = serializers.UUIDField()
    name = serializers.CharField(allow_blank=True)
    added_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class Operators(Listed):
    items = Operator(many=True)


class Rotation(Input):
    overlap_s = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=int(clients.LONGEST_OVERLAP.total_seconds()),
        default=86_400,
        help_text="How long the old secret works on, in seconds: a day unless you say otherwise. 0 after a leak.",
    )


class Secret(serializers.Serializer[Any]):
    client_id = serializers.CharField()
    client_secret = serializers.CharField(help_text="Shown this once.")


class RotatedSecret(Secret):
    old_secret_until = serializers.DateTimeField(allow_null=True, help_text="Null: it stopped at once.")


class ClientKeysInput(Input):
    """One of the two."""

    jwks = serializers.JSONField(
        required=False, help_text="A key set (RFC 7517 §5): P-256, RSA of 2048 bits or more, or Ed25519."
    )
    jwks_uri = serializers.CharField(
        max_length=500, required=False, help_text="Where the key set is, by https."
    )


class ClientKeys(serializers.Serializer[Any]):
    client_id = serializers.CharField()
    token_endpoint_auth_method = serializers.ChoiceField(ClientRow.AuthMethod.choices)
    jwks = serializers.JSONField(
        allow_null=True, help_text="The public keys; null where they are at jwks_uri."
    )
    jwks_uri = serializers.CharField(allow_null=True)
