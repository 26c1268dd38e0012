"""What every walk does: an operator's hand in the console, and what a token is worth right now."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.servers import Service
from tests.visitor import Visitor

marks = [pytest.mark.slow, pytest.mark.browser]


def consenting(visitor: Visitor) -> "object":
    """The ``consent`` of an AI client for somebody who is signed in already."""

    def consent(url: str) -> None:
        visitor.go(url)
        visitor.allow()

    return consent


def open_end_user(operator: Visitor, tenant: str, email: str) -> Page:
    """Find somebody on the End Users page by e-mail and open their page."""
    page = operator.go(f"/t/{tenant}/end-users/?q={email}")
    row = page.locator("tbody tr", has_text=email).first
    expect(row).to_be_visible()
    row.locator("a").first.click()
    page.wait_for_url("**/end-users/*/**")
    expect(page.locator("main")).to_contain_text(email)
    return page


def suspend(operator: Visitor, tenant: str, email: str, reason: str = "leaked key") -> None:
    """Suspend an end user with a reason, on the page and in its dialog."""
    page = open_end_user(operator, tenant, email)
    page.get_by_role("link", name="Suspend").first.click()
    page.locator("form.dialog [name=reason]").fill(reason)
    page.locator("form.dialog button.danger").click()
    expect(page.locator(".page-head h1")).to_contain_text("Suspended")


def reactivate(operator: Visitor, tenant: str, email: str) -> None:
    """Reactivate an end user, on the page and in its dialog."""
    page = open_end_user(operator, tenant, email)
    page.get_by_role("link", name="Reactivate").first.click()
    page.locator("form.dialog button.primary").click()
    expect(page.locator(".page-head h1")).to_contain_text("Active")


def active(service: Service, token: str, *, by: str) -> bool:
    """Whether the Application ``by`` would let this token in right now."""
    return bool(service.introspect(token, by=by)["active"])


def scopes(service: Service, token: str, *, by: str) -> set[str]:
    """The scopes that this token carries right now."""
    return set(service.introspect(token, by=by).get("scope", "").split())


def make_group(operator: Visitor, name: str, *, members: list[str]) -> Page:
    """Make a group in acme-corp and put people into it by e-mail; shows its page."""
    page = operator.go("/t/acme-corp/authz/groups/")
    page.get_by_role("link", name="Create group").first.click()
    page.locator("main [name=name]").fill(name)
    page.locator("main form button.primary").click()
    expect(page.locator(".page-head h1")).to_contain_text(name)
    add_to_group(page, members)
    return page


def add_to_group(page: Page, members: list[str]) -> None:
    """From the group's page that is shown: paste addresses, have them checked, and add those people."""
    page.get_by_role("link", name="Add people").first.click()
    page.locator("[name=people]").fill("\n".join(members))
    page.get_by_role("button", name="Check the list").click()
    page.get_by_role("button", name=re.compile(r"^Add \d+ p")).click()
    for email in members:
        expect(page.locator("table", has_text="Members of this group")).to_contain_text(email)


def remove_from_group(page: Page, email: str) -> None:
    """Take somebody out of the group whose page is shown."""
    row = page.locator("tr", has_text=email)
    row.get_by_role("link", name="Remove").click()
    page.locator("form.dialog button.danger, form.dialog button.primary").click()
    expect(row).to_have_count(0)


def give_role(page: Page, role: str, application: str, *, mfa_within: str = "") -> None:
    """Bind the group whose page is shown to a role on an Application, in the one form."""
    page.get_by_role("link", name="Give access").first.click()
    form = page.locator("form#give")
    form.locator("[name=role]").select_option(label=role)
    form.locator("[name=application]").select_option(label=application)
    form.locator("[name=mfa_within]").select_option(value=mfa_within)
    form.locator("[name=reason]").fill("a walk")
    form.locator("button.primary").click()
    expect(page.locator("table", has_text="Bindings of this group")).to_contain_text(role)
