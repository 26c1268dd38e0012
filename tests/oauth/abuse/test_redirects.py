"""Redirect URIs: what looks like the registered one and is none."""

import pytest
from django.test import Client as Browser

from authsec.database.context import system_context
from oauth.models import Client
from tests.oauth.world import ED, public_client, world

pytestmark = pytest.mark.django_db
REGISTERED = "https://app.example/oauth/callback"
GAMES = {
    "prefix": REGISTERED + ".evil.example",
    "longer path": REGISTERED + "/extra",
    "slash": REGISTERED + "/",
    "suffix of the host": "https://app.example.evil.example/oauth/callback",
    "prefix of the host": "https://evilapp.example/oauth/callback",
    "subdomain": "https://a.app.example/oauth/callback",
    "userinfo": "https://app.example@evil.example/oauth/callback",
    "userinfo of its own": "https://x@app.example/oauth/callback",
    "backslash": "https://app.example\\@evil.example/oauth/callback",
    "fragment": REGISTERED + "#x",
    "empty fragment": REGISTERED + "#",
    "query": REGISTERED + "?next=https://evil.example",
    "traversal": "https://app.example/oauth/callback/../../evil",
    "encoded traversal": "https://app.example/oauth/callback/%2e%2e/evil",
    "encoded letter": "https://app.example/oauth/callbac%6b",
    "case of the path": "https://app.example/OAuth/callback",
    "case of the host": "https://APP.example/oauth/callback",
    "trailing dot": "https://app.example./oauth/callback",
    "default port": "https://app.example:443/oauth/callback",
    "another port": "https://app.example:8443/oauth/callback",
    "plain http": "http://app.example/oauth/callback",
    "no scheme": "//app.example/oauth/callback",
    "relative": "/oauth/callback",
    "blank": REGISTERED + " ",
    "tab": "https://app.example/oauth/\tcallback",
    "header": REGISTERED + "\r\nSet-Cookie: a=b",
    "look-alike": "https://аpp.example/oauth/callback",  # a Cyrillic а
    "script": "javascript:alert(document.domain)//app.example/oauth/callback",
    "data": "data:text/html,<script>alert(1)</script>",
    "private scheme": "app.example:/oauth/callback",
}


def test_no_game_brings_an_answer_anywhere() -> None:  # RFC 9700 §2.1, §4.1.3: exact string matching
    it = world()
    it.client = public_client(redirect_uris=[REGISTERED])
    browser = it.signed_in(ED)
    for game, uri in GAMES.items():
        url, _ = it.query(redirect_uri=uri)
        wrong, _ = it.query(redirect_uri=uri, prompt="none", response_type="token")
        for answer in (browser.get(url), browser.get(wrong), browser.post(url, {"action": "deny"})):
            assert answer.status_code == 400, game
            assert "Location" not in answer, game  # RFC 9700 §4.11: no open redirector, on errors either
            assert 'href="' + uri not in answer.text, game


def test_on_loopback_the_port_is_free_and_nothing_else() -> None:  # RFC 8252 §7.3, §8.3
    it = world()
    it.client = public_client(redirect_uris=["http://127.0.0.1:7/callback"])
    browser = it.signed_in(ED)
    assert browser.get(it.query(redirect_uri="http://127.0.0.1:61000/callback")[0]).status_code == 200
    for uri in (
        "http://localhost:7/callback",  # names may lead elsewhere
        "http://[::1]:7/callback",
        "http://127.0.0.2:7/callback",
        "http://127.1:7/callback",
        "http://2130706433:7/callback",
        "http://0.0.0.0:7/callback",
        "http://127.0.0.1:7/callback/../x",
        "http://127.0.0.1:7/Callback",
        "http://127.0.0.1:7/callback?x",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1:-7/callback",
        "https://127.0.0.1:7/callback",
    ):
        assert browser.get(it.query(redirect_uri=uri)[0]).status_code == 400, uri


def test_a_private_use_scheme_is_compared_whole() -> None:  # RFC 8252 §7.1, §8.4
    it = world()
    it.client = public_client(redirect_uris=["com.example.app:/callback"])
    browser = it.signed_in(ED)
    assert browser.get(it.query(redirect_uri="com.example.app:/callback")[0]).status_code == 200
    for uri in ("com.example.app:/other", "com.example.app2:/callback", "com.example.app://callback"):
        assert browser.get(it.query(redirect_uri=uri)[0]).status_code == 400, uri


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://app.example/x",
        "http://app.example/cb",
        "https://*.example/cb",
        "https://u:p@app.example/cb",
        "https://app.example/cb#x",
        "https://",
        "about:blank",
    ],
)
def test_what_a_browser_would_run_or_open_cannot_be_registered(uri: str) -> None:  # RFC 7591 §5
    answer = Browser().post("/oauth/register", {"redirect_uris": [uri]}, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_redirect_uri"


def test_a_wrong_request_takes_nobody_to_a_strangers_site_unasked() -> None:  # RFC 9700 §4.11.2
    it = world()
    it.client = public_client(redirect_uris=[REGISTERED, "http://127.0.0.1:7/callback"])
    url, _ = it.query(redirect_uri=REGISTERED, response_type="token")
    page = Browser().get(url)
    assert page.status_code == 400
    assert "Location" not in page
    assert "app.example" in page.text
    assert f'href="{REGISTERED}?error=unsupported_response_type' in page.text, "it is theirs to decide"
    assert it.signed_in(ED).get(url)["Location"].startswith(REGISTERED), "who signed in is told by redirect"
    silent, _ = it.query(redirect_uri=REGISTERED, prompt="none")
    assert "error=login_required" in Browser().get(silent)["Location"]
    own, _ = it.query(response_type="token")
    assert "error=" in Browser().get(own)["Location"], "a program on their own computer is no such site"
    with system_context():
        Client.objects.filter(pk=it.client.pk).update(registration_source="manual")
    assert "error=" in Browser().get(url)["Location"], "nor is one that this installation knows"


def test_the_way_onward_after_signing_in_stays_here() -> None:  # RFC 9700 §4.11.2
    it = world()
    browser = it.signed_in(ED)
    for onward in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        answer = browser.get("/account/step-up/", {"next": onward, "without": onward})
        assert "evil.example" not in answer.text
        assert "javascript:" not in answer.text
        answer = browser.post("/accounts/logout/", {"next": onward})
        assert answer["Location"].startswith("/accounts/login/"), onward
        browser = it.signed_in(ED)
