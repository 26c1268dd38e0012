"""Bodies that the API of OAuth clients takes and gives."""

from typing import Any

from rest_framework import serializers

from authsec.web.api import Input, Listed
from oauth.clients.approvals import MOST_REACHED
from oauth.clients.known import Origin
from oauth.clients.policy import MOST_HOSTS, ClientStatus
from oauth.clients.registration import CODE_GRANTS, GRANTS
from oauth.models import Client as ClientRow
from oauth.models import ClientPolicy as PolicyRow

POST_LOGOUT = "Where people may go after signing out (OpenID Connect RP-Initiated Logout §3.1)."
BACKCHANNEL = "Where the client is told that a session is over (Back-Channel Logout §2.2); empty: nowhere."


class ClientInput(Input):
    name = serializers.CharField(max_length=100)
    redirect_uris = serializers.ListField(
        child=serializers.CharField(max_length=2000),
        max_length=20,
        help_text="Empty for a client that only devices use.",
    )
    grant_types = serializers.ListField(
        child=serializers.ChoiceField(GRANTS), required=False, max_length=5, default=list(CODE_GRANTS)
    )
    token_endpoint_auth_method = serializers.ChoiceField(
        ClientRow.AuthMethod.choices, required=False, default="none"
    )
    jwks = serializers.JSONField(
        required=False, help_text="With private_key_jwt: its public keys (RFC 7517 §5)."
    )
    jwks_uri = serializers.CharField(
        max_length=500, required=False, help_text="With private_key_jwt, instead of `jwks`: where they are."
    )
    application_ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=50, default=list
    )
    post_logout_redirect_uris = serializers.ListField(
        child=serializers.CharField(max_length=2000), required=False, max_length=20, help_text=POST_LOGOUT
    )
    backchannel_logout_uri = serializers.CharField(
        max_length=500, required=False, allow_blank=True, help_text=BACKCHANNEL
    )


class ClientChange(Input):
    """What is left out stays as it is. `application_ids`: empty for any Application."""

    name = serializers.CharField(max_length=100, required=False)
    redirect_uris = serializers.ListField(
        child=serializers.CharField(max_length=2000), required=False, max_length=20
    )
    grant_types = serializers.ListField(child=serializers.ChoiceField(GRANTS), required=False, max_length=5)
    application_ids = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=50)
    post_logout_redirect_uris = serializers.ListField(
        child=serializers.CharField(max_length=2000), required=False, max_length=20, help_text=POST_LOGOUT
    )
    backchannel_logout_uri = serializers.CharField(
        max_length=500, required=False, allow_blank=True, help_text=BACKCHANNEL
    )


class ClientLimitInput(Input):
    nested = True

    application_id = serializers.UUIDField()
    scopes = serializers.ListField(
        child=serializers.CharField(max_length=128, trim_whitespace=False),
        required=False,
        allow_null=True,
        default=None,
        min_length=1,
        max_length=MOST_REACHED,
        help_text="Only these; null for all of the Application's, now and later.",
    )


class ClientLimitsInput(Input):
    limits = serializers.ListField(child=ClientLimitInput(), min_length=1, max_length=MOST_REACHED)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ClientLimit(serializers.Serializer[Any]):
    application_id = serializers.UUIDField()
    scopes = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="Null: all of them."
    )


class ClientApplication(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    connections = serializers.IntegerField()
    scopes = serializers.ListField(child=serializers.CharField())


class Client(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    client_id = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    own = serializers.BooleanField(help_text="Made by this tenant; else it came by itself.")
    origin = serializers.ChoiceField(Origin.choices)
    document_host = serializers.CharField(
        allow_null=True,
        help_text="The host that its metadata document was fetched from, which proves that much.",
    )
    redirect_uris = serializers.ListField(child=serializers.CharField())
    redirect_hosts = serializers.ListField(
        child=serializers.CharField(), help_text="Where its answers may go; a scheme has its colon."
    )
    post_logout_redirect_uris = serializers.ListField(child=serializers.CharField(), help_text=POST_LOGOUT)
    backchannel_logout_uri = serializers.CharField(allow_blank=True, help_text=BACKCHANNEL)
    token_endpoint_auth_method = serializers.ChoiceField(ClientRow.AuthMethod.choices)
    grant_types = serializers.ListField(child=serializers.CharField())
    status = serializers.ChoiceField(
        ClientStatus.choices,
        allow_null=True,
        help_text="The tenant's word or, without one, what its policy says. Null: nothing was said or asked.",
    )
    service_account_id = serializers.UUIDField(allow_null=True, help_text="Whose client this is, if any's.")
    limits = serializers.ListField(
        child=ClientLimit(),
        allow_null=True,
        help_text="The only things that it reaches here; null: no limits.",
    )
    application_ids = serializers.ListField(
        child=serializers.UUIDField(), help_text="The Applications that its limits name; empty: any."
    )
    people = serializers.IntegerField(help_text="Who has a live connection with it.")
    people_is_estimate = serializers.BooleanField(
        help_text="There are more: only its latest 200 connections are counted, here and below."
    )
    applications = serializers.ListField(child=ClientApplication(), help_text="What people use it for.")
    scopes = serializers.ListField(child=serializers.CharField(), help_text="All that somebody allowed it.")
    logo_url = serializers.CharField(
        allow_null=True, help_text="Its picture, made anew and served by this server."
    )
    created_at = serializers.DateTimeField()
    first_seen_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(
        allow_null=True, help_text="When it last got a token for this tenant, to within a few minutes."
    )
    ended_at = serializers.DateTimeField(allow_null=True, help_text="When it was closed.")


class NewClient(Client):
    client_secret = serializers.CharField(required=False, help_text="Of a confidential one; shown this once.")


class Clients(Listed):
    items = Client(many=True)


class Word(Input):
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


HOSTS = (
    "One each: `claude.ai`, `*.example.com` for all hosts below it, `localhost` for programs on a person's computer, "
    "`cursor:` for a program's own scheme. Of a metadata document it is the host that the document is at, of a client "
    "that registered itself where its answers go."
)


class ClientPolicyInput(Input):
    metadata_policy = serializers.ChoiceField(PolicyRow.Policy.choices)
    registration_policy = serializers.ChoiceField(PolicyRow.Policy.choices)
    allowed_hosts = serializers.ListField(
        child=serializers.CharField(max_length=255),
        required=False,
        default=list,
        max_length=MOST_HOSTS,
        help_text=HOSTS,
    )


class ClientPolicy(serializers.Serializer[Any]):
    metadata_policy = serializers.ChoiceField(PolicyRow.Policy.choices)
    registration_policy = serializers.ChoiceField(PolicyRow.Policy.choices)
    allowed_hosts = serializers.ListField(child=serializers.CharField(), help_text=HOSTS)
