"""Consent: nobody's parameter, form or frame gives what the person did not."""

from typing import Any

import pytest
from django.test import Client as Browser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authsec.database.context import tenant_context
from oauth.models import Grant
from tests import cast
from tests.oauth.world import ED, World, boxes, nothing_written, public_client, question, redirected, world

pytestmark = pytest.mark.django_db
ALICE = "alice@acme.example"
BYPASSES = [
    {"approval_prompt": "auto"},
    {"approval_prompt": "force"},
    {"allow": "true"},
    {"action": "allow", "scopes": "read"},
    {"skip_authorization": "true"},
    {"consent": "granted"},
    {"prompt": "select_account", "action": "allow"},
    {"step_up": "skip"},
    {"waiting": "0"},
    {"question": "x", "scopes": "read write run"},
    {"user_id": "1", "sub": "1"},
    {"claims": '{"userinfo":{"email":{"essential":true}}}'},
]


@pytest.mark.parametrize("bypass", BYPASSES, ids=lambda one: next(iter(one)))
def test_no_parameter_of_the_client_takes_the_persons_place(bypass: dict[str, str]) -> None:
    """RFC 6749 §10.2: consent is the person's; OpenID Connect Core §3.1.2.4."""
    it = world()
    browser = it.signed_in(ED)
    url, _ = it.query(scope="read", **bypass)
    assert browser.get(url).status_code == 200
    assert nothing_written(it, ED)
    silent, _ = it.query(scope="read", **(bypass | {"prompt": "none"}))
    assert redirected(browser.get(silent))["error"] == "consent_required"


def test_what_was_allowed_once_covers_this_client_this_resource_and_these_scopes_only() -> None:
    """OpenID Connect Core §3.1.2.4, RFC 9700 §4.16: asked again for anything else."""
    it = world()
    browser = it.signed_in(ED)
    it.consent(browser, scope="read")
    assert "code" in redirected(browser.get(it.query(scope="read")[0]))
    assert browser.get(it.query(scope="read write")[0]).status_code == 200
    assert browser.get(it.query(scope="openid read")[0]).status_code == 200
    other = cast.application(it.tenant, "wiki-mcp", ["read"])
    cast.bind(it.tenant, cast.role(it.tenant, "Wiki", ["read"]), cast.tier(it.tenant), other)
    assert browser.get(it.query(scope="read", resource=other.resource_uri)[0]).status_code == 200
    namesake = public_client("Claude Code")
    assert browser.get(it.query(scope="read", client_id=namesake.client_id)[0]).status_code == 200


def conditioned() -> World:
    """Alice may read always, and run after a second factor."""
    it = world()
    user = cast.member(it.tenant, ALICE)
    cast.bind(it.tenant, cast.role(it.tenant, "Runner", ["run"]), user, it.application, requires_mfa=True)
    cast.bind(it.tenant, cast.role(it.tenant, "Plain", ["read"]), user, it.application)
    return it


def test_skipping_the_second_factor_leaves_its_scopes_out() -> None:  # RFC 9470 §5
    it = conditioned()
    for bypass in ({"acr_values": "urn:authsec:acr:pwd"}, {"acr": "urn:authsec:acr:mfa", "mfa": "true"}):
        url, verifier = it.query(scope="read run", step_up="skip", prompt="consent", **bypass)
        answer = it.answer(it.signed_in(ALICE), url, scopes=["read", "run"], step_up="done", mfa="true")
        token = it.exchange(redirected(answer)["code"], verifier).json()
        assert token["scope"] == "read"
        assert it.facts(token["access_token"])["acr"] == "urn:authsec:acr:pwd"


QUIET = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NAMES = st.lists(
    st.sampled_from(
        ["read", "write", "run", "admin", "openid", "email", "*", "read write run", "api:write", ""]
    ),
    max_size=6,
)


@pytest.fixture
def it() -> World:
    return world()


EXTRA = st.dictionaries(st.sampled_from(["scope", "resource", "granted", "allow"]), st.text(max_size=9))


@pytest.mark.slow
@QUIET
@given(asked=NAMES, posted=NAMES, extra=EXTRA)
def test_no_form_widens_what_is_granted(
    it: World, asked: list[str], posted: list[str], extra: dict[str, str]
) -> None:
    """RFC 6749 §3.3, RFC 9700 §4.7: granted = entitled ∩ supported ∩ requested ∩ shown ∩ ticked."""
    browser = it.signed_in(ED)
    url, verifier = it.query(scope=" ".join(asked) or None, prompt="consent")
    page = browser.get(url)
    assert page.status_code in (200, 302), page.text[:500]
    if page.status_code == 302:
        assert redirected(page)["error"] == "invalid_scope"
        return
    form = extra | {"action": "allow", "scopes": posted, "question": question(page)}
    answer = redirected(browser.post(url, form))
    ticked = set(boxes(page)) & set(posted)
    if "code" not in answer:
        assert answer["error"] == "access_denied"
        assert not ticked - {"email"}
        return
    token = it.exchange(answer["code"], verifier).json()
    assert set(token["scope"].split()) <= ticked <= {"read", "write", "email"}
    assert it.facts(token["access_token"])["aud"] == it.resource


def test_another_site_cannot_send_the_form() -> None:  # RFC 6749 §10.12
    it = world()
    browser = Browser(enforce_csrf_checks=True)
    browser.cookies = it.signed_in(ED).cookies
    url, _ = it.query(scope="read")
    page = browser.get(url)
    form: dict[str, Any] = {"action": "allow", "scopes": ["read"], "question": question(page)}
    answer = browser.post(url, form, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert f'href="{url}"' in answer.text.replace("&amp;", "&"), "and the person finds the way back"
    assert nothing_written(it, ED)


def test_no_frame_shows_the_page_and_no_cache_keeps_it() -> None:  # RFC 6749 §10.13, RFC 9700 §4.16
    it = world()
    answer = it.signed_in(ED).get(it.query(scope="read")[0])
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


def test_another_sites_script_cannot_read_the_page() -> (
    None
):  # RFC 9700 §2.6: no CORS at the authorize endpoint
    it = world()
    url, _ = it.query(scope="read")
    for ask in (Browser().get, Browser().options):
        answer = ask(url, headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
        assert "Access-Control-Allow-Origin" not in answer


def test_other_methods_give_nothing() -> None:
    it = world()
    browser = it.signed_in(ED)
    it.consent(browser, scope="read")
    url, _ = it.query(scope="read")
    for method in ("put", "patch", "delete", "options", "trace"):
        assert getattr(browser, method)(url).status_code == 405
    # RFC 9110 §9.2.1: to look ahead is safe, and answered as to a stranger.
    assert browser.head(url)["Location"].startswith("/accounts/login/")
    assert redirected(browser.head(f"{url}&prompt=none"))["error"] == "login_required"
    with tenant_context(it.tenant.id):
        assert Grant.objects.count() == 1
