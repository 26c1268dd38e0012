"""Token revocation (RFC 7009)."""

from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from authsec.database.context import system_context, tenant_context
from authsec.secrets import digest
from authsec.web.access import protocol
from oauth import tokens
from oauth.api.authentication import authenticated_client
from oauth.api.wire import cross_origin, no_store, read_form
from oauth.client_authentication import BadRequest


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
    _revoke(parameters["token"], client.pk)
    return no_store(HttpResponse(status=200))


def _revoke(token: str, client_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select tenant_id, client_id, token_family, id from find_token(%s)", [digest(token)])
        row = cursor.fetchone()
    if row is None or row[1] != client_id:
        return
    tenant_id, _, family, token_id = row
    context: AbstractContextManager[None] = tenant_context(tenant_id) if tenant_id else system_context()
    with context:
        if family:
            tokens.revoke_family(family, now=timezone.now())
        else:
            tokens.revoke_access_token(token_id)
