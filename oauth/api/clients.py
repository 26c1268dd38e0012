"""OAuth clients through the API: the tenant's own, and its word on those that came by themselves."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, page_of, read_input
from authsec.web.parameters import one_of, parameters
from authsec.web.problems import Problem, invalid, not_found
from authz.api.rows import found, narrowed, searched
from authz.models import Application
from oauth.api import client_schemas as schemas
from oauth.api.client_items import client_items
from oauth.api.schemas import Secret
from oauth.clients import approvals
from oauth.clients import changes as client_changes
from oauth.clients import creation as clients
from oauth.clients import policy as client_policy
from oauth.clients.known import COMES_FROM, Origin
from oauth.models import Client, ClientApproval

TAGS = ["clients"]


class Clients(ApiView):
    """The clients that the tenant knows."""

    @requires("clients:read")
    @extend_schema(
        operation_id="list_clients",
        responses=schemas.Clients,
        tags=TAGS,
        parameters=[
            *searched("a name, client_id or redirect URI"),
            OpenApiParameter("status", enum=client_policy.ClientStatus.values),
            OpenApiParameter("origin", enum=Origin.values, description="How it came."),
            OpenApiParameter(
                "own", enum=["true", "false"], description="Only the tenant's own, or only others."
            ),
        ],
    )
    def get(self, request: Request) -> Response:
        """Its own clients, those of its service accounts, and those that came to it, newest first."""
        given = parameters(request, "status", "own", "origin")
        rows = _known(self.tenant_id)
        if own := one_of(given, "own", ["true", "false"]):
            rows = rows.filter(tenant_id__isnull=own == "false")
        word = ClientApproval.objects.filter(tenant_id=self.tenant_id)
        if origin := one_of(given, "origin", Origin.values):
            rows = rows.filter(COMES_FROM[Origin(origin)])
        if status := one_of(given, "status", client_policy.ClientStatus.values):
            said = client_policy.with_status(word, status, client_policy.of_tenant(self.tenant_id))
            rows = rows.filter(pk__in=said.values("client_id"))
        rows = narrowed(request, rows, "name", "client_id", "redirect_uris", ended="disabled_at")
        return page_of(request, rows, partial(client_items, tenant_id=self.tenant_id), column="created")

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
        _check_applications(self.tenant_id, given["application_ids"])
        with _pointed():
            client, secret = clients.create_for_tenant(
                tenant_id=self.tenant_id,
                name=given["name"],
                redirect_uris=given["redirect_uris"],
                auth_method=given["token_endpoint_auth_method"],
                jwks=given.get("jwks"),
                jwks_uri=given.get("jwks_uri", ""),
                grant_types=given["grant_types"],
                application_ids=list(dict.fromkeys(given["application_ids"])),
                post_logout_redirect_uris=given.get("post_logout_redirect_uris"),
                backchannel_logout_uri=given.get("backchannel_logout_uri", ""),
                actor=self.actor,
                now=timezone.now(),
            )
        shown_once = {"client_secret": secret} if secret else {}
        return Response(client_items([client], self.tenant_id)[0] | shown_once, 201)


class OneClient(ApiView):
    """One client."""

    @requires("clients:read")
    @extend_schema(operation_id="get_client", responses=schemas.Client, tags=TAGS)
    def get(self, request: Request, client_pk: UUID) -> Response:
        """The client, by `id`."""
        return Response(client_items([_one(self.tenant_id, client_pk)], self.tenant_id)[0])

    @requires("clients:manage")
    @extend_schema(
        operation_id="change_client", request=schemas.ClientChange, responses=schemas.Client, tags=TAGS
    )
    def patch(self, request: Request, client_pk: UUID) -> Response:
        """Change one of the tenant's own clients. Whether it is public is for good: make another one instead.

        409 for a client that registered itself, for a service account's, and for a closed one.
        """
        _one(self.tenant_id, client_pk)
        given = read_input(schemas.ClientChange, request)
        _check_applications(self.tenant_id, given.get("application_ids", []))
        with _pointed():
            client = client_changes.edit(
                tenant_id=self.tenant_id, client_id=client_pk, actor=self.actor, now=timezone.now(), **given
            )
        return Response(client_items([client], self.tenant_id)[0])

    @requires("clients:manage")
    @extend_schema(operation_id="close_client", responses={204: None}, tags=TAGS)
    def delete(self, request: Request, client_pk: UUID) -> Response:
        """Close one of the tenant's own clients for good: its tokens answer inactive at the next call.

        409 for one that registered itself (deny it) and for a service account's (end the account).
        """
        _one(self.tenant_id, client_pk)
        client_changes.close(
            tenant_id=self.tenant_id, client_id=client_pk, actor=self.actor, now=timezone.now()
        )
        return Response(status=204)


class RotateClientSecret(ApiView):
    """A new secret for a confidential client of the tenant's own."""

    @requires("clients:manage")
    @extend_schema(operation_id="rotate_client_secret", request=None, responses={201: Secret}, tags=TAGS)
    def post(self, request: Request, client_pk: UUID) -> Response:
        """The old secret stops at once: a client has one. Its tokens live on. 409 for a public client."""
        _one(self.tenant_id, client_pk)
        client = client_changes.own(self.tenant_id, client_pk)
        if client.disabled_at or client.client_type != Client.CLIENT_CONFIDENTIAL:
            raise Problem(409, "conflict", "This client is closed or public: it has no secret.")
        secret = clients.rotate_secret(
            tenant_id=self.tenant_id, client_id=client_pk, actor=self.actor, now=timezone.now()
        )
        return Response({"client_id": client.client_id, "client_secret": secret}, 201)


class ApproveClient(ApiView):
    """Let a client in."""

    @requires("clients:approve")
    @extend_schema(operation_id="approve_client", request=schemas.Word, responses=schemas.Client, tags=TAGS)
    def post(self, request: Request, client_pk: UUID) -> Response:
        """Whoever waits at its consent page goes on."""
        return _say(self, request, approvals.approve, client_pk)


class DenyClient(ApiView):
    """Shut a client out."""

    @requires("clients:approve")
    @extend_schema(operation_id="deny_client", request=schemas.Word, responses=schemas.Client, tags=TAGS)
    def post(self, request: Request, client_pk: UUID) -> Response:
        """Its tokens for this tenant's Applications answer inactive from the next call on."""
        return _say(self, request, approvals.deny, client_pk)


class ClientLimits(ApiView):
    """What a client reaches of the tenant's Applications."""

    @requires("clients:approve")
    @extend_schema(
        operation_id="limit_client", request=schemas.ClientLimitsInput, responses=schemas.Client, tags=TAGS
    )
    def put(self, request: Request, client_pk: UUID) -> Response:
        """Leave it only these Applications or scopes, from the next introspection on. Nothing is revoked."""
        client = _one(self.tenant_id, client_pk)
        given = read_input(schemas.ClientLimitsInput, request)
        named = [
            (index, approvals.Reach(one["application_id"], scope))
            for index, one in enumerate(given["limits"])
            for scope in (one["scopes"] or [""])
        ]
        try:
            approvals.limit(
                tenant_id=self.tenant_id,
                client_id=client_pk,
                reach=[reach for _, reach in named],
                reason=given["reason"],
                actor=self.actor,
                now=timezone.now(),
            )
        except approvals.BadLimit as bad:
            member = "limits" if bad.index is None else f"limits.{named[bad.index][0]}"
            raise invalid(str(bad), {member: str(bad)}) from bad
        return Response(client_items([client], self.tenant_id)[0])

    @requires("clients:approve")
    @extend_schema(operation_id="lift_client_limits", responses={200: schemas.Client}, tags=TAGS)
    def delete(self, request: Request, client_pk: UUID) -> Response:
        """Take all limits off it: what people allowed counts again."""
        client = _one(self.tenant_id, client_pk)
        approvals.lift(tenant_id=self.tenant_id, client_id=client_pk, actor=self.actor, now=timezone.now())
        return Response(client_items([client], self.tenant_id)[0])


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


def _check_applications(tenant_id: UUID, application_ids: Sequence[UUID]) -> None:
    for index, application_id in enumerate(dict.fromkeys(application_ids)):
        found(Application, tenant_id, application_id, f"application_ids.{index}")


@contextmanager
def _pointed() -> Iterator[None]:
    """Registration's refusal, whose code (RFC 7591 §3.2.2) says which member it is about, as a problem."""
    try:
        yield
    except clients.Refused as refused:
        member = "redirect_uris" if refused.code == "invalid_redirect_uri" else refused.member
        raise invalid(refused.description, {member: refused.description}) from refused
