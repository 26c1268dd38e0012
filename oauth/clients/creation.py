"""OAuth clients: those that register themselves, and those that a tenant makes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.database.context import system_context
from authsec.secrets import new_secret
from oauth.clients.approvals import (
    NoSuchClient,
    Reach,
    approve,
    deny,
    forbid_taking_over,
    judged,
    limit,
    note,
)
from oauth.clients.registration import (
    CODE_GRANTS,
    LOGOUT_URI,
    Refused,
    Registration,
    checked_auth_method,
    checked_grant_types,
    checked_keys,
    checked_logout_uri,
    checked_post_logout_uris,
    checked_redirect_uris,
    read_registration,
    readable_name,
)
from oauth.models import Client, ClientApproval

__all__ = [
    "NoSuchClient",
    "Refused",
    "Registration",
    "approve",
    "create_for_service_account",
    "create_for_tenant",
    "deny",
    "end_old_secret",
    "forbid_taking_over",
    "read_registration",
    "register_public",
    "rotate_secret",
]


# How long a replaced secret may go on working. What a deployment needs, not what somebody forgets.
LONGEST_OVERLAP = timedelta(days=7)


class ProvesByKey(Exception):
    """The client authenticates by a key, so that it has no secret to rotate."""


def register_public(registration: Registration, *, now: datetime) -> tuple[Client, str]:
    """Create a client of the installation that registered itself. Returns it and its secret ('' when public).

    It belongs to no tenant: each tenant's policy and its people's consents decide what it reaches.
    """
    with system_context():
        return _create(registration, registration_source=Client.RegistrationSource.DCR)


def create_for_tenant(
    *,
    tenant_id: UUID,
    name: str,
    redirect_uris: list[str],
    auth_method: str = "none",
    jwks: dict[str, Any] | None = None,
    jwks_uri: str = "",
    grant_types: Sequence[str] = CODE_GRANTS,
    application_ids: list[UUID] | None = None,
    post_logout_redirect_uris: list[str] | None = None,
    backchannel_logout_uri: str = "",
    actor: Actor,
    now: datetime,
) -> tuple[Client, str]:
    """Create a tenant's own client, limited to some of its Applications where given. Raises Refused, or BadLimit.

    Returns the client and its secret, shown once ('' when public, or when it proves itself by one of the keys in
    ``jwks`` or at ``jwks_uri``).
    """
    registration = Registration(
        name=readable_name(name),
        redirect_uris=checked_redirect_uris(redirect_uris, needed="authorization_code" in grant_types),
        auth_method=checked_auth_method(auth_method),
        grant_types=checked_grant_types(grant_types),
        keys=checked_keys(auth_method, jwks, jwks_uri),
        kept={LOGOUT_URI: checked_logout_uri(backchannel_logout_uri)} if backchannel_logout_uri else {},
        post_logout_redirect_uris=checked_post_logout_uris(post_logout_redirect_uris),
    )
    client, secret = _create(registration, tenant_id=tenant_id)
    ClientApproval.objects.create(
        tenant_id=tenant_id,
        client=client,
        status=ClientApproval.Status.APPROVED,
        first_seen_at=now,
        last_seen_at=now,
        decided_at=now,
        decided_by=actor.id,
        judged=judged(client),
    )
    note("client.registered", client, tenant_id, actor, now, after=_facts(registration))
    if application_ids:
        reach = [Reach(key) for key in application_ids]
        limit(tenant_id=tenant_id, client_id=client.pk, reach=reach, actor=actor, now=now)
    return client, secret


def create_for_service_account(
    *, tenant_id: UUID, service_account_id: UUID, name: str, actor: Actor, now: datetime
) -> tuple[Client, str]:
    """Create the client with which a service account authenticates: client credentials only.

    Returns the client and its secret, shown once. Raises Escalation as :func:`rotate_secret` does.
    """
    forbid_taking_over(tenant_id, service_account_id, actor, now)
    registration = Registration(readable_name(name), [], "client_secret_basic", ["client_credentials"])
    client, secret = _create(registration, tenant_id=tenant_id, service_account_id=service_account_id)
    facts = _facts(registration) | {"service_account_id": str(service_account_id)}
    note("client.registered", client, tenant_id, actor, now, after=facts)
    return client, secret


def rotate_secret(
    *,
    tenant_id: UUID,
    client_id: UUID,
    overlap: timedelta = timedelta(0),
    actor: Actor,
    now: datetime,
) -> str:
    """Give a tenant's own confidential client a new secret, shown once. The old one works on for ``overlap``, at most
    LONGEST_OVERLAP, so that a deployment can follow; without one it stops at once, and so does the one before it.

    Raises NoSuchClient, ProvesByKey, and Escalation when it is a service account's that holds console permissions
    which the actor does not: who takes its secret can act as the account (Rule 7).
    """
    client = Client.objects.select_for_update(no_key=True).filter(tenant_id=tenant_id, pk=client_id).first()
    if client is None or client.client_type != Client.CLIENT_CONFIDENTIAL:
        raise NoSuchClient
    if client.proves_by_key:
        raise ProvesByKey("This client authenticates by a key and has no secret: remove its keys first.")
    if client.service_account_id:
        forbid_taking_over(tenant_id, client.service_account_id, actor, now)
    until = now + min(overlap, LONGEST_OVERLAP) if overlap and client.has_secret else None
    client.old_secret = client.client_secret.rpartition("$")[2] if until else ""
    client.old_secret_until = until
    secret = new_secret("as_cs_")
    client.client_secret = secret
    client.save(update_fields=["client_secret", "old_secret", "old_secret_until", "updated"])
    after = {"client_id": client.client_id, "old_secret_until": until.isoformat() if until else None}
    note("client.secret_rotated", client, tenant_id, actor, now, after=after)
    return secret


def end_old_secret(*, tenant_id: UUID, client_id: UUID, actor: Actor, now: datetime) -> Client:
    """Stop the secret before the last rotation at once. Returns early when none works. Raises NoSuchClient."""
    client: Client | None = (
        Client.objects.select_for_update(no_key=True).filter(tenant_id=tenant_id, pk=client_id).first()
    )
    if client is None:
        raise NoSuchClient
    if client.old_secret_until and client.has_old_secret(now):
        before = {"old_secret_until": client.old_secret_until.isoformat()}
        client.old_secret, client.old_secret_until = "", None
        client.save(update_fields=["old_secret", "old_secret_until", "updated"])
        note("client.old_secret_ended", client, tenant_id, actor, now, before=before)
    return client


def _create(registration: Registration, **fields: Any) -> tuple[Client, str]:
    public = registration.auth_method == "none"
    secret = new_secret("as_cs_") if registration.auth_method.startswith("client_secret") else ""
    client = Client(
        client_id=new_secret("as_cl_")[:38],
        client_secret=secret,
        client_type=Client.CLIENT_PUBLIC if public else Client.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Client.GRANT_CLIENT_CREDENTIALS
        if fields.get("service_account_id")
        else Client.GRANT_AUTHORIZATION_CODE,
        token_endpoint_auth_method=registration.auth_method,
        grant_types=registration.grant_types,
        redirect_uris=" ".join(registration.redirect_uris),
        post_logout_redirect_uris=" ".join(registration.post_logout_redirect_uris),
        name=registration.name,
        client_uri=registration.client_uri,
        metadata=registration.kept,
        jwks=registration.keys.jwks,
        jwks_uri=registration.keys.uri,
        **fields,
    )
    client.save(force_insert=True)
    return client, secret


def _facts(registration: Registration) -> dict[str, Any]:
    return {
        "name": registration.name,
        "redirect_uris": registration.redirect_uris,
        "auth_method": registration.auth_method,
    }
