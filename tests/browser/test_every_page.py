"""Every page: nothing that keeps somebody out, nothing that the security policy refuses, nothing wider than a phone."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, TimeoutError, expect

from tests.browser import pages
from tests.plain_client import newcomer
from tests.servers import Service
from tests.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
AXE = Axe()
BUSY = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added"
GRAVE = ("serious", "critical")
IDLE_MS = 10_000


@pytest.fixture(scope="module")
def operator(browser: Browser, services: Any) -> Iterator[Visitor]:
    """Olga, who owns acme-corp, signed in once for the module."""
    visitor = Visitor(browser, services(4), reduced_motion="reduce").become("olga")
    yield visitor
    visitor.close()


@pytest.fixture(scope="module")
def passer_by(browser: Browser, services: Any) -> Iterator[Visitor]:
    """Nobody in particular."""
    visitor = Visitor(browser, services(4), reduced_motion="reduce")
    yield visitor
    visitor.close()


def grave_findings(page: Page, **options: Any) -> list[str]:
    """What axe finds on the page that would keep somebody out, one line each."""
    results = AXE.run(page, options={"resultTypes": ["violations"], **options}).response
    return [
        f"{finding['impact']} {finding['id']}: {node['target']} {node['html'][:160]}"
        for finding in results["violations"]
        if finding["impact"] in GRAVE
        for node in finding["nodes"][:5]
    ]


# The colours of a theme are all there once the frames after the switch are drawn and nothing moves any more.
DRAWN = """() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() =>
  Promise.allSettled(document.getAnimations().map((one) => one.finished)).then(() => drawn()))))"""


def in_theme(page: Page, scheme: Any) -> None:
    """Switch the page's colour scheme, without motion, and let it draw."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.evaluate(DRAWN)


def assert_good(visitor: Visitor) -> None:
    """The page shown made the policy refuse nothing, fits a phone, and passes in both themes."""
    page = visitor.page
    # Asked first: axe itself tries inline styles, which the policy refuses.
    assert visitor.violations() == []
    assert [text for text in visitor.messages if "status of 4" not in text] == []
    assert page.title().strip()
    assert page.locator("h1").count() == 1, f"{page.url} needs one h1"
    assert "{%" not in page.content(), f"{page.url} shows a tag of its template"
    page.set_viewport_size({"width": 320, "height": 720})
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
    assert wide <= 0, f"{page.url} is {wide} px wider than a screen of 320 px"
    in_theme(page, "light")
    assert grave_findings(page) == [], f"light {page.url}"
    in_theme(page, "dark")
    assert grave_findings(page, runOnly=["color-contrast"]) == [], (
        f"dark {page.url}"
    )  # the only rule that sees it


def open_page(visitor: Visitor, path: str) -> None:
    visitor.page.goto("about:blank")  # what axe left behind on the page before has arrived by now
    visitor.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    visitor.messages.clear()
    visitor.go(path)
    # Panels that load themselves are part of the page. One that asks again each second may never be idle for half of
    # one where answers take their time: it has settled when nothing is on its way.
    with suppress(TimeoutError):
        visitor.page.wait_for_load_state("networkidle", timeout=IDLE_MS)
    expect(visitor.page.locator(BUSY)).to_have_count(0)


@pytest.mark.parametrize("path", pages.pages_first(pages.FOR_OPERATORS))
def test_a_page_for_operators(operator: Visitor, path: str) -> None:
    open_page(operator, pages.address(operator.service, path))
    assert_good(operator)


@pytest.mark.parametrize("path", pages.pages_first(pages.FOR_ANYBODY))
def test_a_page_for_anybody(passer_by: Visitor, path: str) -> None:
    open_page(passer_by, pages.address(passer_by.service, path))
    assert_good(passer_by)


@pytest.fixture(scope="module")
def consumer(browser: Browser, services: Any) -> Iterator[Visitor]:
    """Somebody new, to whom the demo's free tier gives scopes."""
    person, _ = newcomer(services(4))
    visitor = Visitor(browser, services(4), reduced_motion="reduce").share_cookies(person)
    yield visitor
    visitor.close()


@pytest.mark.parametrize("scope", [None, "openid email pr:read pr:write no:such"])
def test_the_consent_page(consumer: Visitor, scope: str | None) -> None:
    open_page(consumer, pages.consent_url(consumer.service, **({"scope": scope} if scope else {})))
    assert consumer.page.locator("button[name=action][value=allow]").count() == 1
    assert_good(consumer)


@pytest.mark.parametrize(
    "more", [{"prompt": "select_account"}, {"login_hint": "somebody.else@walks.example"}]
)
def test_the_page_that_asks_which_account(consumer: Visitor, more: dict[str, str]) -> None:
    open_page(consumer, pages.consent_url(consumer.service, **more))
    assert consumer.page.locator(".account-choice").count() >= 2
    assert_good(consumer)


def test_a_consent_page_on_which_nothing_can_be_allowed(operator: Visitor) -> None:
    open_page(operator, pages.consent_url(operator.service))
    assert operator.page.locator("button[name=action][value=allow]").count() == 0
    assert_good(operator)


def test_a_consent_page_with_scopes_that_wait_for_a_second_factor(operator: Visitor) -> None:
    open_page(operator, pages.consent_url(operator.service, "deploy-mcp"))
    assert_good(operator)


@pytest.mark.parametrize("path", ["/no/such/page", "/t/no-such-tenant/"])
def test_a_page_that_is_not_there(operator: Visitor, path: str) -> None:
    open_page(operator, path)
    assert_good(operator)


def test_an_authorize_request_of_an_unknown_client(operator: Visitor) -> None:
    open_page(operator, "/oauth/authorize?client_id=nobody&response_type=code")
    assert_good(operator)


def test_a_page_that_a_member_may_not_open(browser: Browser, services: Any) -> None:
    service: Service = services(4)
    visitor = Visitor(browser, service).become("carl")
    open_page(visitor, "/t/acme-corp/audit/")
    assert "403" in visitor.page.content() or "not" in visitor.page.inner_text("main")
    assert_good(visitor)
    visitor.close()


def test_the_counter_of_violations_counts(passer_by: Visitor) -> None:
    open_page(passer_by, "/accounts/login/")
    passer_by.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.x = 1'}))"
    )
    assert passer_by.violations() != []


def test_axe_finds_a_grave_fault_where_there_is_one(passer_by: Visitor) -> None:
    open_page(passer_by, "/accounts/login/")
    passer_by.page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert grave_findings(passer_by.page) != []
