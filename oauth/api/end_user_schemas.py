"""Answers of the API about an end user's connections and tokens."""

from typing import Any

from rest_framework import serializers

from authsec.web.api import Listed

STATES = (
    "active",
    "pending_step_up",
    "missing_context",
    "outside_ip",
    "not_yet",
    "not_entitled",
    "client_limited",
    "gone",
    "no_standing",
    "ended",
)


class ConnectedClient(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(allow_blank=True)
    host = serializers.CharField(allow_null=True, help_text="Proved by the client's own document, else null.")


class ConnectedScope(serializers.Serializer[Any]):
    name = serializers.CharField()
    state = serializers.ChoiceField(
        STATES,
        help_text="`active`, or why it gives nothing now; `gone`: the Application knows it no longer.",
    )


class ForApplication(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class Connection(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    client = ConnectedClient()
    application = ForApplication()
    scopes = ConnectedScope(many=True)
    standing = serializers.CharField(
        allow_null=True, help_text="Why it gives nothing at all now, such as `suspended`; null: it does."
    )
    tokens = serializers.IntegerField(help_text="How many work now.")
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(
        allow_null=True, help_text="When a token was given on it last; it may be used for ten minutes more."
    )
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_by = serializers.CharField(allow_null=True, help_text="The name of who ended it, if known here.")


class Connections(Listed):
    items = Connection(many=True)


class TokenClient(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(allow_blank=True)


class HeldToken(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="Of an access token its `jti`.")
    kind = serializers.ChoiceField(
        ("access", "refresh", "device"), help_text="`device`: allowed, and not fetched yet."
    )
    session_id = serializers.UUIDField(help_text="Tokens with the same one descend from one sign-in.")
    client = TokenClient()
    application = ForApplication()
    scopes = serializers.ListField(child=serializers.CharField())
    issued_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    auth_time = serializers.DateTimeField(allow_null=True, help_text="When the person signed in.")
    amr = serializers.ListField(child=serializers.CharField(), help_text="With what (RFC 8176).")
    acting = serializers.BooleanField(help_text="In the hands of somebody who acts for them (RFC 8693).")


class Tokens(Listed):
    items = HeldToken(many=True)
