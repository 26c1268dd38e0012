"""The public keys by which a service account or a client of the tenant's own proves itself (private_key_jwt)."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, read_input
from authsec.web.problems import not_found
from authz.api.rows import found
from authz.models import ServiceAccount
from oauth.api import schemas
from oauth.clients import changes as client_changes
from oauth.clients import key_changes as client_key_changes
from oauth.clients.keys import read_keys
from oauth.models import Client


class ServiceAccountKeys(ApiView):
    """The keys of an account's client."""

    @requires("service_accounts:read")
    @extend_schema(
        operation_id="get_service_account_keys", responses=schemas.ClientKeys, tags=["service accounts"]
    )
    def get(self, request: Request, account_id: UUID) -> Response:
        """How the account authenticates; with private_key_jwt, by which public keys."""
        return Response(key_item(self._client(account_id)))

    @requires("service_accounts:manage")
    @extend_schema(
        operation_id="set_service_account_keys",
        request=schemas.ClientKeysInput,
        responses=schemas.ClientKeys,
        tags=["service accounts"],
    )
    def put(self, request: Request, account_id: UUID) -> Response:
        """From now on it proves itself by one of these keys (private_key_jwt); a secret that it had stops at once.

        To rotate: put the old and the new key, sign with the new one, then put the new one alone.
        """
        return set_keys(self, request, self._client(account_id))

    @requires("service_accounts:manage")
    @extend_schema(
        operation_id="remove_service_account_keys", responses={204: None}, tags=["service accounts"]
    )
    def delete(self, request: Request, account_id: UUID) -> Response:
        """It can't authenticate any more until it gets a secret (rotate-secret) or other keys."""
        return remove_keys(self, self._client(account_id))

    def _client(self, account_id: UUID) -> Client:
        found(ServiceAccount, self.tenant_id, account_id, standing=self.request.method != "GET")
        own = Client.objects.filter(tenant_id=self.tenant_id, service_account_id=account_id)
        client: Client | None = own.order_by("created").first()
        if client is None:
            raise not_found("This service account has no client.")
        return client


class ClientKeys(ApiView):
    """The keys of a client of the tenant's own."""

    @requires("clients:read")
    @extend_schema(operation_id="get_client_keys", responses=schemas.ClientKeys, tags=["clients"])
    def get(self, request: Request, client_pk: UUID) -> Response:
        """How the client authenticates; with private_key_jwt, by which public keys."""
        client = Client.objects.filter(tenant_id=self.tenant_id, pk=client_pk).first()
        if client is None:
            raise not_found("The tenant has no such client of its own.")
        return Response(key_item(client))

    @requires("clients:manage")
    @extend_schema(
        operation_id="set_client_keys",
        request=schemas.ClientKeysInput,
        responses=schemas.ClientKeys,
        tags=["clients"],
    )
    def put(self, request: Request, client_pk: UUID) -> Response:
        """From now on it proves itself by one of these keys; a secret that it had stops at once. 409 if public."""
        return set_keys(self, request, self._own(client_pk))

    @requires("clients:manage")
    @extend_schema(operation_id="remove_client_keys", responses={204: None}, tags=["clients"])
    def delete(self, request: Request, client_pk: UUID) -> Response:
        """It can't authenticate any more until it gets a secret (rotate-secret) or other keys."""
        return remove_keys(self, self._own(client_pk))

    def _own(self, client_pk: UUID) -> Client:
        if not Client.objects.filter(tenant_id=self.tenant_id, pk=client_pk).exists():
            raise not_found("The tenant has no such client of its own.")
        return client_changes.own(self.tenant_id, client_pk)


def set_keys(view: ApiView, request: Request, client: Client) -> Response:
    """Set a client's keys as the body says."""
    given = read_input(schemas.ClientKeysInput, request)
    changed = client_key_changes.set_keys(
        tenant_id=view.tenant_id,
        client_id=client.pk,
        keys=read_keys(given.get("jwks"), given.get("jwks_uri")),
        actor=view.actor,
        now=timezone.now(),
    )
    return Response(key_item(changed))


def remove_keys(view: ApiView, client: Client) -> Response:
    """Take a client's keys away."""
    client_key_changes.remove_keys(
        tenant_id=view.tenant_id, client_id=client.pk, actor=view.actor, now=timezone.now()
    )
    return Response(status=204)


def key_item(client: Client) -> dict[str, Any]:
    """How a client authenticates, as the API shows it. ``jwks`` is null where the keys lie at ``jwks_uri``."""
    return {
        "client_id": client.client_id,
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        "jwks": None if client.jwks_uri or not client.proves_by_key else client.jwks,
        "jwks_uri": client.jwks_uri or None,
    }
