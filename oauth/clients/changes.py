"""The verbs that change and close a tenant's own client. Those that came by themselves are not the tenant's to change:
it denies them; a service account's client lives and ends with its account.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from oauth.clients.approvals import Reach, lift, limit, note, reach_of
from oauth.clients.registration import (
    LOGOUT_URI,
    POST_LOGOUT,
    checked_grant_types,
    checked_logout_uri,
    checked_post_logout_uris,
    checked_redirect_uris,
    readable_name,
)
from oauth.models import Client


class NotOwn(Exception):
    """The client is not this tenant's to change: the installation's, or a service account's."""


class Closed(Exception):
    """The client is closed, and stays so."""


def edit(*, tenant_id: UUID, client_id: UUID, actor: Actor, now: datetime, **given: Any) -> Client:
    """Change what is given of ``name``, ``redirect_uris``, ``grant_types``, ``application_ids`` (empty: any), and
    of where people go after signing out (``post_logout_redirect_uris``) and it is told of that
    (``backchannel_logout_uri``).

    Redirect URIs and grant types count at the next authorization, the Applications at the next introspection. Raises
    NotOwn, Closed, Refused, or BadLimit.
    """
    client = own(tenant_id, client_id)
    if client.disabled_at:
        raise Closed("This client is closed.")
    before = _facts(client)
    after = _checked(before, given)
    if "application_ids" in given:
        _limit_to(client, given["application_ids"], actor, now)
    changed = [name for name in before if before[name] != after[name]]
    if not changed:
        return client
    client.name, client.redirect_uris = after["name"], " ".join(after["redirect_uris"])
    client.grant_types = after["grant_types"]
    client.post_logout_redirect_uris = " ".join(after[POST_LOGOUT])
    client.metadata = client.metadata | {LOGOUT_URI: after[LOGOUT_URI]}
    client.save(update_fields=["name", "redirect_uris", "grant_types", POST_LOGOUT, "metadata", "updated"])
    note(
        "client.edited",
        client,
        tenant_id,
        actor,
        now,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    return client


def _facts(client: Client) -> dict[str, Any]:
    return {
        "name": client.name,
        "redirect_uris": client.redirect_uris.split(),
        "grant_types": client.grant_types,
        POST_LOGOUT: client.post_logout_redirect_uris.split(),
        LOGOUT_URI: client.metadata.get(LOGOUT_URI, ""),
    }


def _checked(before: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The facts as they will be. Raises Refused; redirect URIs are needed by who gets in by them."""
    after = dict(before)
    if "name" in given:
        after["name"] = readable_name(given["name"])
    if "grant_types" in given:
        after["grant_types"] = checked_grant_types(given["grant_types"])
    if {"redirect_uris", "grant_types"} & set(given):
        uris, needed = after["redirect_uris"], "authorization_code" in after["grant_types"]
        after["redirect_uris"] = checked_redirect_uris(given.get("redirect_uris", uris), needed=needed)
    if POST_LOGOUT in given:
        after[POST_LOGOUT] = checked_post_logout_uris(given[POST_LOGOUT])
    if LOGOUT_URI in given:
        after[LOGOUT_URI] = checked_logout_uri(given[LOGOUT_URI]) if given[LOGOUT_URI] else ""
    return after


def _limit_to(client: Client, application_ids: Iterable[UUID], actor: Actor, now: datetime) -> None:
    """Whole Applications; one whose scopes are limited already stays so."""
    present = reach_of(client.tenant_id, [client.pk]).get(client.pk, [])
    kept = [one for one in present if one.application_id in application_ids]
    held = {one.application_id for one in kept}
    reach = kept + [Reach(key) for key in application_ids if key not in held]
    about = {"tenant_id": client.tenant_id, "client_id": client.pk, "actor": actor, "now": now}
    if reach:
        limit(**about, reach=reach)
    else:
        lift(**about)


def close(*, tenant_id: UUID, client_id: UUID, actor: Actor, now: datetime, reason: str = "") -> Client:
    """Close a client for good: it gets no token any more, and those that it has answer inactive at the next call.

    Returns early when it is closed. Raises NotOwn.
    """
    client = own(tenant_id, client_id)
    if client.disabled_at:
        return client
    client.disabled_at = now
    client.save(update_fields=["disabled_at", "updated"])
    before, after = {"closed": False}, {"closed": True}
    note("client.closed", client, tenant_id, actor, now, reason=reason, before=before, after=after)
    return client


def own(tenant_id: UUID, client_id: UUID) -> Client:
    """The tenant's own client, locked. Raises NotOwn for one of the installation's, or of a service account."""
    found = Client.objects.select_for_update(no_key=True).filter(tenant_id=tenant_id, pk=client_id)
    client: Client | None = found.first()
    if client is None:
        raise NotOwn("This client belongs to the installation: deny it to shut it out.")
    if client.service_account_id:
        raise NotOwn("This is a service account's client: change or end the account.")
    return client
