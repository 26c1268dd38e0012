"""Service accounts through the API: non-human subjects, their clients and their operators."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, page_of, read_input
from authsec.web.problems import not_found
from authz import people, service_accounts
from authz.api.rows import ENDED, all_known, found, narrowed, searched
from authz.models import ServiceAccount, ServiceAccountOperator
from oauth.api import schemas
from oauth.clients import creation as clients
from oauth.models import Client

TAGS = ["service accounts"]


class ServiceAccounts(ApiView):
    """All service accounts of the tenant."""

    @requires("service_accounts:read")
    @extend_schema(
        operation_id="list_service_accounts",
        responses=schemas.ServiceAccounts,
        tags=TAGS,
        parameters=searched("a name or description"),
    )
    def get(self, request: Request) -> Response:
        """The service accounts that have not ended, newest first."""
        rows = ServiceAccount.objects.filter(tenant_id=self.tenant_id)
        return page_of(request, narrowed(request, rows, "name", "description"), account_items)

    @requires("service_accounts:manage")
    @extend_schema(
        operation_id="create_service_account",
        request=schemas.ServiceAccountInput,
        responses={201: schemas.NewServiceAccount},
        tags=TAGS,
    )
    def post(self, request: Request) -> Response:
        """Create a service account, which holds nothing yet, and its client. The secret is shown this once."""
        given = read_input(schemas.ServiceAccountInput, request)
        at: dict[str, Any] = {"actor": self.actor, "now": timezone.now()}
        account = service_accounts.create(tenant_id=self.tenant_id, **given, **at)
        _, secret = clients.create_for_service_account(
            tenant_id=self.tenant_id, service_account_id=account.pk, name=account.name, **at
        )
        return Response(account_items([account])[0] | {"client_secret": secret}, 201)


class OneServiceAccount(ApiView):
    """One service account."""

    @requires("service_accounts:read")
    @extend_schema(operation_id="get_service_account", responses=schemas.ServiceAccount, tags=TAGS)
    def get(self, request: Request, account_id: UUID) -> Response:
        """The service account, also when it has ended."""
        return Response(account_items([found(ServiceAccount, self.tenant_id, account_id)])[0])

    @requires("service_accounts:manage")
    @extend_schema(
        operation_id="change_service_account",
        request=schemas.ServiceAccountChange,
        responses=schemas.ServiceAccount,
        tags=TAGS,
    )
    def patch(self, request: Request, account_id: UUID) -> Response:
        """Rename the account or say anew what it is for."""
        found(ServiceAccount, self.tenant_id, account_id, standing=True)
        given = read_input(schemas.ServiceAccountChange, request)
        account = service_accounts.edit(
            tenant_id=self.tenant_id,
            service_account_id=account_id,
            **given,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(account_items([account])[0])

    @requires("service_accounts:manage")
    @extend_schema(operation_id="end_service_account", responses={204: None}, tags=TAGS)
    def delete(self, request: Request, account_id: UUID) -> Response:
        """End the account: it has no standing from now on, and its operators hold nothing through it."""
        found(ServiceAccount, self.tenant_id, account_id)
        service_accounts.end(
            tenant_id=self.tenant_id,
            service_account_id=account_id,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(status=204)


class RotateServiceAccountSecret(ApiView):
    """A new secret for the account's client."""

    @requires("service_accounts:manage")
    @extend_schema(
        operation_id="rotate_service_account_secret",
        request=schemas.Rotation,
        responses={201: schemas.RotatedSecret},
        tags=TAGS,
    )
    def post(self, request: Request, account_id: UUID) -> Response:
        """The old secret works on for a day, or as long as `overlap_s` says; 0 stops it at once. Tokens live on.

        Who takes the new one can act as the account, so they must hold what it holds in the console.
        """
        found(ServiceAccount, self.tenant_id, account_id, standing=True)
        overlap = timedelta(seconds=read_input(schemas.Rotation, request)["overlap_s"])
        client = Client.objects.filter(tenant_id=self.tenant_id, service_account_id=account_id).first()
        if client is None:
            raise not_found("This service account has no client.")
        secret = clients.rotate_secret(
            tenant_id=self.tenant_id,
            client_id=client.pk,
            overlap=overlap,
            actor=self.actor,
            now=timezone.now(),
        )
        client.refresh_from_db(fields=["old_secret_until"])
        return Response(
            {
                "client_id": client.client_id,
                "client_secret": secret,
                "old_secret_until": client.old_secret_until,
            },
            201,
        )


class OldSecret(ApiView):
    """The secret before the last rotation, while it still works."""

    @requires("service_accounts:manage")
    @extend_schema(operation_id="end_old_secret", responses={204: None}, tags=TAGS)
    def delete(self, request: Request, account_id: UUID) -> Response:
        """Stop it now. The present one goes on."""
        found(ServiceAccount, self.tenant_id, account_id, standing=True)
        client = Client.objects.filter(tenant_id=self.tenant_id, service_account_id=account_id).first()
        if client is None:
            raise not_found("This service account has no client.")
        clients.end_old_secret(
            tenant_id=self.tenant_id, client_id=client.pk, actor=self.actor, now=timezone.now()
        )
        return Response(status=204)


class Operators(ApiView):
    """The users who may operate an account: what it holds reaches them too."""

    @requires("service_accounts:read")
    @extend_schema(operation_id="list_operators", responses=schemas.Operators, tags=TAGS, parameters=[ENDED])
    def get(self, request: Request, account_id: UUID) -> Response:
        """The account's operators, the latest first; with `include_ended` also who was one."""
        account = found(ServiceAccount, self.tenant_id, account_id)
        rows = ServiceAccountOperator.objects.filter(tenant_id=self.tenant_id, service_account=account)
        return page_of(request, narrowed(request, rows), operator_items, column="added_at")

    @requires("service_accounts:manage")
    @extend_schema(
        operation_id="add_operators",
        request=schemas.OperatorsInput,
        responses={200: schemas.ServiceAccount},
        tags=TAGS,
    )
    def post(self, request: Request, account_id: UUID) -> Response:
        """Name operators, all or none. Who operates already stays."""
        account = found(ServiceAccount, self.tenant_id, account_id, standing=True)
        given = read_input(schemas.OperatorsInput, request)
        all_known(self.tenant_id, given["user_ids"])
        service_accounts.add_operators(
            tenant_id=self.tenant_id,
            service_account_id=account_id,
            user_ids=given["user_ids"],
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(account_items([account])[0])


class OneOperator(ApiView):
    """One operator of an account."""

    @requires("service_accounts:manage")
    @extend_schema(operation_id="remove_operator", responses={204: None}, tags=TAGS)
    def delete(self, request: Request, account_id: UUID, user_id: UUID) -> Response:
        """Take the account out of a user's hands. 404 for somebody who does not operate it."""
        found(ServiceAccount, self.tenant_id, account_id)
        row = service_accounts.remove_operator(
            tenant_id=self.tenant_id,
            service_account_id=account_id,
            user_id=user_id,
            actor=self.actor,
            now=timezone.now(),
        )
        if row is None:
            raise not_found("This person does not operate the account.")
        return Response(status=204)


def account_items(rows: Sequence[ServiceAccount]) -> list[dict[str, Any]]:
    """Service accounts as the API shows them, with their clients. One statement."""
    named = dict(
        Client.objects.filter(
            tenant_id__in={row.tenant_id for row in rows}, service_account__in=[row.pk for row in rows]
        ).values_list("service_account_id", "client_id")
    )
    return [
        {
            "id": row.pk,
            "name": row.name,
            "description": row.description,
            "client_id": named.get(row.pk),
            "created_at": row.created_at,
            "last_used_at": row.last_used_at,
            "ended_at": row.ended_at,
        }
        for row in rows
    ]


def operator_items(rows: Sequence[ServiceAccountOperator]) -> list[dict[str, Any]]:
    """Operators as the API shows them. One statement."""
    names = people.names_of(rows[0].tenant_id, [row.user_id for row in rows]) if rows else {}
    return [
        {
            "user_id": row.user_id,
            "name": names.get(row.user_id, ""),
            "added_at": row.added_at,
            "ended_at": row.ended_at,
        }
        for row in rows
    ]
