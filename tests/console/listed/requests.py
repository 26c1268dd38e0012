"""What an authorization request may say."""

from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client as Browser

from tests.oauth.internet import URL as DOCUMENT
from tests.oauth.world import ED, World, redirected


def response_type(it: World, value: str) -> None:
    assert "code" in answered(it, response_type=value)


def response_mode(it: World, value: str) -> None:
    assert "code" in answered(it, response_mode=value)


def challenge_method(it: World, value: str) -> None:
    code, verifier = it.consent(it.signed_in(ED), code_challenge_method=value)
    assert it.exchange(code, "x" * 50).json()["error"] == "invalid_grant"
    code, verifier = it.consent(it.signed_in(ED), code_challenge_method=value)
    assert it.exchange(code, verifier).status_code == 200


def answered(it: World, **changes: str) -> dict[str, str]:
    """The answer to a request of somebody who allowed this client before."""
    browser = it.signed_in(ED)
    it.consent(browser)
    return redirected(browser.get(it.query(**changes)[0]))


def names_its_issuer(it: World, value: bool) -> None:
    assert value is True
    assert answered(it)["iss"] == settings.ISSUER
    refused = redirected(it.signed_in(ED).get(it.query(response_type="token")[0]))
    assert refused["iss"] == settings.ISSUER


def takes_resource(it: World, value: bool) -> None:
    assert value is True
    assert it.facts(it.tokens(it.signed_in(ED))["access_token"])["aud"] == it.resource
    wrong = redirected(it.signed_in(ED).get(it.query(resource="https://nobody.example/")[0]))
    assert wrong["error"] == "invalid_target"


def takes_documents(it: World, value: bool) -> None:
    assert value is True
    it.client.client_id = DOCUMENT
    assert it.facts(it.tokens(it.signed_in(ED))["access_token"])["client_id"] == DOCUMENT


def refuses_request_objects(it: World, value: bool, name: str) -> None:
    """OpenID Connect Core §6.1, §6.2: who says false answers an error."""
    assert value is False
    refused = redirected(it.signed_in(ED).get(it.query(**{name: "https://client.example/request"})[0]))
    assert refused["error"] == f"{name}_not_supported"


def prompt_none(it: World, value: str) -> None:
    assert redirected(Browser().get(it.query(prompt=value)[0]))["error"] == "login_required"
    assert "code" in answered(it, prompt=value)


def prompt_login(it: World, value: str) -> None:
    browser = it.signed_in(ED)
    it.consent(browser)
    answer = browser.get(it.query(prompt=value)[0])
    assert (answer.status_code, urlsplit(answer["Location"]).path[:9]) == (302, "/accounts")


def prompt_consent(it: World, value: str) -> None:
    browser = it.signed_in(ED)
    it.consent(browser)
    answer = browser.get(it.query(prompt=value)[0])
    assert answer.status_code == 200
    assert b'value="allow"' in answer.content


def prompt_select_account(it: World, value: str) -> None:
    """OpenID Connect Core §3.1.2.1: whoever is signed in is asked whether it is they."""
    browser = it.signed_in(ED)
    it.consent(browser)
    answer = browser.get(it.query(prompt=value)[0])
    assert answer.status_code == 200
    assert ED in answer.content.decode()
    assert b'value="allow"' not in answer.content
