"""The authorize endpoint: what is refused on a page, what the client hears, and what every answer carries."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.conf import settings
from django.test import Client as Browser

from authsec.database.context import tenant_context
from authz.models import Application
from endusers.models import EndUser
from oauth.api.wire import FORM
from tests import cast
from tests.oauth.world import ED, REDIRECT_URI, basic, nothing_written, public_client, redirected, world

pytestmark = pytest.mark.django_db


def error(response: object) -> str:
    answer = redirected(response)
    assert answer["iss"] == settings.ISSUER, "RFC 9207 §2: iss on error responses too"
    assert answer["state"] == "st-1"
    assert "code" not in answer
    return answer["error"]


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "unknown"},
        {"client_id": None},
        {"client_id": "x\x00y"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1:7/callback/"},
        {"redirect_uri": "http://127.0.0.1.evil.example:7/callback"},
        {"redirect_uri": "http://127.0.0.1:7@evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1:7/callback#x"},
        {"redirect_uri": "http://127.0.0.1:7/callback?x=1"},
        {"redirect_uri": "http://[::1/callback"},
    ],
)
def test_without_a_known_client_and_redirect_uri_nothing_is_sent_anywhere(
    changes: dict[str, str | None],
) -> None:  # RFC 6749 §4.1.2.1
    url, _ = world().query(**changes)
    answer = Browser().get(url)
    assert answer.status_code == 400
    assert "Location" not in answer


def test_a_loopback_redirect_may_use_any_port() -> None:  # RFC 8252 §7.3
    it = world()
    url, _ = it.query(redirect_uri="http://127.0.0.1:61234/callback")
    browser = it.signed_in(ED)
    assert browser.get(url).status_code == 200
    answer = it.answer(browser, url, scopes=["read"])
    assert answer["Location"].startswith("http://127.0.0.1:61234/callback?code=")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"resource": None}, "invalid_target"),
        ({"resource": "http://localhost:9101/unknown"}, "invalid_target"),
        ({"resource": "not a uri"}, "invalid_target"),
        ({"resource": "http://[::1"}, "invalid_target"),
        ({"scope": 'a"b'}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"request_uri": "urn:x"}, "request_uri_not_supported"),
        ({"request": "x"}, "request_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"resource": settings.API_RESOURCE}, "invalid_target"),
    ],
)
def test_the_client_hears_what_is_wrong_with_state_and_iss(
    changes: dict[str, str | None], code: str
) -> None:  # RFC 9207 §2, RFC 7636 §4.4.1, RFC 8707 §2
    it = world()
    url, _ = it.query(**changes)
    assert error(Browser().get(url)) == code
    assert error(it.signed_in(ED).get(url)) == code


def test_two_resources_are_refused() -> None:  # RFC 8707 §2: one Application a token
    it = world()
    url, _ = it.query()
    answer = it.signed_in(ED).get(url + "&" + urlencode({"resource": it.resource}))
    assert error(answer) == "invalid_target"


def test_bad_bytes_and_floods_are_a_400_that_says_which() -> None:
    it = world()
    url, _ = it.query()
    browser = it.signed_in(ED)
    floods = {"&x=" + "a" * 9000: "too long", "&a=1" * 200: "more than 100 parameters"}
    for bad, says in {"&scope=%ff%fe": "UTF-8", "&x=%00": "NUL", **floods}.items():
        answer = browser.get(url + bad)
        assert answer.status_code == 400
        assert says in answer.text


def test_a_description_holds_what_parsers_take_and_nothing_else() -> None:  # RFC 6749 §4.1.2.1, §5.2
    it = world()
    url, _ = it.query()
    twice = urlencode([('é"\\\n', "1")] * 2)
    said = [redirected(it.signed_in(ED).get(f"{url}&{twice}"))["error_description"]]
    both = {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}
    said.append(it.post(both, **basic("a", "b")).json()["error_description"])
    for description in said:
        assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", description), description


def test_a_client_may_post_its_request() -> None:  # OpenID Connect Core §3.1.2.1: GET and POST
    it = world()
    url, _ = it.query(scope="openid read")
    browser = Browser(enforce_csrf_checks=True)
    browser.cookies = it.signed_in(ED).cookies
    answer = browser.post(
        "/oauth/authorize", urlsplit(url).query, content_type=FORM, headers={"Origin": "https://app.example"}
    )
    assert (answer.status_code, answer["Location"]) == (303, url)
    assert browser.get(answer["Location"]).status_code == 200
    for body in (urlsplit(url).query + "&x=é", "client_id=" + "a" * 9000, "client_id=a b"):
        assert browser.post("/oauth/authorize", body, content_type=FORM).status_code == 400


def test_who_is_not_signed_in_signs_in_and_comes_back_with_everything() -> None:
    it = world()
    url, _ = it.query(scope="read")
    answer = Browser().get(url)
    assert answer.status_code == 302
    login = urlsplit(answer["Location"])
    assert login.path == settings.LOGIN_URL
    back = parse_qs(urlsplit(parse_qs(login.query)["next"][0]).query)
    assert back == parse_qs(urlsplit(url).query)


def test_prompt_none_never_shows_a_page() -> None:  # OpenID Connect Core §3.1.2.6
    it = world()
    url, _ = it.query(prompt="none")
    assert error(Browser().get(url)) == "login_required"
    browser = it.signed_in(ED)
    assert error(browser.get(url)) == "consent_required"
    it.consent(browser)
    assert "code" in redirected(browser.get(url))


def test_prompt_login_asks_for_the_password_again_and_then_goes_on() -> None:  # OpenID Connect Core §3.1.2.1
    it = world()
    url, _ = it.query(prompt="login consent")
    answer = it.signed_in(ED).get(url)
    assert answer.status_code == 302
    onward = parse_qs(urlsplit(answer["Location"]).query)["next"][0]
    assert parse_qs(urlsplit(onward).query)["prompt"] == ["consent"]


def test_max_age_asks_for_a_younger_sign_in() -> None:  # OpenID Connect Core §3.1.2.1, RFC 9470 §4
    it = world()
    browser = it.signed_in(ED)
    session = browser.session
    session["account_authentication_methods"][0]["at"] -= 3600
    session.save()
    url, _ = it.query(max_age="600")
    confirm = browser.get(url)["Location"]
    assert "reauthenticate" in confirm
    assert "before you go on to <b><bdi>deploy-mcp</bdi></b>" in browser.get(confirm).text
    url, _ = it.query(max_age="7200")
    assert browser.get(url).status_code == 200


def test_approval_prompt_auto_in_the_clients_query_skips_nothing() -> None:  # RFC 6749 §10.2
    it = world()
    browser = it.signed_in(ED)
    it.consent(browser, scope="read")
    url, _ = it.query(scope="read write", approval_prompt="auto")
    assert browser.get(url).status_code == 200


def test_consent_is_asked_again_only_when_scopes_grow() -> None:  # OpenID Connect Core §3.1.2.4
    it = world()
    browser = it.signed_in(ED)
    it.consent(browser, scope="read")
    url, _ = it.query(scope="read")
    assert "code" in redirected(browser.get(url))
    url, _ = it.query(scope="read", prompt="consent")
    assert browser.get(url).status_code == 200
    url, _ = it.query(scope="read write")
    assert browser.get(url).status_code == 200


def test_without_scope_the_default_scopes_are_asked_for() -> None:  # RFC 6749 §3.3
    it = world()
    assert it.tokens(it.signed_in(ED))["scope"] == "read"
    assert it.tokens(it.signed_in("flo@consumer.example"), scope="openid offline_access")["scope"] == "read"


def test_hidden_fields_cannot_widen_what_is_granted() -> None:  # RFC 6749 §3.3
    it = world()
    browser = it.signed_in(ED)
    url, verifier = it.query(scope="read run")
    page = browser.get(url)
    assert 'value="run"' not in page.content.decode()
    form = {"scopes": ["read", "run", "write"], "scope": "read write run", "allow": "true"}
    answer = it.exchange(redirected(it.answer(browser, url, **form))["code"], verifier)
    assert answer.json()["scope"] == "read"


def test_unticking_leaves_a_scope_out_and_all_of_them_is_access_denied() -> None:  # RFC 6749 §3.3, §4.1.2.1
    it = world()
    browser = it.signed_in(ED)
    url, verifier = it.query(scope="read write")
    code = redirected(it.answer(browser, url, scopes=["write"]))["code"]
    assert it.exchange(code, verifier).json()["scope"] == "write"
    assert error(it.answer(it.signed_in("flo@consumer.example"), url)) == "access_denied"


@pytest.mark.parametrize("form", [{"action": "deny"}, {"action": "allow"}, {"action": ""}])
def test_a_refused_or_empty_consent_writes_nothing(form: dict[str, str]) -> None:  # Rule 3
    it = world()
    url, _ = it.query()
    assert error(it.answer(it.signed_in(ED), url, **form)) == "access_denied"
    assert nothing_written(it, ED)


def test_a_get_shows_the_page_and_writes_nothing() -> None:
    it = world()
    url, _ = it.query(scope="read")
    assert it.signed_in(ED).get(url).status_code == 200
    assert nothing_written(it, ED)


def test_an_active_member_becomes_no_end_user() -> None:
    it = world()
    user = cast.member(it.tenant, "alice@acme.example")
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), user, it.application)
    facts = it.facts(it.tokens(it.signed_in("alice@acme.example"), scope="run")["access_token"])
    assert facts["sub"] == str(user.id)
    assert facts["scope"] == "run"
    assert facts["plan_tier"] is None
    assert facts["rate_limit"] is None
    with tenant_context(it.tenant.id):
        assert not EndUser.objects.exists()


def test_the_pages_policy_admits_the_clients_redirect_target_and_no_frames() -> None:  # RFC 9700 §4.16
    it = world()
    url, _ = it.query()
    policy = it.signed_in(ED).get(url)["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:7;" in policy + ";"
    assert "frame-ancestors 'none'" in policy


def test_a_scope_behind_a_second_factor_leads_to_it_when_asked_for() -> None:  # RFC 9470 §5
    it = world()
    user = cast.member(it.tenant, "alice@acme.example")
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), user, it.application, requires_mfa=True)
    cast.bind(it.tenant, cast.role(it.tenant, "Plain", ["read"]), user, it.application)
    url, verifier = it.query(scope="read run")
    browser = it.signed_in("alice@acme.example")
    answer = browser.get(url)
    step_up = urlsplit(answer["Location"])
    assert step_up.path == "/account/step-up/"
    onward = parse_qs(step_up.query)
    assert onward["next"] == [url]
    page = browser.get(onward["without"][0])
    assert "Needs your second factor" in page.content.decode()
    code = redirected(it.answer(browser, onward["without"][0], scopes=["read", "run"]))["code"]
    token = it.exchange(code, verifier).json()
    assert token["scope"] == "read"
    facts = it.facts(token["access_token"])
    assert facts["pending"] == [{"scope": "run", "reason": "pending_step_up"}]
    assert facts["acr"] == "urn:authsec:acr:pwd"

    token = it.tokens(it.signed_in("alice@acme.example", mfa=True), scope="read run")
    assert set(token["scope"].split()) == {"read", "run"}
    facts = it.facts(token["access_token"])
    assert facts["acr"] == "urn:authsec:acr:mfa"
    assert "mfa" in facts["amr"]
    assert "pending" not in facts


def test_a_default_scope_behind_a_second_factor_never_forces_it() -> None:  # RFC 9470 §4
    it = world()
    user = cast.member(it.tenant, "alice@acme.example")
    cast.bind(it.tenant, cast.role(it.tenant, "R", ["read"]), user, it.application, requires_mfa=True)
    url, _ = it.query()
    page = it.signed_in("alice@acme.example").get(url)
    assert page.status_code == 200
    assert "Confirm now" in page.content.decode()
    assert error(it.answer(it.signed_in("alice@acme.example"), url, scopes=["read"])) == "access_denied"


def test_redirect_uris_keep_their_own_query() -> None:  # RFC 6749 §3.1.2
    it = world()
    uri = "https://app.example/cb?x=1"
    it.client = public_client(redirect_uris=[uri])
    url, _ = it.query(redirect_uri=uri)
    answer = it.answer(it.signed_in(ED), url, scopes=["read"])
    assert answer["Location"].startswith("https://app.example/cb?x=1&code=")
    assert REDIRECT_URI not in answer["Location"]


def test_a_client_registered_for_one_application_needs_no_resource_and_reaches_no_other() -> (
    None
):  # RFC 8707 §2
    from django.utils import timezone

    from authsec.audit.actor import SYSTEM
    from oauth.clients import creation as clients

    it = world()
    other = cast.application(it.tenant, "wiki-mcp", ["read"])
    with tenant_context(it.tenant.id):
        it.client, _ = clients.create_for_tenant(
            tenant_id=it.tenant.id,
            name="Portal",
            redirect_uris=[REDIRECT_URI],
            application_ids=[it.application.id],
            actor=SYSTEM,
            now=timezone.now(),
        )
    token = it.tokens(it.signed_in(ED), resource=None)
    assert it.facts(token["access_token"])["aud"] == it.resource
    url, _ = it.query(resource=other.resource_uri)
    assert error(it.signed_in(ED).get(url)) == "invalid_target"
    elsewhere = world("other")
    elsewhere.client = it.client
    url, _ = elsewhere.query()
    assert error(it.signed_in(ED).get(url)) == "invalid_target"


def test_a_bare_origin_is_one_resource_with_and_without_its_slash() -> None:  # RFC 3986 §6.2.3
    it = world()
    with tenant_context(it.tenant.id):
        Application.objects.update(resource_uri="https://mcp.example")
    code, verifier = it.consent(it.signed_in(ED), resource="https://MCP.example:443/")
    answer = it.exchange(code, verifier, resource="https://mcp.example/").json()
    assert it.facts(answer["access_token"])["aud"] == "https://mcp.example"
