"""OAuth clients through the API: the tenant's own, and its word on those that came by themselves."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, page_of, read_input
from authsec.web.problems import not_found
from authz.api.rows import found
from authz.models import Application
from oauth import clients
from oauth.api import schemas
from oauth.connections import let_in
from oauth.models import Client, ClientApproval, ClientPolicy

TAGS = ["clients"]


class Clients(ApiView):
    """The clients that the tenant knows."""

    @requires("clients:read", critical=False)
    @extend_schema(operation_id="list_clients", responses=schemas.Clients, tags=TAGS)
    def get(self, request: Request) -> Response:
        """Its own clients, those of its service accounts, and those that it has a word on, newest first."""
        show = partial(client_items, tenant_id=self.tenant_id)
        return page_of(request, _known(self.tenant_id), show, column="created")

    @requires("clients:manage")
    @extend_schema(
        operation_id="create_client",
        request=schemas.ClientInput,
        responses={201: schemas.NewClient},
        tags=TAGS,
    )
    def post(self, request: Request) -> Response:
        """Make a client of the tenant's own. A confidential one's secret is shown this once."""
        given = read_input(schemas.ClientInput, request)
        for application_id in given["application_ids"]:
            found(Application, self.tenant_id, application_id, "application_ids")
        client, secret = clients.create_for_tenant(
            tenant_id=self.tenant_id,
            name=given["name"],
            redirect_uris=given["redirect_uris"],
            auth_method=given["token_endpoint_auth_method"],
            application_ids=given["application_ids"],
            actor=self.actor,
            now=timezone.now(),
        )
        shown_once = {"client_secret": secret} if secret else {}
        return Response(client_items([client], self.tenant_id)[0] | shown_once, 201)


class OneClient(ApiView):
    """One client."""

    @requires("clients:read", critical=False)
    @extend_schema(operation_id="get_client", responses=schemas.Client, tags=TAGS)
    def get(self, request: Request, client_pk: UUID) -> Response:
        """The client, by `id`."""
        return Response(client_items([_one(self.tenant_id, client_pk)], self.tenant_id)[0])


class ApproveClient(ApiView):
    """Let a client in."""

    @requires("clients:approve")
    @extend_schema(operation_id="approve_client", request=schemas.Word, responses=schemas.Client, tags=TAGS)
    def post(self, request: Request, client_pk: UUID) -> Response:
        """Whoever waits at its consent page goes on."""
        return _say(self, request, clients.approve, client_pk)


class DenyClient(ApiView):
    """Shut a client out."""

    @requires("clients:approve")
    @extend_schema(operation_id="deny_client", request=schemas.Word, responses=schemas.Client, tags=TAGS)
    def post(self, request: Request, client_pk: UUID) -> Response:
        """Its tokens for this tenant's Applications answer inactive from the next call on."""
        return _say(self, request, clients.deny, client_pk)


def _say(view: ApiView, request: Request, verb: Any, client_pk: UUID) -> Response:
    client = _one(view.tenant_id, client_pk)
    given = read_input(schemas.Word, request)
    verb(
        tenant_id=view.tenant_id,
        client_id=client_pk,
        reason=given["reason"],
        actor=view.actor,
        now=timezone.now(),
    )
    return Response(client_items([client], view.tenant_id)[0])


def _known(tenant_id: UUID) -> Any:
    judged = ClientApproval.objects.filter(tenant_id=tenant_id).values("client_id")
    return Client.objects.filter(Q(tenant_id=tenant_id) | Q(tenant_id=None, pk__in=judged))


def _one(tenant_id: UUID, client_pk: UUID) -> Client:
    client: Client | None = _known(tenant_id).filter(pk=client_pk).first()
    if client is None:
        raise not_found("There is no such client here.")
    return client


def client_items(rows: Sequence[Client], tenant_id: UUID) -> list[dict[str, Any]]:
    """Clients as the API shows them, with the word of ``tenant_id``. Two statements."""
    word = ClientApproval.objects.filter(tenant_id=tenant_id, client__in=[row.pk for row in rows])
    policy = ClientPolicy.objects.filter(tenant_id=tenant_id).first() or ClientPolicy(tenant_id=tenant_id)
    said = {row.client_id: let_in(row, policy) for row in word.select_related("client")}
    return [
        {
            "id": row.pk,
            "client_id": row.client_id,
            "name": row.name,
            "own": row.tenant_id is not None,
            "redirect_uris": row.redirect_uris.split(),
            "token_endpoint_auth_method": row.token_endpoint_auth_method,
            "status": said.get(row.pk),
            "created_at": row.created,
        }
        for row in rows
    ]
