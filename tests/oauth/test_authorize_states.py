"""Every state in which the authorize page stands still or goes on: whose account, how old an answer, what grew."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authz.models import Application, Scope
from endusers.models import EndUser
from oauth.clients import creation as clients
from oauth.models import ClientPolicy, Grant
from tests import cast
from tests.oauth.world import ED, World, boxes, nothing_written, redirected, world

pytestmark = pytest.mark.django_db


def after(page: Any, mark: str) -> str:
    """What stands between ``mark`` and the next quotation mark: an attribute's value."""
    return str(page.text.partition(mark)[2].partition('"')[0].replace("&amp;", "&"))


CHOSEN, ANOTHER, LOOK = 'class="account-choice" href="', 'name="next" value="', 'hx-get="'


def codes(it: World) -> int:
    """How many authorization codes the tenant's Applications have given."""
    with tenant_context(it.tenant.id):
        return int(Grant.objects.filter(tenant=it.tenant).count())


def onward(answer: Any) -> dict[str, list[str]]:
    """The parameters of the authorize request that a redirect will come back to."""
    return parse_qs(urlsplit(parse_qs(urlsplit(answer["Location"]).query)["next"][0]).query)


# --- whose account --------------------------------------------------------------------------------


def test_the_sign_in_page_says_who_asks_for_what_and_offers_an_account() -> None:  # RFC 6749 §3.1
    it = world()
    url, _ = it.query(login_hint=ED)
    page = Browser().get(Browser().get(url)["Location"]).text
    assert (
        "<bdi>Claude Code</bdi> asks for <b><bdi>deploy-mcp</bdi></b> at <b><bdi>acme-corp</bdi></b>" in page
    )
    assert f'value="{ED}"' in page
    assert "/accounts/signup/?next=%2Foauth%2Fauthorize" in page


def test_another_account_signs_out_and_comes_back_to_the_same_request() -> None:
    it = world()
    url, _ = it.query(scope="read", login_hint=ED, prompt="consent select_account")
    browser = it.signed_in(ED)
    page = browser.get(
        browser.get(url)
        .text.partition('class="account-choice" href="')[2]
        .partition('"')[0]
        .replace("&amp;", "&")
    )
    assert f"<b><bdi>{ED}</bdi></b>" in page.text
    another = after(page, ANOTHER)
    answer = browser.post("/accounts/logout/", {"next": another})
    assert answer["Location"] == another
    answer = browser.get(another)
    assert urlsplit(answer["Location"]).path == settings.LOGIN_URL
    back, first = onward(answer), parse_qs(urlsplit(url).query)
    assert back.pop("prompt") == ["consent"]
    assert "login_hint" not in back, "whoever wants another account is not asked for the old one"
    assert back == {name: value for name, value in first.items() if name not in ("prompt", "login_hint")}


def test_somebody_else_than_expected_is_asked_rather_than_used() -> None:  # OpenID Connect Core §3.1.2.1
    it = world()
    browser = it.signed_in(ED)
    it.consent(browser, scope="read")
    url, _ = it.query(scope="read", login_hint="alice@acme.example")
    page = browser.get(url)
    assert page.status_code == 200
    assert "expects <b><bdi>alice@acme.example</bdi></b>" in page.text
    assert codes(it) == 1
    silent, _ = it.query(scope="read", login_hint="alice@acme.example", prompt="none")
    assert redirected(browser.get(silent))["error"] == "account_selection_required"  # §3.1.2.6
    for hint in (ED, ED.upper(), "ed", "+4912345"):  # one's own, and what says nothing about anybody
        url, _ = it.query(scope="read", login_hint=hint)
        assert "code" in redirected(browser.get(url))


def test_select_account_asks_and_whoever_stays_is_not_asked_again() -> None:  # Core §3.1.2.1
    it = world()
    browser = it.signed_in(ED)
    it.consent(browser, scope="read")
    url, _ = it.query(scope="read", prompt="select_account")
    page = browser.get(url)
    assert "Which account?" in page.text
    assert "code" in redirected(browser.get(after(page, CHOSEN)))
    document = Browser().get("/.well-known/openid-configuration").json()
    assert document["prompt_values_supported"] == ["none", "login", "consent", "select_account"]


def test_the_wrong_account_has_a_way_out_of_every_page_that_refuses_it() -> None:
    it = world()
    end_user = cast.end_user(it.tenant, ED)
    with tenant_context(it.tenant.id):
        EndUser.objects.filter(pk=end_user.pk).update(status="suspended", suspended_at=timezone.now())
    url, _ = it.query()
    page = it.signed_in(ED).get(url).text
    assert "is suspended" in page
    assert f"{timezone.now():%-d %b %Y}" in page, "since when"
    assert "an administrator of" in page, "whom to ask"
    assert 'form="switch"' in page


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"admission": "members"}, "is for members of"),
        ({"admission": "listed"}, "is for people whom"),
        ({"status": "disabled"}, "is switched off"),
    ],
)
def test_who_is_not_let_in_reads_why_whom_to_ask_and_how_to_be_somebody_else(
    change: dict[str, str], says: str
) -> None:
    it = world()
    with tenant_context(it.tenant.id):
        Application.objects.update(**change, support_contact="help@acme.example")
    url, _ = it.query()
    browser = it.signed_in(ED)
    for answer in (browser.get(url), browser.post(url, {"action": "allow", "scopes": ["read"]})):
        assert answer.status_code == 403
        assert says in answer.text
        assert 'href="mailto:help@acme.example"' in answer.text
        assert 'form="switch"' in answer.text
    assert nothing_written(it, ED)


def test_confirming_who_one_is_names_who_waits_and_leads_back_to_them() -> None:  # Core §3.1.2.3
    it = world()
    browser = it.signed_in(ED)
    page = browser.get(browser.get(it.query(prompt="login")[0])["Location"])
    assert "<b><bdi>Claude Code</bdi></b> wants to be sure" in page.text
    assert "error=access_denied" in after(page, 'class="button" href="')
    assert "prompt" not in after(page, ANOTHER)
    page = browser.get(browser.get(it.query(acr_values="urn:authsec:acr:mfa")[0])["Location"])
    assert "<bdi>Claude Code</bdi> asks for <b><bdi>deploy-mcp</bdi></b> at <b>" in page.text
    assert "Continue without" in page.text


def test_a_person_sees_the_applications_logo_rules_and_support() -> None:
    it = world()
    with tenant_context(it.tenant.id):
        Application.objects.update(
            support_contact="https://acme.example/help",
            privacy_uri="https://acme.example/privacy",
            terms_uri="https://acme.example/terms",
            logo_digest="0" * 64,
        )
    page = it.signed_in(ED).get(it.query()[0]).text
    for link in ("help", "privacy", "terms"):
        assert f'href="https://acme.example/{link}" rel="noopener noreferrer"' in page
    assert f'/logo/{"0" * 64}.png"' in page
    assert "localhost:9101" in page, "the host that the Application proved"


def test_who_can_give_nothing_reads_why_and_whom_to_ask_and_is_not_told_to_go_on() -> None:
    it = world()
    page = it.signed_in(ED).get(it.query(scope="run")[0])
    assert "<bdi>Claude Code</bdi> can’t use <bdi>deploy-mcp</bdi> as you" in page.text
    assert "acme-corp has not given you this" in page.text
    assert "Whom to ask" in page.text
    assert "Go on only if" not in page.text
    assert 'value="allow"' not in page.text


# --- the tenant's word on the client ----------------------------------------------------------------


def waiting() -> tuple[World, Browser, str]:
    it = world()
    with tenant_context(it.tenant.id):
        ClientPolicy.objects.create(tenant=it.tenant, registration_policy="review")
    return it, it.signed_in(ED), it.query()[0]


def test_the_waiting_page_looks_by_itself_calmly_and_goes_on_once_approved() -> None:
    it, browser, url = waiting()
    page = browser.get(url)
    look = after(page, LOOK)
    assert 'hx-trigger="load delay:5s"' in page.text
    assert f'content="15;url={look}"' in page.text.replace("&amp;", "&"), "without JavaScript too"
    htmx = {"HX-Request": "true"}
    still = browser.get(look, headers=htmx)
    assert still.status_code == 200
    assert "<html" not in still.text
    with time_machine.travel(timezone.now() + timedelta(minutes=20), tick=False):
        assert 'hx-trigger="load delay:30s"' in browser.get(look, headers=htmx).text
    with tenant_context(it.tenant.id):
        clients.approve(tenant_id=it.tenant.id, client_id=it.client.pk, actor=SYSTEM, now=timezone.now())
    answer = browser.get(look, headers=htmx)
    assert answer["HX-Redirect"] == url
    assert codes(it) == 0, "a script's request gets no code"
    assert boxes(browser.get(url)) == ["read"]


def test_the_waiting_page_stops_looking_after_an_hour() -> None:
    _, browser, url = waiting()
    look = after(browser.get(url), LOOK)
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        for answer in (browser.get(look), browser.get(look, headers={"HX-Request": "true"})):
            assert "has stopped looking" in answer.text
            assert "hx-get" not in answer.text
            assert "http-equiv" not in answer.text


def test_a_script_never_gets_a_code_even_where_the_person_consented() -> None:  # RFC 6749 §10.2
    it = world()
    browser = it.signed_in(ED)
    it.consent(browser, scope="read")
    url, _ = it.query(scope="read")
    answer = browser.get(url, headers={"HX-Request": "true"})
    assert "Location" not in answer
    assert answer["HX-Redirect"] == url
    assert codes(it) == 1


# --- scopes that shrink and grow ----------------------------------------------------------------------


def test_scopes_that_shrank_ask_nothing_and_the_token_is_smaller() -> None:  # RFC 6749 §3.3
    it = world()
    browser = it.signed_in(ED)
    it.consent(browser, scope="read write")
    with tenant_context(it.tenant.id):
        Scope.objects.filter(name="write").update(ended_at=timezone.now())
    url, verifier = it.query(scope="read write")
    answer = redirected(browser.get(url))
    assert it.exchange(answer["code"], verifier).json()["scope"] == "read"  # and says so, §5.1


def test_scopes_that_grew_ask_for_the_new_ones_and_show_the_others() -> None:
    it = world()
    browser = it.signed_in(ED)
    it.consent(browser, scope="read")
    url, verifier = it.query(scope="read write")
    page = browser.get(url)
    assert boxes(page) == ["write"]
    assert "You allowed before" in page.text
    code = redirected(it.answer(browser, url, scopes=["write"]))["code"]
    assert set(it.exchange(code, verifier).json()["scope"].split()) == {"read", "write"}


def test_whoever_allows_nothing_new_keeps_what_they_allowed_before() -> None:
    it = world()
    browser = it.signed_in(ED)
    it.consent(browser, scope="read")
    url, verifier = it.query(scope="read write")
    code = redirected(it.answer(browser, url))["code"]
    assert it.exchange(code, verifier).json()["scope"] == "read"
    url, _ = it.query(scope="read write")
    assert boxes(browser.get(url)) == ["write"], "what was left out is asked for again"


def test_prompt_consent_asks_for_everything_anew() -> None:  # OpenID Connect Core §3.1.2.1
    it = world()
    browser = it.signed_in(ED)
    it.consent(browser, scope="read write")
    url, verifier = it.query(scope="read write", prompt="consent")
    assert set(boxes(browser.get(url))) == {"read", "write"}
    code = redirected(it.answer(browser, url, scopes=["write"]))["code"]
    assert it.exchange(code, verifier).json()["scope"] == "write"


@pytest.mark.parametrize(
    ("values", "asks"),
    [
        ("urn:authsec:acr:mfa", True),
        ("urn:authsec:acr:mfa urn:authsec:acr:pwd", True),
        ("urn:authsec:acr:pwd urn:authsec:acr:mfa", False),
        ("urn:elsewhere:gold urn:authsec:acr:mfa", True),
        ("urn:elsewhere:gold", False),
    ],
)
def test_acr_values_count_in_order_of_preference(values: str, asks: bool) -> None:  # RFC 9470 §4
    it = world()
    url, _ = it.query(acr_values=values)
    answer = it.signed_in(ED).get(url)
    assert (answer.status_code == 302) is asks
    if asks:
        assert answer["Location"].startswith("/account/step-up/")
