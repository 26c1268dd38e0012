"""Clients hear of the end of a session (OpenID Connect Back-Channel Logout 1.0), by a receiver on loopback."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.conf import settings as configured
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from authsec import sessions
from authsec.audit.actor import SYSTEM
from authsec.database.context import system_context, tenant_context
from endusers import operations as endusers
from oauth import client_sessions, logout_token
from oauth.clients import creation as clients
from oauth.models import ClientSession
from oauth.outbound.fetch import Unreachable
from tenants import operations as tenants
from tests import cast
from tests.oauth.test_openid import claims, web_app
from tests.oauth.world import ED, World, public_client
from tests.tenants.browser import PASSWORD

pytestmark = pytest.mark.django_db


class Receiver:
    """A web app's sign-out address. ``statuses``: how it answers next, then 200."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.heard.append((self.path, self.headers["Content-Type"], body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self._server.server_address[1]}/signed-out?tenant=1"
        threading.Thread(target=self._server.serve_forever, name="receiver", daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def token(self) -> str:
        """The one logout token that came; the form holds nothing else (§2.5)."""
        ((path, media_type, body),) = self.heard
        assert path == "/signed-out?tenant=1"
        assert media_type == "application/x-www-form-urlencoded"
        ((name, (token,)),) = parse_qs(body).items()
        assert name == "logout_token"
        return token


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.OUTBOUND_LOOPBACK = True
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def it(receiver: Receiver) -> World:
    return web_app(backchannel_logout_uri=receiver.uri, backchannel_logout_session_required=True)


def queued() -> list[dict[str, str]]:
    with system_context(), connection.cursor() as cursor:
        cursor.execute(
            "select args from procrastinate_jobs where task_name = %s order by id", [client_sessions.TASK]
        )
        return [args if isinstance(args, dict) else json.loads(args) for (args,) in cursor.fetchall()]


def deliver() -> None:
    """What the worker does with what is queued."""
    for args in queued():
        assert set(args) == {"tenant_id", "sid"}  # ids alone: the queue belongs to no tenant
        logout_token.tell_client(**args)


def read(token: str, algorithm: str = "RS256") -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, the signature checked against the published keys (§2.6)."""
    published = KeySet.import_key_set(Browser().get("/oauth/jwks").json())
    header = jws.extract_compact(token.encode()).headers()
    return header, jwt.decode(token, published, algorithms=[algorithm]).claims


def test_the_logout_token_says_whose_session_is_over_to_whom(it: World, receiver: Receiver) -> None:  # §2.4
    browser = it.signed_in(ED)
    said = claims(it.tokens(browser, scope="openid", nonce="n-1")["id_token"])
    browser.post("/accounts/logout/")
    deliver()
    header, told = read(receiver.token())
    assert header["typ"] == "logout+jwt"
    assert set(told) == {"iss", "aud", "iat", "exp", "jti", "sub", "sid", "events"}  # and no nonce
    assert told["iss"] == configured.ISSUER
    assert told["aud"] == it.client.client_id
    assert (told["sub"], told["sid"]) == (said["sub"], said["sid"])
    assert 0 < told["exp"] - told["iat"] <= 120
    assert told["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    deliver()
    assert len(receiver.heard) == 1  # told once


def test_it_is_signed_as_the_clients_id_tokens_are(receiver: Receiver) -> None:  # §2.6
    it = web_app(backchannel_logout_uri=receiver.uri, id_token_signed_response_alg="ES256")
    browser = it.signed_in(ED)
    it.tokens(browser, scope="openid")
    browser.post("/accounts/logout/")
    deliver()
    header, _ = read(receiver.token(), "ES256")
    assert header["alg"] == "ES256"


def test_sid_is_the_sessions_for_this_client_and_stays(it: World, receiver: Receiver) -> None:  # §2.1
    browser = it.signed_in(ED)
    first = it.tokens(browser, scope="openid")
    again = claims(it.tokens(browser, scope="openid")["id_token"])
    refreshed = claims(it.refresh(first["refresh_token"]).json()["id_token"])
    browser.post("/accounts/reauthenticate/", {"password": cast.PASSWORD})  # gives the session a new key
    later = claims(it.tokens(browser, scope="openid")["id_token"])
    sid = claims(first["id_token"])["sid"]
    assert again["sid"] == refreshed["sid"] == later["sid"] == sid
    assert sid not in str(browser.session.items())
    elsewhere = claims(it.tokens(it.signed_in(ED), scope="openid")["id_token"])
    it.client = public_client("Another web app")
    another = claims(it.tokens(browser, scope="openid")["id_token"])
    assert len({sid, elsewhere["sid"], another["sid"]}) == 3


def test_each_client_of_the_session_hears_once_and_no_other(it: World, receiver: Receiver) -> None:  # §2.5
    browser, other = it.signed_in(ED), it.signed_in(ED)
    it.tokens(browser, scope="openid")
    it.tokens(other, scope="openid")
    it.client = public_client("Second", backchannel_logout_uri=receiver.uri)
    it.tokens(browser, scope="openid")
    it.client = public_client("Without an address")
    it.tokens(browser, scope="openid")
    browser.post("/accounts/logout/")
    deliver()
    audiences = [read(parse_qs(body)["logout_token"][0])[1]["aud"] for _, _, body in receiver.heard]
    assert len(audiences) == len(set(audiences)) == 2
    assert it.client.client_id not in audiences
    with system_context():
        assert ClientSession.objects.count() == 1  # the other browser's


@pytest.mark.parametrize("road", ["elsewhere", "everywhere else", "password", "client", "suspended", "left"])
def test_every_road_out_is_told(it: World, receiver: Receiver, road: str) -> None:
    email = "lea@acme.example" if road == "left" else ED
    if road == "left":
        user = cast.member(it.tenant, email)
    browser, desk = it.signed_in(email), it.signed_in(email)
    got = it.tokens(browser, scope="openid")
    sid = browser.session["sid"]
    if road == "elsewhere":
        desk.post(f"/account/sessions/{sid}/end/")
    elif road == "everywhere else":
        desk.post("/account/sessions/end-others/")
    elif road == "password":
        form = {"oldpassword": cast.PASSWORD, "password1": PASSWORD}
        assert desk.post("/accounts/password/change/", form).status_code == 302
    elif road == "client":
        browser.get("/oauth/logout", {"id_token_hint": got["id_token"]})
    elif road == "suspended":
        with tenant_context(it.tenant.id):
            user_id = it.facts(got["access_token"])["sub"]
            endusers.suspend(
                tenant_id=it.tenant.id, user_id=user_id, reason="x", actor=SYSTEM, now=timezone.now()
            )
    else:
        with tenant_context(it.tenant.id):
            tenants.remove_member(
                tenant_id=it.tenant.id, user_id=user.id, reason="", actor=SYSTEM, now=timezone.now()
            )
    deliver()
    assert read(receiver.token())[1]["sub"] == claims(got["id_token"])["sub"]


def test_of_a_session_that_expired_nobody_hears(it: World, receiver: Receiver) -> None:
    it.tokens(it.signed_in(ED), scope="openid")
    assert sessions.delete_expired(now=timezone.now() + timedelta(days=31)) > 0
    assert queued() == []
    with system_context():
        assert not ClientSession.objects.exists()


def test_after_a_suspension_the_next_sign_in_is_another_sid(it: World, receiver: Receiver) -> None:
    browser = it.signed_in(ED)
    got = it.tokens(browser, scope="openid")
    facts = {"tenant_id": it.tenant.id, "user_id": it.facts(got["access_token"])["sub"], "actor": SYSTEM}
    with tenant_context(it.tenant.id):
        endusers.suspend(reason="x", now=timezone.now(), **facts)
        endusers.reactivate(now=timezone.now(), **facts)
    again = it.tokens(browser, scope="openid")
    assert claims(again["id_token"])["sid"] != claims(got["id_token"])["sid"]


@pytest.mark.parametrize(
    ("status", "left"),
    [(200, 0), (204, 0), (400, 0), (302, 0), (503, 1)],
)
def test_a_client_that_is_down_is_tried_again_and_one_that_refuses_is_not(
    it: World, receiver: Receiver, status: int, left: int
) -> None:  # §2.7, §2.8
    browser = it.signed_in(ED)
    it.tokens(browser, scope="openid")
    browser.post("/accounts/logout/")
    receiver.statuses = [status]
    if left:
        with pytest.raises(logout_token.Undelivered):
            deliver()
    else:
        deliver()
    assert len(receiver.heard) == 1  # no redirect is followed
    with system_context():
        assert ClientSession.objects.count() == left
    deliver()
    assert len(receiver.heard) == 1 + left


def test_tries_are_few_and_then_it_is_over() -> None:
    class Job:
        attempts = 0

    patience, job, waits = logout_token.Patience(), Job(), []
    while decision := patience.get_retry_decision(exception=logout_token.Undelivered(), job=job):  # type: ignore[arg-type]
        waits.append(decision.retry_at)
        job.attempts += 1
    assert len(waits) == 3
    assert patience.get_retry_decision(exception=Unreachable(), job=Job()) is None  # type: ignore[arg-type]


def test_ends_that_nobody_took_are_cleaned_up(it: World) -> None:
    browser, still_in = it.signed_in(ED), it.signed_in(ED)
    it.tokens(browser, scope="openid")
    it.tokens(still_in, scope="openid")
    browser.post("/accounts/logout/")
    assert client_sessions.delete_over(now=timezone.now() + timedelta(hours=23)) == 0
    assert client_sessions.delete_over(now=timezone.now() + timedelta(hours=25)) == 1
    assert client_sessions.delete_over(now=timezone.now() + timedelta(days=32)) == 1
    deliver()


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/out",
        "https://app.example/out#f",
        "https://127.0.0.1/out",
        "https://user@app.example/out",
        "https://app.example",
        "ftp://app.example/out",
        "x" * 501,
        7,
        ["https://app.example/out"],
    ],
    ids=str,
)
def test_an_address_that_we_would_not_ask_is_not_registered(uri: Any) -> None:  # §2.2, security.md
    with pytest.raises(clients.Refused, match="backchannel_logout_uri"):
        public_client(backchannel_logout_uri=uri)


def test_what_was_registered_is_answered() -> None:  # §2.2
    document = {
        "redirect_uris": ["https://app.example/cb"],
        "backchannel_logout_uri": "https://app.example/out",
        "backchannel_logout_session_required": False,
    }
    answer = Browser().post("/oauth/register", document, content_type="application/json").json()
    assert answer | document == answer
    wrong = document | {"backchannel_logout_session_required": "yes"}
    assert Browser().post("/oauth/register", wrong, content_type="application/json").status_code == 400


def test_without_openid_no_session_is_noted(it: World) -> None:
    it.tokens(it.signed_in(ED), scope="read")
    with system_context():
        assert not ClientSession.objects.exists()
