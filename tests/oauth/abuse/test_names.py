"""What a client says of itself, on the page where a person decides."""

from typing import Any

import pytest
from django.test import Client as Browser

from authsec.database.context import system_context
from tests.oauth.internet import URL, Internet
from tests.oauth.world import ED, REDIRECT_URI, public_client, world

pytestmark = pytest.mark.django_db


def register(**document: Any) -> Any:
    return Browser().post(
        "/oauth/register", {"redirect_uris": [REDIRECT_URI], **document}, content_type="application/json"
    )


@pytest.mark.parametrize(
    "name",
    [
        "\u202eedoC edualC",  # read backwards
        "Claude\u200b Code",
        "Claude\u2066 Code\u2069",
        "Claude\nCode",
        "Claude\x00Code",
        "\ue000",
        "x" * 101,
        7,
        ["Claude"],
    ],
)
def test_a_name_that_hides_or_steers_is_not_registered(name: Any) -> None:  # RFC 7591 §5
    answer = register(client_name=name)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client_metadata"


def test_a_name_that_got_in_otherwise_still_steers_nothing() -> None:
    it = world()
    it.client = public_client()
    it.client.name = "\u202eedoC\u200b edualC\n<script>alert(1)</script>"
    with system_context():
        it.client.save()
    page = it.signed_in(ED).get(it.query()[0]).text
    assert "\u202e" not in page
    assert "\u200b" not in page
    assert "<script>alert" not in page
    assert "<bdi>edoC edualC &lt;script&gt;alert(1)&lt;/script&gt;</bdi> wants to use" in page


def test_a_name_as_long_as_a_sentence_is_read_in_full_only_where_it_says_who_asks() -> None:
    it, name = world(), "Acme Security Team asks you to press Allow, or your account is closed tonight"
    it.client = public_client(name)
    for page in (
        it.signed_in(ED).get(it.query()[0]),
        Browser().get(Browser().get(it.query()[0])["Location"]),
    ):
        assert f"<bdi>{name[:39]}…</bdi>" in page.text
        assert page.text.count(name) == ("nobody checked its name" in page.text)


def test_a_name_anybody_can_take_is_said_to_be_unchecked() -> None:  # RFC 7591 §5: self-asserted
    it = world()
    it.client = public_client("AuthSec Security Team", redirect_uris=["https://evil.example/cb"])
    page = it.signed_in(ED).get(it.query(redirect_uri="https://evil.example/cb")[0]).text
    assert "nobody checked its name" in page
    assert "Anybody can register under the name \u2068AuthSec Security Team\u2069" in page
    assert "evil.example" in page
    assert "host checked" not in page


@pytest.mark.parametrize("name", ["Claude", "\u0421laude", "\U0001d402laude"])
def test_a_look_alike_of_a_known_client_borrows_nothing_from_it(internet: Internet, name: str) -> None:
    """RFC 7591 §5: not the yes that was said to the other, nor that its host was checked."""
    it = world()
    browser = it.signed_in(ED)
    assert "host checked" in browser.get(it.query(client_id=URL)[0]).text
    it.consent(browser, client_id=URL)
    it.client = public_client(name)
    page = browser.get(it.query()[0])
    assert page.status_code == 200
    assert f"<bdi>{name}</bdi> wants to use" in page.text
    assert "nobody checked its name" in page.text
    assert "host checked" not in page.text


def test_its_own_words_about_a_host_prove_nothing() -> None:
    it = world()
    it.client = public_client(client_uri="https://claude.ai/", redirect_uris=["https://evil.example/cb"])
    page = it.signed_in(ED).get(it.query(redirect_uri="https://evil.example/cb")[0]).text
    assert "claude.ai" not in page


def test_a_logo_from_elsewhere_is_neither_shown_nor_fetched_by_the_browser() -> (
    None
):  # RFC 7591 §5, RFC 9700 §4.2
    it = world()
    for logo in (
        "https://evil.example/pixel.png",
        "data:image/svg+xml,<svg onload=alert(1)>",
        "javascript:alert(1)",
    ):
        it.client = public_client(logo_uri=logo)
        page = it.signed_in(ED).get(it.query()[0])
        assert logo not in page.text
        assert "evil.example" not in page.text
        images = page["Content-Security-Policy"].partition("img-src ")[2].partition(";")[0]
        assert images.split() == ["'self'"]
    assert page["X-Content-Type-Options"] == "nosniff"


def test_a_redirect_uri_cannot_end_the_pages_policy() -> None:  # W3C CSP3 §2.2: ; ends a directive
    it = world()
    for uri in ("https://a.example;script-src%20*/cb", "https://a.example,b/cb"):
        assert register(redirect_uris=[uri]).status_code == 400, uri
    it.client = public_client(redirect_uris=["https://a.example/;script-src *;/cb".replace(" ", "%20")])
    policy = it.signed_in(ED).get(it.query(redirect_uri="https://a.example/;script-src%20*;/cb")[0])[
        "Content-Security-Policy"
    ]
    assert policy.count("script-src") == 1
