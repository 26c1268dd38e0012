"""Clients as the API shows them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings

from oauth.clients import known as known_clients
from oauth.clients import policy as client_policy
from oauth.clients.approvals import Reach, reach_of
from oauth.clients.registration import LOGOUT_URI
from oauth.documents.logos import logo_url
from oauth.models import Client, ClientApproval

Item = dict[str, Any]


def client_items(rows: Sequence[Client], tenant_id: UUID) -> list[Item]:
    """Clients with the word of a tenant and its people's use of them. Four statements."""
    keys, policy = [row.pk for row in rows], client_policy.of_tenant(tenant_id)
    word = ClientApproval.objects.filter(tenant_id=tenant_id, client__in=keys).select_related("client")
    said = {row.client_id: row for row in word}
    reach, usage = reach_of(tenant_id, keys), known_clients.usage_of(tenant_id, keys)
    return [
        _facts(row)
        | _word(said.get(row.pk), policy)
        | _limits(said.get(row.pk), reach.get(row.pk, []))
        | _use(usage[row.pk])
        | ({"last_used_at": row.last_used_at} if row.tenant_id else {})
        for row in rows
    ]


def _facts(row: Client) -> Item:
    return {
        "id": row.pk,
        "client_id": row.client_id,
        "name": row.name,
        "own": row.tenant_id is not None,
        "origin": known_clients.origin_of(row),
        "document_host": row.document_host or None,
        "redirect_uris": row.redirect_uris.split(),
        "post_logout_redirect_uris": row.post_logout_redirect_uris.split(),
        "backchannel_logout_uri": row.metadata.get(LOGOUT_URI, ""),
        "redirect_hosts": known_clients.redirect_hosts(row),
        "token_endpoint_auth_method": row.token_endpoint_auth_method,
        "grant_types": row.grant_types,
        "service_account_id": row.service_account_id,
        "logo_url": f"{settings.ISSUER}{logo_url(row)}" if row.logo else None,
        "created_at": row.created,
        "ended_at": row.disabled_at,
    }


def _word(said: ClientApproval | None, policy: Any) -> Item:
    return {
        "status": client_policy.let_in(said, policy) if said else None,
        "first_seen_at": said.first_seen_at if said else None,
        "last_used_at": said.last_used_at if said else None,
    }


def _limits(said: ClientApproval | None, reach: list[Reach]) -> Item:
    if said is None or said.limited_at is None:
        return {"limits": None, "application_ids": []}
    limits: dict[UUID, list[str]] = {}
    for one in reach:
        limits.setdefault(one.application_id, []).append(one.scope)
    return {
        "limits": [
            {"application_id": key, "scopes": None if "" in scopes else scopes}
            for key, scopes in limits.items()
        ],
        "application_ids": list(limits),
    }


def _use(usage: known_clients.Usage) -> Item:
    return {
        "people": usage.people,
        "people_is_estimate": usage.more,
        "applications": [
            {
                "id": one.application_id,
                "name": one.name,
                "connections": one.connections,
                "scopes": sorted(one.scopes),
            }
            for one in usage.applications
        ],
        "scopes": usage.scopes,
    }
