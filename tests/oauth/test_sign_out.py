"""A client asks to sign its person out (OpenID Connect RP-Initiated Logout 1.0), each test by the section it is of."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import OctKey

from authsec.database.context import system_context
from oauth import keys
from oauth.models import Client
from tests import cast
from tests.oauth.test_openid import web_app
from tests.oauth.world import ED, World

pytestmark = pytest.mark.django_db
AFTER = "https://app.example/signed-out"


@pytest.fixture
def it() -> World:
    return web_app(post_logout_redirect_uris=[AFTER, "https://app.example/other?tab=1"])


def ask(browser: Browser, method: str = "get", **parameters: str) -> Any:
    if method == "post":
        encoded = "application/x-www-form-urlencoded"
        return browser.post("/oauth/logout", urlencode(parameters), content_type=encoded)
    return browser.get("/oauth/logout", parameters)


def is_in(browser: Browser) -> bool:
    return browser.get("/account/").status_code == 200


def hint(it: World, browser: Browser) -> str:
    token: str = it.tokens(browser, scope="openid")["id_token"]
    return token


def press(browser: Browser, page: Any) -> Any:
    """Press *Sign out* on the page that asks."""
    assert page.status_code == 200, page.content
    assert "Sign out?" in page.content.decode()
    form = {
        part.split('name="', 1)[1].split('"')[0]: part.split('value="', 1)[1].split('"')[0]
        for part in page.content.decode().split('action="/oauth/logout/confirm"')[1].split("<input")[1:]
    }
    return browser.post("/oauth/logout/confirm", form)


def test_a_hint_of_this_persons_sign_in_signs_out_at_once_and_leads_back(it: World) -> None:  # §2, §3
    browser = it.signed_in(ED)
    answer = ask(browser, id_token_hint=hint(it, browser), post_logout_redirect_uri=AFTER, state="s & t")
    assert answer.status_code == 302
    parts = urlsplit(answer["Location"])
    assert answer["Location"].startswith(f"{AFTER}?")
    assert parse_qs(parts.query) == {"state": ["s & t"]}
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert not is_in(browser)


def test_an_expired_hint_will_do(it: World) -> None:  # §2: the OP SHOULD accept it
    browser = it.signed_in(ED)
    token = hint(it, browser)
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=False):
        assert ask(browser, id_token_hint=token).status_code == 200
    assert not is_in(browser)


def test_without_a_hint_the_person_is_asked(it: World) -> None:  # §2
    browser = it.signed_in(ED)
    page = ask(browser, client_id=it.client.client_id, post_logout_redirect_uri=AFTER, state="x")
    assert "Web App" in page.content.decode()
    assert "form-action 'self' https://app.example" in page["Content-Security-Policy"]
    assert is_in(browser)
    assert press(browser, page)["Location"] == f"{AFTER}?state=x"
    assert not is_in(browser)


def test_the_yes_is_taken_from_our_own_page_alone(it: World) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.cookies = it.signed_in(ED).cookies
    assert browser.post("/oauth/logout/confirm", {"client_id": it.client.client_id}).status_code == 403
    assert is_in(browser)


def test_anothers_hint_signs_nobody_out_unasked(it: World) -> None:  # §2: MUST ask if the subjects differ
    theirs = hint(it, it.signed_in("ann@consumer.example"))
    browser = it.signed_in(ED)
    page = ask(browser, id_token_hint=theirs, post_logout_redirect_uri=AFTER)
    assert is_in(browser)
    assert press(browser, page)["Location"] == AFTER


@pytest.mark.parametrize("forged", ["not a token", "a.b.c", "none", "access", "hmac"])
def test_a_hint_that_is_not_ours_is_none(it: World, forged: str) -> None:  # §2
    browser = it.signed_in(ED)
    right = hint(it, browser)
    claims = {"iss": "http://localhost:8000", "aud": it.client.client_id, "sub": "x"}
    made = {
        "none": "eyJhbGciOiJub25lIn0." + right.split(".")[1] + ".",
        "access": keys.sign({**claims, "exp": 9_999_999_999}),  # another type of ours
        "hmac": jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key("k" * 32)),
    }
    page = ask(browser, id_token_hint=made.get(forged, forged))
    assert "Sign out?" in page.content.decode()
    assert is_in(browser)


def test_without_a_session_the_person_is_led_on(it: World) -> None:  # §3
    token = hint(it, it.signed_in(ED))
    for parameters in ({"id_token_hint": token}, {"client_id": it.client.client_id}):
        answer = ask(Browser(), post_logout_redirect_uri=AFTER, **parameters)
        assert answer["Location"] == AFTER
    assert "You are signed out" in ask(Browser()).content.decode()


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        "https://app.example/signed-out/",
        "https://app.example/signed-out?x=1",
        "https://app.example/",
        "https://app.example.evil.example/signed-out",
        "//app.example/signed-out",
        "javascript:alert(1)",
        "http://127.0.0.1:7/callback",  # a redirect URI, not one for signing out
        " ",
    ],
)
def test_it_is_no_open_redirect(it: World, uri: str) -> None:  # §3: exact comparison, else MUST NOT redirect
    browser = it.signed_in(ED)
    token = hint(it, browser)
    for who in (browser, Browser()):
        for parameters in ({"id_token_hint": token}, {"client_id": it.client.client_id}, {}):
            answer = ask(who, post_logout_redirect_uri=uri, **parameters)
            assert answer.status_code == 400
            assert "Location" not in answer
    assert is_in(browser)
    form = {"client_id": it.client.client_id, "post_logout_redirect_uri": uri}
    assert browser.post("/oauth/logout/confirm", form).status_code == 400


def test_a_registered_query_is_kept_beside_state(it: World) -> None:  # §3
    uri = "https://app.example/other?tab=1"
    answer = ask(Browser(), client_id=it.client.client_id, post_logout_redirect_uri=uri, state="s")
    assert parse_qs(urlsplit(answer["Location"]).query) == {"tab": ["1"], "state": ["s"]}


def test_client_id_has_to_be_the_hints(it: World) -> None:  # §2
    browser = it.signed_in(ED)
    token = hint(it, browser)
    assert ask(browser, id_token_hint=token, client_id="another").status_code == 400
    assert is_in(browser)
    assert ask(browser, id_token_hint=token, client_id=it.client.client_id).status_code == 200
    assert not is_in(browser)


def test_a_closed_client_leads_nobody_anywhere(it: World) -> None:
    with system_context():
        Client.objects.filter(pk=it.client.pk).update(disabled_at=timezone.now())
    answer = ask(Browser(), client_id=it.client.client_id, post_logout_redirect_uri=AFTER)
    assert answer.status_code == 400


def test_a_post_from_another_site_comes_back_as_a_link_with_its_cookies(
    it: World,
) -> None:  # §2: GET and POST
    browser = it.signed_in(ED)
    parameters = {"id_token_hint": hint(it, browser), "post_logout_redirect_uri": AFTER, "ui_locales": "de"}
    again = ask(Browser(), "post", **parameters)  # SameSite=Lax: without the cookie
    assert again.status_code == 303
    assert again["Location"].startswith("/oauth/logout?")
    assert browser.get(again["Location"])["Location"] == AFTER
    assert not is_in(browser)
    here = it.signed_in(ED)
    assert ask(here, "post", **parameters).status_code == 303
    assert not is_in(here)


@pytest.mark.parametrize(
    "query",
    [
        "client_id=a&client_id=b",
        "state=%00",
        "client_id=%ff",
        "client_id=" + "x" * 300,
        "post_logout_redirect_uri=https://app.example/signed-out",
        "id_token_hint=%ff",
    ],
)
def test_bad_input_is_refused_on_a_page(it: World, query: str) -> None:
    browser = it.signed_in(ED)
    assert browser.get(f"/oauth/logout?{query}").status_code == 400
    body = {"content_type": "application/x-www-form-urlencoded"}
    assert browser.post("/oauth/logout", query, **body).status_code == 400
    assert is_in(browser)


def test_what_a_client_registers_is_answered_and_checked(it: World) -> None:  # §3.1, RFC 7591 §3.2.1
    document: dict[str, Any] = {"redirect_uris": ["https://app.example/cb"]}
    given = [AFTER, "com.example.app:/signed-out"]
    send = {"content_type": "application/json"}
    answer = Browser().post("/oauth/register", document | {"post_logout_redirect_uris": given}, **send)
    assert answer.json()["post_logout_redirect_uris"] == given
    for wrong in (
        "x",
        ["http://app.example/"],
        ["javascript:alert(1)"],
        [1],
        ["https://a.example/#f"],
        [AFTER] * 21,
    ):
        answer = Browser().post("/oauth/register", document | {"post_logout_redirect_uris": wrong}, **send)
        assert answer.status_code == 400, wrong
        assert answer.json()["error"] == "invalid_client_metadata"


def test_signing_out_leaves_tokens_alone(it: World) -> None:
    """A session is where one is signed in; what programs may do ends by withdrawing it."""
    browser = it.signed_in(ED)
    got = it.tokens(browser, scope="openid")
    ask(browser, id_token_hint=got["id_token"])
    assert it.facts(got["access_token"])["active"] is True
    assert it.refresh(got["refresh_token"]).status_code == 200


def test_a_hint_says_who_whatever_became_of_the_membership(it: World) -> None:
    browser = it.signed_in(ED)
    token = hint(it, browser)
    other = cast.signed_in(cast.person("zoe@people.example"))
    assert "Sign out?" in ask(other, id_token_hint=token).content.decode()
