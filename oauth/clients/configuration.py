"""A client that registered itself, in its own hands (RFC 7592): what it may change, and how it ends."""

from collections.abc import Iterable
from datetime import datetime
from hmac import compare_digest
from typing import Any
from uuid import UUID

from django.utils.crypto import salted_hmac

from authsec.audit.actor import Actor
from authsec.database.context import system_context, tenant_context
from oauth.client_authentication import find_client
from oauth.clients.approvals import note
from oauth.clients.registration import Refused, Registration
from oauth.models import Client, ClientApproval

PURPOSE = "oauth.registration-access-token"
Status = ClientApproval.Status
JUDGED_BY = {"name", "redirect_uris"}  # what people let it in by
FIXED = "token_endpoint_auth_method stays what it was registered as."


def access_token(client: Client) -> str:
    """The registration access token (§3): a keyed digest of the client's id, so that it is kept nowhere."""
    return "as_rt_" + salted_hmac(PURPOSE, client.client_id, algorithm="sha256").hexdigest()


def find(client_id: str, token: str) -> Client | None:
    """The client that registered itself and holds this token; None for anybody else's, and for one that is over."""
    client = find_client(client_id)
    if client is None or client.tenant_id or client.registration_source != Client.RegistrationSource.DCR:
        return None
    return client if compare_digest(access_token(client).encode(), token.encode()) else None


def change(*, client_id: UUID, registration: Registration, actor: Actor, now: datetime) -> Client:
    """Put ``registration`` in place of what was registered (§2.2): what it leaves out is gone. Returns the client.

    Returns early when it says what is known. Raises Refused for another way to authenticate: the secret, or that
    there is none, is part of what people and tenants judged.
    """
    with system_context():
        client: Client = Client.objects.select_for_update(no_key=True).get(pk=client_id)
        if registration.auth_method != client.token_endpoint_auth_method:
            raise Refused("invalid_client_metadata", FIXED)
        wanted: dict[str, Any] = {
            "name": registration.name,
            "redirect_uris": " ".join(registration.redirect_uris),
            "post_logout_redirect_uris": " ".join(registration.post_logout_redirect_uris),
            "grant_types": registration.grant_types,
            "client_uri": registration.client_uri,
            "metadata": registration.kept,
            "jwks_uri": registration.keys.uri,
        }
        if not registration.keys.uri:
            wanted["jwks"] = registration.keys.jwks
        before = {name: getattr(client, name) for name in wanted}
        changed = [name for name, value in wanted.items() if before[name] != value]
        if not changed:
            return client
        if "jwks_uri" in changed:
            client.jwks, client.jwks_expires_at = registration.keys.jwks, None
        for name in changed:
            setattr(client, name, wanted[name])
        client.save(update_fields=[*changed, "jwks", "jwks_expires_at", "updated"])
        tenants = _tenants_of(client)
        asked_anew = _ask_anew(client) if JUDGED_BY & set(changed) else []
    said = {name: before[name] for name in changed}
    _tell(set(tenants) - set(asked_anew), "client.edited", client, actor, now, said, wanted)
    word = {"status": Status.APPROVED.value}, {"status": Status.PENDING.value}
    _tell(asked_anew, "client.edited", client, actor, now, said | word[0], wanted | word[1])
    return client


def _ask_anew(client: Client) -> list[UUID]:
    """A tenant's yes was to another name or another place to answer to: its policy decides until somebody says it
    again. Connections that people have go on. Returns the tenants.
    """
    words = ClientApproval.objects.filter(client=client)
    # Waits for whoever is about to approve it.
    list(words.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    approved = words.filter(status=Status.APPROVED)
    tenants = list(approved.values_list("tenant_id", flat=True))
    approved.update(status=Status.PENDING, decided_at=None, decided_by=None)
    return tenants


def end(*, client_id: UUID, actor: Actor, now: datetime) -> None:
    """End the registration (§2.3): no token is given any more, and those that are out answer inactive at the next call.

    Returns early when it is over. Nothing is revoked row by row, and a client that was never used is cleaned up.
    """
    with system_context():
        client: Client = Client.objects.select_for_update(no_key=True).get(pk=client_id)
        if client.disabled_at:
            return
        client.disabled_at = now
        client.save(update_fields=["disabled_at", "updated"])
        tenants = _tenants_of(client)
    _tell(tenants, "client.closed", client, actor, now, {"closed": False}, {"closed": True})


def _tenants_of(client: Client) -> list[UUID]:
    """The tenants that have met this client."""
    return list(ClientApproval.objects.filter(client=client).values_list("tenant_id", flat=True))


def _tell(
    tenants: Iterable[UUID],
    action: str,
    client: Client,
    actor: Actor,
    now: datetime,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    after = {name: after[name] for name in before}
    for tenant_id in tenants:
        with tenant_context(tenant_id):
            note(action, client, tenant_id, actor, now, before=before, after=after)
