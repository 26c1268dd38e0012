"""What the end of a session is worth to clients. That it arrives shows tests/oauth/test_back_channel.py."""

from typing import Any

from django.utils import timezone
from joserfc import jws

from authsec.database.context import system_context
from oauth import logout_token
from oauth.models import ClientSession
from tests.console.listed.openid import signed_in
from tests.oauth.world import World, public_client


def _row(it: World) -> tuple[ClientSession, dict[str, Any]]:
    _, claims = signed_in(it)
    with system_context():
        row = ClientSession.objects.select_related("client").get(pk=claims["sid"])
    return row, claims


def told(it: World, value: bool) -> None:
    assert value is True
    it.client = public_client("Web App", backchannel_logout_uri="https://app.example/out")
    row, _ = _row(it)
    token = logout_token.new(row, row.client, now=timezone.now())
    assert jws.extract_compact(token.encode()).headers()["typ"] == "logout+jwt"


def told_which(it: World, value: bool) -> None:
    assert value is True
    row, claims = _row(it)
    assert str(row.pk) == claims["sid"]
