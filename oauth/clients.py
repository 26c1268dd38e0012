"""OAuth clients: those that register themselves, those that a tenant makes, and the tenant's word on each."""

from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from authsec.database.context import system_context
from authsec.secrets import new_secret
from authz.bindings import console_permissions_of
from authz.console import forbid_escalation
from oauth.models import Client, ClientApplication, ClientApproval, ClientPolicy
from oauth.registration import (
    CODE_GRANTS,
    Refused,
    Registration,
    checked_auth_method,
    checked_keys,
    checked_redirect_uris,
    read_registration,
    readable_name,
)

__all__ = [
    "NoSuchClient",
    "Refused",
    "Registration",
    "approve",
    "create_for_service_account",
    "create_for_tenant",
    "deny",
    "forbid_taking_over",
    "read_registration",
    "register_public",
    "rotate_secret",
    "set_policy",
]


class NoSuchClient(Exception):
    """The tenant has no such client to decide on."""


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
    application_ids: list[UUID] | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[Client, str]:
    """Create a tenant's own client, limited to some of its Applications where given. Raises Refused.

    Returns the client and its secret, shown once ('' when public, or when it proves itself by one of the keys in
    ``jwks`` or at ``jwks_uri``).
    """
    registration = Registration(
        name=readable_name(name),
        redirect_uris=checked_redirect_uris(redirect_uris),
        auth_method=checked_auth_method(auth_method),
        grant_types=list(CODE_GRANTS),
        keys=checked_keys(auth_method, jwks, jwks_uri),
    )
    client, secret = _create(registration, tenant_id=tenant_id)
    for application_id in application_ids or []:
        ClientApplication.objects.create(tenant_id=tenant_id, client=client, application_id=application_id)
    ClientApproval.objects.create(
        tenant_id=tenant_id,
        client=client,
        status=ClientApproval.Status.APPROVED,
        first_seen_at=now,
        last_seen_at=now,
        decided_at=now,
        decided_by=actor.id,
    )
    limits = {"application_ids": sorted(map(str, application_ids or []))}
    _record(client, tenant_id, "client.registered", actor, now, after=_facts(registration) | limits)
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
    _record(client, tenant_id, "client.registered", actor, now, after=facts)
    return client, secret


def rotate_secret(*, tenant_id: UUID, client_id: UUID, actor: Actor, now: datetime) -> str:
    """Give a tenant's own confidential client a new secret; the old one stops at once. Returns it, shown once.

    Raises NoSuchClient, ProvesByKey, and Escalation when it is a service account's that holds console permissions
    which the actor does not: who takes its secret can act as the account (Rule 7).
    """
    client = Client.objects.select_for_update().filter(tenant_id=tenant_id, pk=client_id).first()
    if client is None or client.client_type != Client.CLIENT_CONFIDENTIAL:
        raise NoSuchClient
    if client.proves_by_key:
        raise ProvesByKey("This client authenticates by a key and has no secret: remove its keys first.")
    if client.service_account_id:
        forbid_taking_over(tenant_id, client.service_account_id, actor, now)
    secret = new_secret("as_cs_")
    client.client_secret = secret
    client.save(update_fields=["client_secret", "updated"])
    _record(client, tenant_id, "client.secret_rotated", actor, now, after={"client_id": client.client_id})
    return secret


def forbid_taking_over(tenant_id: UUID, service_account_id: UUID, actor: Actor, now: datetime) -> None:
    """Raise Escalation unless the actor holds every console permission that a service account holds (Rule 7)."""
    given = console_permissions_of(tenant_id=tenant_id, service_account_id=service_account_id)
    forbid_escalation(tenant_id=tenant_id, actor=actor, permissions=given, now=now)


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
        name=registration.name,
        client_uri=registration.client_uri,
        metadata=registration.kept,
        jwks=registration.keys.jwks,
        jwks_uri=registration.keys.uri,
        **fields,
    )
    client.save(force_insert=True)
    return client, secret


# --- the tenant's word ----------------------------------------------------------------------------


def approve(
    *, tenant_id: UUID, client_id: UUID, reason: str = "", actor: Actor, now: datetime
) -> ClientApproval:
    """Let a client in: whoever waits at its consent page goes on. Raises NoSuchClient.

    Letting a service account's client in again gives its power back to whoever has the secret: raises Escalation as
    :func:`rotate_secret` does.
    """
    client = Client.objects.filter(pk=client_id, tenant_id=tenant_id).first()
    if client and client.service_account_id:
        forbid_taking_over(tenant_id, client.service_account_id, actor, now)
    return _decide(tenant_id, client_id, ClientApproval.Status.APPROVED, reason, actor, now)


def deny(
    *, tenant_id: UUID, client_id: UUID, reason: str = "", actor: Actor, now: datetime
) -> ClientApproval:
    """Shut a client out: its tokens for this tenant's Applications answer inactive from the next call on.

    Raises NoSuchClient.
    """
    return _decide(tenant_id, client_id, ClientApproval.Status.DENIED, reason, actor, now)


def _decide(
    tenant_id: UUID, client_id: UUID, status: str, reason: str, actor: Actor, now: datetime
) -> ClientApproval:
    client = Client.objects.filter(pk=client_id).first()
    if client is None or client.tenant_id not in (None, tenant_id):
        raise NoSuchClient
    approval, _ = ClientApproval.objects.select_for_update().get_or_create(
        tenant_id=tenant_id, client=client, defaults={"first_seen_at": now, "last_seen_at": now}
    )
    if approval.status == status and approval.decided_at:
        return approval
    before = approval.status
    approval.status, approval.reason = status, reason
    approval.decided_at, approval.decided_by = now, actor.id
    approval.save()
    _record(client, tenant_id, f"client.{status}", actor, now, reason, {"status": before}, {"status": status})
    return approval


def _facts(registration: Registration) -> dict[str, Any]:
    return {
        "name": registration.name,
        "redirect_uris": registration.redirect_uris,
        "auth_method": registration.auth_method,
    }


def _record(
    client: Client,
    tenant_id: UUID,
    action: str,
    actor: Actor,
    now: datetime,
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    record(
        tenant_id=tenant_id,
        actor=actor,
        action=action,
        target_kind="client",
        target_id=client.pk,
        target_name=client.name or client.client_id,
        now=now,
        reason=reason,
        before=before,
        after=after,
    )


def set_policy(
    *,
    tenant_id: UUID,
    metadata_policy: str,
    registration_policy: str,
    allowed_hosts: list[str],
    actor: Actor,
    now: datetime,
) -> ClientPolicy:
    """Say which clients the tenant lets in without a word of its own, by how they came."""
    policy, _ = ClientPolicy.objects.select_for_update().get_or_create(tenant_id=tenant_id)
    wanted = {
        "metadata_policy": metadata_policy,
        "registration_policy": registration_policy,
        "allowed_hosts": allowed_hosts,
    }
    before = {name: getattr(policy, name) for name in wanted}
    if before == wanted:
        return policy
    for name, value in wanted.items():
        setattr(policy, name, value)
    policy.save()
    record(
        tenant_id=tenant_id,
        actor=actor,
        action="client_policy.changed",
        target_kind="tenant",
        target_id=tenant_id,
        target_name="",
        now=now,
        before=before,
        after=wanted,
    )
    return policy
