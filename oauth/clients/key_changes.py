"""The verbs about the keys by which a tenant's own clients, and those of its service accounts, prove themselves."""

from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from oauth.clients.creation import NoSuchClient, forbid_taking_over
from oauth.clients.keys import Keys
from oauth.models import Client


class HasNoProof(Exception):
    """A public client proves nothing, so there are no keys to set."""


def set_keys(*, tenant_id: UUID, client_id: UUID, keys: Keys, actor: Actor, now: datetime) -> Client:
    """Let a confidential client authenticate by these keys (private_key_jwt) and by nothing else.

    A secret that it had stops at once; tokens that it got live on. To rotate, set both keys, then the new one alone.
    Returns early when they are set. Raises NoSuchClient, HasNoProof, and Escalation as
    :func:`oauth.clients.creation.rotate_secret` does: whoever holds the key can act as the account.
    """
    client = _locked(tenant_id, client_id, actor, now)
    if client.client_type != Client.CLIENT_CONFIDENTIAL:
        raise HasNoProof("This client is public: it proves nothing. Make a confidential one instead.")
    same = client.jwks_uri == keys.uri and (bool(keys.uri) or client.jwks == keys.jwks)
    if client.proves_by_key and same:
        return client
    before = facts(client)
    client.token_endpoint_auth_method = Client.AuthMethod.PRIVATE_KEY_JWT
    client.client_secret, client.jwks, client.jwks_uri = "", keys.jwks, keys.uri
    return _saved(client, "client.keys_set", before, actor, now)


def remove_keys(*, tenant_id: UUID, client_id: UUID, actor: Actor, now: datetime) -> Client:
    """Take a client's keys away: it can't authenticate until it is given a secret or other keys.

    Returns early when it has none. Raises NoSuchClient, and Escalation as :func:`set_keys` does.
    """
    client = _locked(tenant_id, client_id, actor, now)
    if not client.proves_by_key:
        return client
    before = facts(client)
    client.token_endpoint_auth_method = Client.AuthMethod.BASIC
    client.client_secret, client.jwks, client.jwks_uri = "", None, ""
    return _saved(client, "client.keys_removed", before, actor, now)


def facts(client: Client) -> dict[str, Any]:
    """How a client authenticates, for events and for the API: the method and which keys."""
    return {
        "auth_method": client.token_endpoint_auth_method,
        "jwks_uri": client.jwks_uri,
        "keys": [] if client.jwks_uri else [named(key) for key in (client.jwks or {}).get("keys", [])],
    }


def named(key: dict[str, Any]) -> str:
    """What a key is called: its kid, or else the beginning of its public part."""
    return str(key.get("kid") or f"{key['kty']} {(key.get('x') or key.get('n', ''))[:12]}…")


def _locked(tenant_id: UUID, client_id: UUID, actor: Actor, now: datetime) -> Client:
    found = Client.objects.select_for_update(no_key=True).filter(tenant_id=tenant_id, pk=client_id)
    client: Client | None = found.filter(disabled_at__isnull=True).first()
    if client is None:
        raise NoSuchClient
    if client.service_account_id:
        forbid_taking_over(tenant_id, client.service_account_id, actor, now)
    return client


def _saved(client: Client, action: str, before: dict[str, Any], actor: Actor, now: datetime) -> Client:
    client.jwks_expires_at = client.old_secret_until = None
    client.old_secret = ""
    client.save(
        update_fields=[
            "old_secret",
            "old_secret_until",
            "token_endpoint_auth_method",
            "client_secret",
            "jwks",
            "jwks_uri",
            "jwks_expires_at",
            "updated",
        ]
    )
    record(
        tenant_id=client.tenant_id,
        actor=actor,
        action=action,
        target_kind="client",
        target_id=client.pk,
        target_name=client.name or client.client_id,
        about_id=client.service_account_id,
        now=now,
        before=before,
        after=facts(client),
    )
    return client
