"""The verbs that change and close a tenant's own client. Those that came by themselves are not the tenant's to change:
it denies them; a service account's client lives and ends with its account.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from oauth.models import Client, ClientApplication
from oauth.registration import checked_redirect_uris, readable_name

FACTS = ("name", "redirect_uris", "application_ids")


class NotOwn(Exception):
    """The client is not this tenant's to change: the installation's, or a service account's."""


class Closed(Exception):
    """The client is closed, and stays so."""


def edit(*, tenant_id: UUID, client_id: UUID, actor: Actor, now: datetime, **given: Any) -> Client:
    """Change what is given of ``name``, ``redirect_uris`` and ``application_ids`` (empty: any Application).

    Redirect URIs count at the next authorization, as does a narrower list of Applications: connections that stand go
    on. Raises NotOwn, Closed, or Refused.
    """
    client = own(tenant_id, client_id)
    if client.disabled_at:
        raise Closed("This client is closed.")
    before = _facts(client)
    after = before | {name: given[name] for name in FACTS if name in given}
    if "name" in given:
        after["name"] = readable_name(given["name"])
    if "redirect_uris" in given:
        after["redirect_uris"] = checked_redirect_uris(given["redirect_uris"])
    after["application_ids"] = sorted(set(map(str, after["application_ids"])))
    changed = [name for name in FACTS if before[name] != after[name]]
    if not changed:
        return client
    client.name, client.redirect_uris = after["name"], " ".join(after["redirect_uris"])
    client.save(update_fields=["name", "redirect_uris", "updated"])
    if "application_ids" in changed:
        limits = ClientApplication.objects.filter(tenant_id=tenant_id, client=client)
        limits.exclude(application_id__in=after["application_ids"]).delete()
        new = set(after["application_ids"]) - set(before["application_ids"])
        ClientApplication.objects.bulk_create(
            ClientApplication(tenant_id=tenant_id, client=client, application_id=key) for key in sorted(new)
        )
    _record(
        "client.edited",
        client,
        actor,
        now,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    return client


def close(*, tenant_id: UUID, client_id: UUID, actor: Actor, now: datetime, reason: str = "") -> Client:
    """Close a client for good: it gets no token any more, and those that it has answer inactive at the next call.

    Returns early when it is closed. Raises NotOwn.
    """
    client = own(tenant_id, client_id)
    if client.disabled_at:
        return client
    client.disabled_at = now
    client.save(update_fields=["disabled_at", "updated"])
    _record(
        "client.closed", client, actor, now, reason=reason, before={"closed": False}, after={"closed": True}
    )
    return client


def own(tenant_id: UUID, client_id: UUID) -> Client:
    """The tenant's own client, locked. Raises NotOwn for one of the installation's, or of a service account."""
    found = Client.objects.select_for_update().filter(tenant_id=tenant_id, pk=client_id)
    client: Client | None = found.first()
    if client is None:
        raise NotOwn("This client belongs to the installation: deny it to shut it out.")
    if client.service_account_id:
        raise NotOwn("This is a service account's client: change or end the account.")
    return client


def _facts(client: Client) -> dict[str, Any]:
    limits = ClientApplication.objects.filter(tenant_id=client.tenant_id, client=client)
    return {
        "name": client.name,
        "redirect_uris": client.redirect_uris.split(),
        "application_ids": sorted(map(str, limits.values_list("application_id", flat=True))),
    }


def _record(action: str, client: Client, actor: Actor, now: datetime, **more: Any) -> None:
    record(
        tenant_id=client.tenant_id,
        actor=actor,
        action=action,
        target_kind="client",
        target_id=client.pk,
        target_name=client.name or client.client_id,
        now=now,
        **more,
    )
