"""Authorization codes: mixed up, injected, replayed, and robbed of their proof."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser

from authsec.database.context import tenant_context
from oauth.models import Grant
from tests.oauth.world import ED, REDIRECT_URI, pkce, public_client, redirected, world

pytestmark = pytest.mark.django_db
MALLORY = "mallory@evil.example"


def refused(answer: Any, code: str = "invalid_grant") -> None:
    assert answer.status_code in (400, 401), answer.content
    assert answer.json()["error"] == code, answer.content
    assert "access_token" not in answer.json()


def test_mix_up_every_answer_names_its_issuer() -> None:  # RFC 9207 §2, §2.3; RFC 9700 §4.4.2.1
    it = world()
    browser = it.signed_in(ED)
    document = Browser().get("/.well-known/oauth-authorization-server").json()
    assert document["authorization_response_iss_parameter_supported"] is True
    answers = [
        it.answer(browser, it.query(scope="read")[0], scopes=["read"]),  # success, by hand
        browser.get(it.query(scope="read")[0]),  # success, remembered
        it.answer(browser, it.query(scope="write")[0], action="deny"),
        browser.get(it.query(prompt="none", scope="write")[0]),
        browser.get(it.query(code_challenge=None)[0]),
        browser.get(it.query(response_type="token")[0]),
        browser.get(it.query(resource="https://nobody.example/")[0]),
        Browser().get(it.query(prompt="none")[0]),
    ]
    assert sum("code" in redirected(answer) for answer in answers) == 2
    for answer in answers:
        assert redirected(answer)["iss"] == settings.ISSUER == document["issuer"]


def test_mix_up_a_redirect_uri_cannot_bring_an_issuer_of_its_own() -> None:  # RFC 9207 §2: one iss
    it = world()
    uri = "https://app.example/cb?iss=https://evil.example&code=x&state=y"
    it.client = public_client(redirect_uris=[uri])
    answer = it.answer(it.signed_in(ED), it.query(redirect_uri=uri)[0], scopes=["read"])
    query = answer["Location"].partition("?")[2]
    assert [query.count(f"{name}=") for name in ("iss", "code", "state")] == [1, 1, 1]
    assert "evil.example" not in query


def test_injection_a_stolen_code_is_worth_nothing_in_another_session() -> None:  # RFC 9700 §4.5.3.1
    it = world()
    stolen, verifier = it.consent(it.signed_in(ED))
    _, own_verifier = it.consent(it.signed_in(MALLORY))
    refused(it.exchange(stolen, own_verifier))
    other = public_client("Other")
    refused(it.exchange(stolen, verifier, client_id=other.client_id))
    refused(it.exchange(stolen, own_verifier, client_id=other.client_id))
    assert it.exchange(stolen, verifier).status_code == 200, "the thief used nothing up"


def test_injection_a_code_belongs_to_its_redirect_uri() -> None:  # RFC 6749 §4.1.3
    it = world()
    code, verifier = it.consent(it.signed_in(ED))
    refused(it.exchange(code, verifier, redirect_uri="http://127.0.0.1:8/callback"))
    assert it.exchange(code, verifier).status_code == 200


def test_replay_takes_away_all_that_the_code_gave() -> None:  # RFC 6749 §4.1.2, §10.5
    it = world()
    code, verifier = it.consent(it.signed_in(ED))
    first = it.exchange(code, verifier).json()
    second = it.refresh(first["refresh_token"]).json()
    refused(it.exchange(code, verifier))
    for token in (first, second):
        assert it.facts(token["access_token"]) == {"active": False}
        refused(it.refresh(token["refresh_token"]))
    assert it.count()[:2] == (0, 0)


def test_replay_without_the_proof_takes_nothing_away() -> (
    None
):  # who saw a code go by must not log people out
    it = world()
    code, verifier = it.consent(it.signed_in(ED))
    token = it.exchange(code, verifier).json()["access_token"]
    other = public_client("Other")
    refused(it.exchange(code, verifier, client_id=other.client_id))
    assert it.facts(token)["active"] is True


@pytest.mark.parametrize(
    "downgrade",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},  # means plain, RFC 7636 §4.3
        {"code_challenge_method": "s256"},
        {"code_challenge_method": "S512"},
        {"code_challenge": None},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": ""},
        {"code_challenge": "A" * 42},
        {"code_challenge": "A" * 44},
        {"code_challenge": "=" * 43},
    ],
)
def test_downgrade_no_code_without_an_s256_challenge(downgrade: dict[str, str | None]) -> None:
    """RFC 9700 §2.1.1: PKCE for everybody, and no method that shows its verifier."""
    it = world()
    url, _ = it.query(**downgrade)
    browser = it.signed_in(ED)
    for answer in (browser.get(url), browser.post(url, {"action": "allow", "scopes": ["read"]})):
        assert redirected(answer)["error"] == "invalid_request"
        assert "code" not in redirected(answer)


def test_downgrade_no_token_without_the_very_verifier() -> None:  # RFC 7636 §4.6
    it = world()
    challenge = pkce()[1]
    url, verifier = it.query()
    asked = dict(pair.split("=") for pair in url.partition("?")[2].split("&"))
    code = redirected(it.answer(it.signed_in(ED), url, scopes=["read"]))["code"]
    wrong = [None, "", asked["code_challenge"], challenge, verifier.swapcase(), verifier + "A", verifier[:42]]
    for attempt in wrong:
        answer = it.exchange(code, "", code_verifier=attempt)
        assert answer.status_code == 400, attempt
        assert answer.json()["error"] in ("invalid_grant", "invalid_request")
    assert it.exchange(code, verifier).status_code == 200


def test_downgrade_a_verifier_for_a_code_without_challenge_is_refused() -> None:  # RFC 9700 §2.1.1, §4.8.2
    it = world()
    code, verifier = it.consent(it.signed_in(ED))
    with tenant_context(it.tenant.id):
        Grant.objects.update(code_challenge="", code_challenge_method="")
    for attempt in (verifier, None):
        answer = it.exchange(code, "", code_verifier=attempt)
        assert answer.status_code == 400
        assert answer.json()["error"] in ("invalid_grant", "invalid_request")


def test_a_code_leaves_no_trace_for_whoever_reads_along() -> None:  # RFC 9700 §4.2.4, §4.12
    it = world()
    answer = it.answer(it.signed_in(ED), it.query()[0], scopes=["read"])
    assert answer.status_code == 303
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Location"].startswith(REDIRECT_URI + "?")
    assert answer.content == b""
