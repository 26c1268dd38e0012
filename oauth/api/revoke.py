"""Token revocation (RFC 7009)."""

from contextlib import AbstractContextManager
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from authsec.database.context import system_context, tenant_context
from authsec.secrets import digest
from authsec.web.access import protocol
from oauth import families, tokens
from oauth.api.authentication import authenticated_client
from oauth.api.wire import cross_origin, no_store, read_form
from oauth.client_authentication import BadRequest
from oauth.models import Client


@protocol
@cross_origin("POST")
def revoke(request: Any) -> HttpResponse:
    """Revoke an access or refresh token and all that descends from the same code.

    Always 200 for an authenticated client: an unknown token, or another client's, is none of its business
    (RFC 7009 §2.2).
    """
    parameters = read_form(request)
    client = authenticated_client(request, parameters, now=timezone.now())
    if "token" not in parameters:
        raise BadRequest("invalid_request", "token is missing.")
    _revoke(parameters["token"], client, request.client_ip)
    return no_store(HttpResponse(status=200))


def _revoke(token: str, client: Client, ip: str | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select tenant_id, client_id, token_family, id from find_token(%s)", [digest(token)])
        row = cursor.fetchone()
    if row is None or row[1] != client.pk:
        return
    tenant_id, _, family, token_id = row
    context: AbstractContextManager[None] = tenant_context(tenant_id) if tenant_id else system_context()
    with context:
        if family:
            families.give_back(family, tenant_id=tenant_id, client=client, ip=ip, now=timezone.now())
        else:
            tokens.revoke_access_token(token_id)
