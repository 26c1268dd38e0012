"""OpenID Connect: the id_token, userinfo and discovery, each against the section that asks for it."""

import base64
import hashlib
import json
import time
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import KeySet

from authsec.audit.actor import SYSTEM
from authsec.database.context import system_context, tenant_context
from authz.models import Application
from endusers import operations as endusers
from endusers.models import EndUser
from oauth.models import AccessToken, Consent
from tenants.models import Profile
from tests.oauth.world import ED, World, public_client, redirected, world
from tests.statements import statements

pytestmark = pytest.mark.django_db


def web_app(**client: Any) -> World:
    """The world with a web app, that signs people in, in place of its MCP server."""
    it = world()
    with tenant_context(it.tenant.id):
        Application.objects.filter(pk=it.application.pk).update(kind="web_app")
    if client:
        it.client = public_client("Web App", **client)
    return it


def jwks() -> KeySet:
    return KeySet.import_key_set(Browser().get("/oauth/jwks").json())


def claims(id_token: str, algorithm: str = "RS256") -> dict[str, Any]:
    """What the id_token says, its signature checked against the published keys."""
    return jwt.decode(id_token, jwks(), algorithms=[algorithm]).claims


def userinfo(token: str, method: str = "get") -> Any:
    return getattr(Browser(), method)("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})


def suspend(it: World, email: str) -> None:
    with tenant_context(it.tenant.id):
        user = EndUser.objects.get(user__identity__email=email)
        endusers.suspend(
            tenant_id=it.tenant.id, user_id=user.user_id, reason="x", actor=SYSTEM, now=timezone.now()
        )


def test_the_id_token_says_who_signed_in_to_whom_when_and_how() -> None:  # OpenID Connect Core §2, §3.1.3.6
    it = web_app()
    got = it.tokens(it.signed_in(ED), scope="openid", nonce="n-0S6_WzA2Mj")
    said = claims(got["id_token"])
    introspected = it.facts(got["access_token"])
    half = hashlib.sha256(got["access_token"].encode()).digest()[:16]
    assert said["iss"] == settings.ISSUER
    assert said["aud"] == it.client.client_id
    assert said["sub"] == introspected["sub"]
    assert said["nonce"] == "n-0S6_WzA2Mj"
    assert said["exp"] - said["iat"] == settings.ACCESS_TOKEN_SECONDS
    assert said["auth_time"] == introspected["auth_time"] < said["iat"]
    assert (said["acr"], said["amr"]) == ("urn:authsec:acr:pwd", ["pwd"])
    assert said["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert not {"email", "name"} & set(said)


def test_a_second_factor_stands_in_acr_and_amr() -> None:  # OpenID Connect Core §2
    it = web_app()
    said = claims(it.tokens(it.signed_in(ED, mfa=True), scope="openid")["id_token"])
    assert said["acr"] == "urn:authsec:acr:mfa"
    assert set(said["amr"]) >= {"pwd", "otp"}


def test_without_openid_there_is_no_id_token_whatever_else_is_asked() -> None:  # OpenID Connect Core §3.1.2.1
    it = world()
    for scope in (None, "read", "email profile", "read email"):
        got = it.tokens(it.signed_in(ED), scope=scope)
        assert "id_token" not in got, scope
        assert userinfo(got["access_token"]).status_code == 403


def test_a_web_apps_sign_in_needs_standing_alone_and_its_token_works() -> None:  # Rule 5
    it = web_app()
    got = it.tokens(it.signed_in(ED), scope="openid email")
    assert got["scope"] == "openid email"
    facts = it.facts(got["access_token"])
    assert facts["active"] is True
    assert facts["scope"] == "openid email"
    assert "scope_filtered" not in facts
    assert userinfo(got["access_token"]).json()["email"] == ED


def test_for_an_mcp_server_openid_alone_counts_as_no_scope_and_still_signs_in() -> None:  # Rule 5
    it = world()
    got = it.tokens(it.signed_in(ED), scope="openid")
    assert got["scope"] == it.facts(got["access_token"])["scope"] == "read"
    assert claims(got["id_token"])["sub"] == it.facts(got["access_token"])["sub"]


def test_email_and_name_come_from_what_the_person_shares_with_this_tenant() -> None:  # Core §5.4
    it = web_app()
    first = it.tokens(it.signed_in(ED), scope="openid email profile")
    with tenant_context(it.tenant.id):
        Profile.objects.filter(email=ED).update(display_name="Ed of Acme")
    got = it.refresh(first["refresh_token"]).json()
    expected = {"email": ED, "email_verified": True, "name": "Ed of Acme"}
    for said in (claims(got["id_token"]), userinfo(got["access_token"]).json()):
        assert {name: said[name] for name in expected} == expected
    with tenant_context(it.tenant.id):
        Profile.objects.filter(email=ED).update(email="ed@unproved.example")
    assert userinfo(got["access_token"]).json()["email_verified"] is False


def test_what_was_left_unticked_is_told_nobody() -> None:  # OpenID Connect Core §5.4, consent
    it = web_app()
    code, verifier = it.consent(it.signed_in(ED), only=["email"], scope="openid email profile")
    got = it.exchange(code, verifier).json()
    assert "name" not in claims(got["id_token"])
    assert set(userinfo(got["access_token"]).json()) == {"sub", "email", "email_verified"}
    again = it.refresh(got["refresh_token"], scope="openid email profile").json()
    assert "error" in again or "name" not in claims(again["id_token"])


def test_nothing_posted_widens_what_a_client_learns() -> None:
    it = web_app()
    code, verifier = it.consent(it.signed_in(ED), only=["openid", "email", "profile"], scope="openid")
    assert set(userinfo(it.exchange(code, verifier).json()["access_token"]).json()) == {"sub"}


def test_the_person_is_asked_again_when_a_client_wants_to_learn_more() -> None:  # Core §3.1.2.4
    it = web_app()
    browser = it.signed_in(ED)
    it.tokens(browser, scope="openid")
    url, _ = it.query(scope="openid", prompt="none")
    assert "code" in redirected(browser.get(url))
    url, _ = it.query(scope="openid email", prompt="none")
    assert redirected(browser.get(url))["error"] == "consent_required"
    page = browser.get(it.query(scope="openid email")[0])
    assert page.status_code == 200
    assert "See your e-mail address" in page.content.decode()
    with tenant_context(it.tenant.id):
        assert Consent.objects.get().scopes == ["openid"]


def test_a_refresh_renews_the_id_token_without_a_nonce_and_keeps_auth_time() -> None:  # Core §12.2
    it = web_app()
    got = it.tokens(it.signed_in(ED), scope="openid email", nonce="n-1")
    first = claims(got["id_token"])
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        again = it.refresh(got["refresh_token"]).json()
        second = claims(again["id_token"])
    assert "nonce" not in second
    same = ("iss", "sub", "aud", "auth_time", "acr", "amr", "email")
    assert [first[name] for name in same] == [second[name] for name in same]
    assert second["iat"] >= first["iat"] + 299
    assert first["at_hash"] != second["at_hash"]


def test_a_refresh_that_names_less_gets_less_and_loses_nothing() -> None:  # RFC 6749 §6
    it = web_app()
    got = it.tokens(it.signed_in(ED), scope="openid email read")
    assert got["scope"] == "openid email read"
    less = it.refresh(got["refresh_token"], scope="read").json()
    assert less["scope"] == "read"
    assert "id_token" not in less
    sign_in = it.refresh(less["refresh_token"], scope="openid").json()
    assert sign_in["scope"] == "openid"
    assert "email" not in claims(sign_in["id_token"])
    assert it.refresh(sign_in["refresh_token"]).json()["scope"] == "openid email read"


def test_the_client_chooses_es256_and_nothing_weaker() -> None:  # OpenID Connect Registration §2, Core §15.1
    it = web_app(id_token_signed_response_alg="ES256")
    got = it.tokens(it.signed_in(ED), scope="openid")
    assert claims(got["id_token"], "ES256")["aud"] == it.client.client_id
    for algorithm in ("none", "HS256", ["RS256"], 1):
        answer = register({"id_token_signed_response_alg": algorithm})
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_client_metadata"
    for algorithm in ("RS256", "ES256"):
        answer = register({"id_token_signed_response_alg": algorithm})
        assert answer.json()["id_token_signed_response_alg"] == algorithm
    assert "id_token_signed_response_alg" not in register({"id_token_signed_response_alg": None}).json()


def register(more: dict[str, Any]) -> Any:
    document = {"redirect_uris": ["https://app.example/cb"]} | more
    return Browser().post("/oauth/register", json.dumps(document), content_type="application/json")


def test_an_id_token_is_no_access_token() -> None:
    it = web_app()
    got = it.tokens(it.signed_in(ED), scope="openid")
    assert it.facts(got["id_token"]) == {"active": False}
    assert userinfo(got["id_token"]).status_code == 401
    answer = Browser().get("/api/me", headers={"Authorization": f"Bearer {got['id_token']}"})
    assert answer.status_code == 401


@pytest.mark.parametrize("method", ["get", "post"])
def test_userinfo_answers_get_and_post_uncached_to_any_origin(method: str) -> None:  # Core §5.3.1, §5.3.2
    it = web_app()
    got = it.tokens(it.signed_in(ED), scope="openid")
    answer = userinfo(got["access_token"], method)
    assert answer.json() == {"sub": it.facts(got["access_token"])["sub"]}
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ({}, 'Bearer realm="AuthSec"'),
        ({"Authorization": "Bearer "}, 'Bearer realm="AuthSec"'),
        ({"Authorization": "Basic eDp5"}, 'Bearer realm="AuthSec"'),
        ({"Authorization": "Bearer as_at_unknown"}, 'error="invalid_token"'),
        ({"Authorization": "Bearer " + "a" * 9_000}, 'error="invalid_token"'),
        ({"Authorization": "Bearer é\x00"}, 'error="invalid_token"'),
    ],
    ids=["nothing", "empty", "Basic", "unknown", "huge", "odd"],
)
def test_userinfo_challenges_who_brings_no_token_of_ours(
    header: dict[str, str], says: str
) -> None:  # RFC 6750 §3
    answer = Browser().get("/oauth/userinfo", headers=header)
    assert answer.status_code == 401
    assert says in answer["WWW-Authenticate"]
    assert ("error=" in answer["WWW-Authenticate"]) == ("invalid_token" in says)


def test_a_token_in_the_address_or_the_body_is_not_taken() -> None:  # RFC 6750 §2.2, §2.3
    it = web_app()
    token = it.tokens(it.signed_in(ED), scope="openid")["access_token"]
    assert Browser().get("/oauth/userinfo", {"access_token": token}).status_code == 401
    assert Browser().post("/oauth/userinfo", {"access_token": token}).status_code == 401
    assert Browser().delete("/oauth/userinfo").status_code == 405


def test_a_suspended_person_gets_no_userinfo_and_no_id_token_until_they_are_back() -> (
    None
):  # Rule 3, Core §5.3.3
    it = web_app()
    got = it.tokens(it.signed_in(ED), scope="openid")
    suspend(it, ED)
    answer = userinfo(got["access_token"])
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]
    assert it.refresh(got["refresh_token"]).json()["error"] == "invalid_grant"
    with tenant_context(it.tenant.id):
        user = EndUser.objects.get(user__identity__email=ED)
        endusers.reactivate(tenant_id=it.tenant.id, user_id=user.user_id, actor=SYSTEM, now=timezone.now())
    assert userinfo(got["access_token"]).status_code == 200
    assert "id_token" in it.refresh(got["refresh_token"]).json()


def test_an_expired_or_revoked_token_tells_nothing() -> None:
    it = web_app()
    got = it.tokens(it.signed_in(ED), scope="openid")
    with tenant_context(it.tenant.id):
        Consent.objects.update(withdrawn_at=timezone.now())
    assert userinfo(got["access_token"]).status_code == 401
    got = it.tokens(it.signed_in(ED), scope="openid")
    with system_context():
        AccessToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert userinfo(got["access_token"]).status_code == 401


def test_userinfo_asks_the_database_once() -> None:
    it = web_app()
    token = it.tokens(it.signed_in(ED), scope="openid email profile")["access_token"]
    with statements() as sent:
        userinfo(token)
    assert len(sent) == 1, sent


def test_an_id_token_costs_one_statement_and_none_where_only_openid_is_asked() -> None:
    it = web_app()
    counts = {}
    for scope in ("read", "openid read", "openid email read"):
        code, verifier = it.consent(it.signed_in(ED), scope=scope)
        with statements() as sent:
            token = it.exchange(code, verifier).json()["refresh_token"]
        exchanged = len(sent)
        with statements() as sent:
            it.refresh(token)
        counts[scope] = (exchanged, len(sent))
    assert counts["openid read"] == counts["read"]
    assert max(counts["openid email read"]) <= 5, counts
    assert counts["openid email read"] == tuple(n + 1 for n in counts["read"])


def test_a_nonce_too_long_to_keep_is_refused_rather_than_cut() -> None:  # Core §3.1.2.1
    it = web_app()
    url, _ = it.query(scope="openid", nonce="n" * 256)
    assert redirected(it.signed_in(ED).get(url))["error"] == "invalid_request"
    said = claims(it.tokens(it.signed_in(ED), scope="openid", nonce="n" * 255)["id_token"])
    assert said["nonce"] == "n" * 255


@pytest.mark.parametrize("path", ["", "/mcp"])
def test_discovery_is_complete_and_says_what_the_oauth_metadata_says(path: str) -> None:  # Discovery §3, §4
    answer = Browser().get(f"/.well-known/openid-configuration{path}")
    assert answer["Access-Control-Allow-Origin"] == "*"
    document = answer.json()
    required = {
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    }
    assert required <= set(document)
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert document["scopes_supported"] == ["openid", "profile", "email"]
    assert document["request_uri_parameter_supported"] is False
    oauth = Browser().get("/.well-known/oauth-authorization-server").json()
    assert oauth.items() <= document.items()


def test_every_claim_that_discovery_lists_is_said() -> None:  # Discovery §3
    it = web_app()
    listed = set(Browser().get("/.well-known/openid-configuration").json()["claims_supported"])
    got = it.tokens(it.signed_in(ED), scope="openid email profile", nonce="n")
    assert listed == set(claims(got["id_token"]))


def test_the_keys_may_be_cached_and_hold_both_algorithms() -> None:  # Core §10.1.1
    answer = Browser().get("/oauth/jwks")
    assert answer["Cache-Control"] == "public, max-age=300"
    assert {key["alg"] for key in answer.json()["keys"]} == {"ES256", "RS256"}


def test_max_age_0_asks_for_a_sign_in_now_and_ends_once_it_was_done() -> None:  # Core §3.1.2.1
    it = web_app()
    url, _ = it.query(scope="openid", max_age="0")
    browser = it.signed_in(ED)  # a minute ago
    answer = browser.get(url)
    assert "reauthenticate" in answer["Location"]
    onward = parse_qs(urlsplit(answer["Location"]).query)["next"][0]
    assert "reauthenticate" in browser.get(onward)["Location"]
    session = browser.session
    session["account_authentication_methods"][0]["at"] = time.time()
    session.save()
    assert browser.get(onward).status_code == 200
    silent, _ = it.query(scope="openid", max_age="0", prompt="none")
    assert redirected(browser.get(silent))["error"] == "login_required"  # §3.1.2.6


def test_login_hint_stands_in_the_sign_in_form() -> None:  # Core §3.1.2.1
    it = web_app()
    url, _ = it.query(scope="openid", login_hint='"><b>ed@consumer.example')
    page = Browser().get(Browser().get(url)["Location"]).content.decode()
    assert 'value="&quot;&gt;&lt;b&gt;ed@consumer.example"' in page
