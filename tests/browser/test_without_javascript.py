"""The console and the consent page do their work with scripts switched off."""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import pages
from tests.loopback import Loopback
from tests.plain_client import newcomer, register
from tests.servers import Service
from tests.visitor import Visitor
from tests.walks import walk

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def plain(visit: Callable[..., Visitor]) -> Callable[[], Visitor]:
    """A browser profile without scripts."""
    return lambda: visit(java_script_enabled=False)


def test_signing_in_takes_a_person_to_their_tenant(plain: Callable[[], Visitor], service: Service) -> None:
    visitor = plain().sign_in(service.user("adam"))
    assert visitor.path.startswith("/t/acme-corp/")
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("End Users")


@pytest.fixture(scope="module")
def scriptless_operator(browser: Browser, services: Any) -> Iterator[Visitor]:
    """Olga in one browser profile without scripts, for all pages."""
    visitor = Visitor(browser, services(4), java_script_enabled=False).become("olga")
    yield visitor
    visitor.close()


@pytest.mark.long
@pytest.mark.parametrize("path", pages.FOR_OPERATORS)
def test_a_page_shows_its_heading_and_its_forms_have_buttons(scriptless_operator: Visitor, path: str) -> None:
    page = scriptless_operator.go(pages.address(scriptless_operator.service, path))
    expect(page.locator("h1")).to_be_visible()
    for form in page.locator("form[method=post]:visible").all():
        assert form.locator("button, input[type=submit]").count(), "a form that only a script could send"


def test_an_operator_searches_suspends_and_reactivates(
    plain: Callable[[], Visitor], service: Service
) -> None:
    person, email = newcomer(service)
    token = person.token(register(service), resource=service.application("github-mcp")["resource_uri"])
    visitor = plain().become("adam")
    page = visitor.go("/t/acme-corp/end-users/")
    page.locator("input[name=q]").first.fill(email)
    page.locator("input[name=q]").first.press("Enter")
    row = page.locator("tbody tr", has_text=email)
    expect(row).to_have_count(1)
    row.locator("a").first.click()
    page.get_by_role("link", name="Suspend").first.click()
    visitor.press("form:has([name=reason]) button.danger")
    expect(page.locator("form [name=reason][aria-invalid=true]")).to_be_visible()  # a blank reason is refused
    page.locator("[name=reason]").first.fill("asked for by their company")
    visitor.press("form:has([name=reason]) button.danger")
    expect(page.locator("main")).to_contain_text("Suspended")
    assert service.introspect(token["access_token"], by="github-mcp") == {"active": False}
    page.get_by_role("link", name="Reactivate").first.click()
    visitor.press("form.dialog button.primary")
    expect(page.locator(".page-head h1")).to_contain_text("Active")
    assert service.introspect(token["access_token"], by="github-mcp")["active"] is True


def test_an_operator_makes_a_group_gives_it_a_role_and_takes_somebody_out(
    plain: Callable[[], Visitor], service: Service
) -> None:
    name = f"night shift {secrets.token_hex(3)}"
    carl = service.user("carl")["email"]
    page = walk.make_group(plain().become("olga"), name, members=[carl])
    walk.give_role(page, "PR Reader", "github-mcp")
    walk.remove_from_group(page, carl)


def test_a_person_consents_and_the_client_gets_its_code(
    plain: Callable[[], Visitor], service: Service
) -> None:
    with Loopback() as loopback:
        client = register(service, "Scriptless", redirect_uris=[loopback.url])
        person, _ = newcomer(service)
        visitor = plain().share_cookies(person)
        page = visitor.go(
            pages.consent_url(service, client_id=client["client_id"], redirect_uri=loopback.url)
        )
        expect(page.locator("input[name=scopes]").first).to_be_visible()
        visitor.allow()
        assert "code" in loopback.answer()


def test_a_person_finds_out_why_on_effective_access(plain: Callable[[], Visitor], service: Service) -> None:
    visitor = plain().become("olga")
    page = visitor.go("/t/acme-corp/authz/effective-access/")
    field = page.locator("main input[name=user], main input[name=q]").first
    field.fill(service.user("alice")["email"])
    field.press("Enter")
    for word in ("Entitled", "Supported", "Requested", "deploy:run"):
        expect(page.locator("main")).to_contain_text(word)
