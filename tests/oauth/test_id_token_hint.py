"""``id_token_hint`` at the authorize page: the client says whose sign-in it goes on with, and gets nobody else's."""

from typing import Any

import pytest
from django.test import Client as Browser

from tests.oauth.test_authorize_states import after, codes, onward
from tests.oauth.world import ED, World, public_client, redirected, world

pytestmark = pytest.mark.django_db
OTHER = "bea@consumer.example"


def hinted(it: World, browser: Browser, *, scope: str = "openid read", **changes: Any) -> str:
    """An authorize URL that sends back the id_token of whoever uses this browser."""
    token = it.tokens(browser, scope="openid read")["id_token"]
    return it.query(scope=scope, id_token_hint=token, **changes)[0]


def test_the_hinted_person_goes_on_and_is_asked_what_is_new() -> None:  # OpenID Connect Core §3.1.2.1
    it = world()
    browser = it.signed_in(ED)
    assert "code" in redirected(browser.get(hinted(it, browser, prompt="none")))
    url = hinted(it, browser, scope="openid read write", prompt="none")
    assert redirected(browser.get(url))["error"] == "consent_required"


def test_nobody_else_can_answer_in_their_place() -> (
    None
):  # Core §3.1.2.2: MUST NOT reply for a different user
    it = world()
    url = hinted(it, it.signed_in(ED))
    other = it.signed_in(OTHER)
    it.consent(other, scope="openid read")
    before = codes(it)
    page = other.get(url)
    assert page.status_code == 200
    assert "signed in as somebody else" in page.text
    assert ED not in page.text, "whom the client means is not told to whoever holds its link"
    assert 'class="account-choice" href' not in page.text, "staying is no choice here"
    assert "id_token_hint=" in after(page, 'name="next" value="')
    assert redirected(other.get(url + "&prompt=none"))["error"] == "login_required"  # §3.1.2.1
    assert it.answer(other, url, scopes=["read"]).status_code == 200
    assert codes(it) == before
    assert "id_token_hint" in onward(Browser().get(url)), "it still counts after signing in"


@pytest.mark.parametrize("forged", ["x", "a.b.c", "é"])
def test_what_is_no_id_token_of_ours_is_refused(forged: str) -> None:  # Core §3.1.2.1
    it = world()
    browser = it.signed_in(ED)
    it.consent(browser, scope="read")
    url, _ = it.query(scope="read", id_token_hint=forged)
    assert redirected(browser.get(url))["error"] == "invalid_request"


def test_another_clients_id_token_is_no_hint() -> None:
    it = world()
    browser = it.signed_in(ED)
    token = it.tokens(browser, scope="openid read")["id_token"]
    it.client = public_client("Other")
    url, _ = it.query(scope="openid read", id_token_hint=token)
    assert redirected(browser.get(url))["error"] == "invalid_request"


def test_the_hint_counts_in_every_tenant() -> None:
    """Its ``sub`` is of one tenant, the person is the same in all."""
    it, elsewhere = world(), world("elsewhere")
    browser = it.signed_in(ED)
    token = it.tokens(browser, scope="openid read")["id_token"]
    elsewhere.client = it.client
    elsewhere.consent(browser, scope="openid read")
    url, _ = elsewhere.query(scope="openid read", prompt="none", id_token_hint=token)
    assert "code" in redirected(browser.get(url))
