"""Whatever is sent, the protocol answers with a reason and never with a 500."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oauth.world import REDIRECT_URI, basic, world

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
QUIET = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NAMES = st.sampled_from(
    [
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "resource",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "max_age",
        "acr_values",
        "nonce",
        "grant_type",
        "code",
        "code_verifier",
        "refresh_token",
        "client_secret",
        "token",
        "token_type_hint",
        "client_ip",
        "request",
        "response_mode",
        "login_hint",
        "claims",
        "ui_locales",
    ]
)
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "code",
            "S256",
            "plain",
            "none",
            "login",
            "refresh_token",
            "authorization_code",
            "client_credentials",
            "http://[",
            "//",
            "\x00",
            "\ud7ff",
            "a" * 3000,
            "0",
            "-1",
            "1e9",
            "{}",
            "[]",
            "%",
            "\r\nX: y",
            "openid",
        ]
    ),
)
FORMS = st.lists(st.tuples(NAMES, VALUES), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = st.sampled_from(
    [
        "redirect_uris",
        "client_name",
        "token_endpoint_auth_method",
        "grant_types",
        "response_types",
        "client_uri",
        "logo_uri",
        "scope",
        "contacts",
        "jwks",
        "software_id",
    ]
)


@pytest.fixture
def it() -> Any:
    return world()


@QUIET
@given(form=FORMS)
def test_the_authorize_endpoint(it: Any, form: list[tuple[str, str]]) -> None:
    url, _ = it.query()
    browser = Browser()
    for target in (f"/oauth/authorize?{urlencode(form)}", f"{url}&{urlencode(form)}"):
        assert browser.get(target).status_code in (302, 400)
        assert browser.post(target, {"action": "allow"}).status_code in (302, 303, 400)


@QUIET
@given(form=FORMS)
def test_the_authorize_endpoint_for_somebody_signed_in(it: Any, form: list[tuple[str, str]]) -> None:
    browser = it.signed_in("ed@consumer.example")
    url, _ = it.query(**{name: value for name, value in form if name not in ("client_id", "redirect_uri")})
    assert browser.get(url).status_code in (200, 302, 400)
    assert browser.post(url, {"action": "allow", "scopes": ["read"]}).status_code in (302, 303, 400, 409)


@QUIET
@given(form=FORMS)
def test_the_token_revocation_and_introspection_endpoints(it: Any, form: list[tuple[str, str]]) -> None:
    body = urlencode([("client_id", it.client.client_id), *form])
    for path in ("/oauth/token", "/oauth/revoke", "/oauth/introspect"):
        for headers in ({}, basic(*it.credential)):
            answer = Browser().post(
                path, body, content_type="application/x-www-form-urlencoded", headers=headers
            )
            assert answer.status_code in (200, 400, 401), (path, body)


@QUIET
@given(raw=st.binary(max_size=200))
def test_raw_bytes(it: Any, raw: bytes) -> None:
    for path in ("/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/register"):
        for media in ("application/x-www-form-urlencoded", "application/json", "text/plain"):
            answer = Browser().post(path, raw, content_type=media, headers=basic(*it.credential))
            assert answer.status_code in (200, 400, 401), (path, media, raw)


@QUIET
@given(document=JSON, members=st.dictionaries(MEMBERS, JSON, max_size=5))
def test_registration(it: Any, document: Any, members: dict[str, Any]) -> None:
    for body in (document, members, {"redirect_uris": [REDIRECT_URI]} | members):
        answer = Browser().post("/oauth/register", json.dumps(body), content_type="application/json")
        assert answer.status_code in (201, 400, 429), body
