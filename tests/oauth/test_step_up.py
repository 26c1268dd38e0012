"""Step-up from the authorize page and back (RFC 9470): the second factor first, then consent, then the grant."""

from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client as Browser

from oauth.authorization import MAX_QUERY
from tenants.signin import own_path
from tests import cast
from tests.oauth.world import account, redirected, world
from tests.totp import Authenticator

pytestmark = pytest.mark.django_db
ALICE = "alice@acme.example"


def conditioned() -> Any:
    """Alice may read always, and run after a second factor."""
    it = world()
    user = cast.member(it.tenant, ALICE)
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), user, it.application, requires_mfa=True)
    cast.bind(it.tenant, cast.role(it.tenant, "Plain", ["read"]), user, it.application)
    return it


def test_with_an_authenticator_the_code_leads_straight_to_the_consent_page() -> None:
    it = conditioned()
    secret = generate_totp_secret()
    TOTP.activate(cast.person(ALICE), secret)
    browser: Browser = it.signed_in(ALICE)
    url, verifier = it.query(scope="read run")
    step_up = browser.get(url)["Location"]
    page = browser.get(step_up).text
    assert "Continue without" in page
    assert "<bdi>run</bdi>" in page, "what waits for it"
    assert "<bdi>read</bdi>" not in page
    for named in ("Claude Code", "deploy-mcp", it.tenant.name):
        assert f"<bdi>{named}</bdi>" in page
    onward = browser.post(step_up, {"code": Authenticator(secret).next_code()})["Location"]
    assert onward == url
    page = browser.get(onward).content.decode()
    assert 'name="scopes" value="run"' in page
    answer = redirected(it.answer(browser, onward, scopes=["read", "run"]))
    token = it.exchange(answer["code"], verifier).json()
    assert set(token["scope"].split()) == {"read", "run"}
    refreshed = it.refresh(token["refresh_token"]).json()
    facts = it.facts(refreshed["access_token"])
    assert facts["acr"] == "urn:authsec:acr:mfa"
    assert set(facts["amr"]) >= {"pwd", "otp", "mfa"}


def test_who_has_no_second_factor_may_enrol_or_go_on_without() -> None:
    it = conditioned()
    browser: Browser = it.signed_in(ALICE)
    url, _ = it.query(scope="run")
    step_up = browser.get(url)["Location"]
    page = browser.get(step_up).content.decode()
    assert "/accounts/2fa/totp/activate/" in page
    assert "Continue without" in page
    for setting_up in ("/accounts/2fa/totp/activate/", "/account/passkeys/add/"):
        assert f'href="{step_up}"' in browser.get(setting_up).text.replace("&amp;", "&"), (
            "and back to do without"
        )


def test_the_longest_request_comes_back_whole() -> None:
    it = conditioned()
    browser: Browser = it.signed_in(ALICE)
    url, _ = it.query(scope="read run", state="s")
    for state in ("%" * ((MAX_QUERY - len(url)) // 3), "s" * (MAX_QUERY - len(url))):
        url, _ = it.query(scope="read run", state=state)
        without = browser.get(url + "&step_up=skip")
        assert without.status_code == 200
        page = browser.get(browser.get(url)["Location"]).text
        assert f'href="{url}&step_up=skip"' in unescape(page)
        assert parse_qs(urlsplit(Browser().get(url)["Location"]).query)["next"] == [url]
        assert own_path(url) == url


def test_acr_values_ask_for_a_second_factor_and_may_be_declined() -> None:  # RFC 9470 §4
    it = conditioned()
    browser: Browser = it.signed_in(ALICE)
    url, _ = it.query(scope="read", acr_values="urn:authsec:acr:mfa")
    step_up = browser.get(url)["Location"]
    assert step_up.startswith("/account/step-up/")
    assert "<bdi>deploy-mcp</bdi>" in browser.get(step_up).text
    assert "wish" not in browser.get(step_up).text, "no scope waits for it"
    assert browser.get(url + "&step_up=skip").status_code == 200
    assert it.signed_in(ALICE, mfa=True).get(url).status_code == 200


def test_the_consent_page_leads_defaults_that_wait_to_a_page_that_names_them() -> None:
    it = conditioned()
    browser: Browser = it.signed_in(ALICE)
    url, _ = it.query(scope="read run", step_up="skip")
    step_up = (
        unescape(browser.get(url).text).split('class="link" href="/account/step-up/', 1)[1].split('"')[0]
    )
    assert "<bdi>run</bdi>" in browser.get(f"/account/step-up/{step_up}").text
    other: Browser = it.signed_in(ALICE)
    assert "<bdi>run</bdi>" not in other.get(f"/account/step-up/{step_up}").text, "a link tells nothing"


def test_what_a_workload_waits_for_is_named_too() -> None:
    it = conditioned()
    robot, _, _ = account(it)
    browser: Browser = it.signed_in(ALICE)
    page = browser.get(
        f"/account/connections/give/?{urlencode({'client_id': robot.client_id, 'resource': it.resource})}"
    )
    step_up = unescape(page.text).split('href="/account/step-up/', 1)[1].split('"')[0]
    page = browser.get(f"/account/step-up/{step_up}")
    assert "<bdi>release-bot</bdi>" in page.text
    assert "<bdi>run</bdi>" in page.text


def test_consent_grows_by_the_scope_that_the_second_factor_brought() -> None:
    it = conditioned()
    browser: Browser = it.signed_in(ALICE)
    it.consent(browser, scope="read")
    url, _ = it.query(scope="read run")
    assert it.signed_in(ALICE, mfa=True).get(url).status_code == 200
