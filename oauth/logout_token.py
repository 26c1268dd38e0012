"""Telling a client that a session is over (OpenID Connect Back-Channel Logout 1.0). Imported by the worker only."""

import logging
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.utils import timezone
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.jobs import Job as Queued

from authsec.database.context import tenant_context
from oauth import keys
from oauth.client_sessions import TASK
from oauth.clients.registration import LOGOUT_URI, LONGEST_LOGOUT_URI
from oauth.models import Client, ClientSession
from oauth.outbound.fetch import Errand, Unreachable, fetch
from oauth.outbound.location import Wrong, read_location

log = logging.getLogger(__name__)
EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPE = "logout+jwt"
LIVES_S = 120  # §2.4 recommends two minutes at most
AGAIN_AFTER_S = (2, 10, 60)


class Undelivered(Exception):
    """The client could not be reached; later it may."""


class Patience(BaseRetryStrategy):
    """Three more tries within a minute or so; then the client keeps its own session's end."""

    def get_retry_decision(self, *, exception: BaseException, job: Queued) -> RetryDecision | None:
        if not isinstance(exception, Undelivered) or job.attempts >= len(AGAIN_AFTER_S):
            return None
        return RetryDecision(retry_in={"seconds": AGAIN_AFTER_S[job.attempts]})


@app.task(name=TASK, retry=Patience())
def tell_client(*, tenant_id: str, sid: str) -> None:
    """Post the logout token to the client; nothing, once it was told. No transaction is open meanwhile."""
    with tenant_context(tenant_id):
        row = ClientSession.objects.select_related("client").filter(tenant_id=tenant_id, pk=sid).first()
        token = new(row, row.client, now=timezone.now()) if row else ""
    if row is None:
        return
    try:
        fetch(
            read_location(row.client.metadata.get(LOGOUT_URI, ""), max_length=LONGEST_LOGOUT_URI),
            errand=_errand(token),
        )
    except Unreachable as error:
        raise Undelivered(f"The sign-out address of client {row.client.client_id} {error}.") from error
    except Wrong as error:
        log.warning("Client %s was told of a sign-out and refused: %s", row.client.client_id, error)
    with tenant_context(tenant_id):
        ClientSession.objects.filter(tenant_id=tenant_id, pk=sid).delete()


def new(row: ClientSession, client: Client, *, now: datetime) -> str:
    """The signed logout token (§2.4): whom and which session it is about, and no ``nonce``, so that nobody takes it
    for an id_token. Signed as the client's id_tokens are (§2.6).
    """
    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": settings.ISSUER,
        "aud": client.client_id,
        "iat": issued,
        "exp": issued + LIVES_S,
        "jti": str(uuid4()),
        "sub": str(row.user_id),
        "sid": str(row.pk),
        "events": {EVENT: {}},
    }
    return keys.sign(claims, alg=client.metadata.get("id_token_signed_response_alg", "RS256"), typ=TYPE)


def _errand(token: str) -> Errand:
    """§2.5. 200 is asked for and 204 usual; what the client says besides is not read (§2.8)."""
    return Errand(
        accept="*/*",
        media_types=r".*",
        method="POST",
        content_type="application/x-www-form-urlencoded",
        content=urlencode({"logout_token": token}).encode("ascii"),
        statuses=frozenset({200, 204}),
    )
