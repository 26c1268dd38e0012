"""A passkey in a real browser, with Chromium's own virtual authenticator: what only a browser shows."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.plain_client import newcomer
from tests.servers import Service
from tests.visitor import Visitor
from tests.walks import walk

pytestmark = walk.marks
# The browser suggests no passkeys by itself on a page with this mark in its address.
SILENT = """if (location.hash === "#silent" && window.PublicKeyCredential)
  PublicKeyCredential.isConditionalMediationAvailable = async () => false;"""


def authenticator(visitor: Visitor, **more: Any) -> None:
    """Plug a platform authenticator into the visitor's browser; its owner's finger is always right."""
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("WebAuthn.enable", {"enableUI": False})
    traits = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": traits | more})


def test_a_passkey_is_made_in_a_step_up_signs_in_and_confirms(
    service: Service, visit: Callable[..., Visitor]
) -> None:
    """Web Authentication §5.1.3 and §5.1.4: what the script makes of the browser's answers, the server takes."""
    person, email = newcomer(service)
    visitor = visit().share_cookies(person)
    visitor.context.add_init_script(SILENT)
    authenticator(visitor)
    page = visitor.go("/account/step-up/?next=/account/name/")
    page.get_by_role("link", name="Add a passkey").click()
    page.fill("input[name=name]", "Work laptop")
    page.get_by_role("button", name="Add it").click()
    codes = page.locator("ol.codes code")
    expect(codes.first).to_be_visible()  # the answer is another page: reading sooner reads the one that goes
    service.keep(*codes.all_inner_texts())
    page.get_by_role("link", name="Go on").click()
    page.wait_for_url("**/account/name/")
    visitor.go("/account/passkeys/")
    expect(page.locator("main")).to_contain_text("Signs you in by itself")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("alert")).to_contain_text("has a passkey for your account already")

    visitor.context.clear_cookies()  # signing out would lead to a page that already signs in again
    visitor.go("/accounts/login/?next=/account/step-up/%3Fnext=/account/passkeys/#silent")
    page.get_by_role("button", name="Continue with a passkey").click()
    page.wait_for_url("**/account/step-up/**")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/account/passkeys/")
    expect(page.locator("main")).to_contain_text("Work laptop")

    visitor.context.clear_cookies()
    page.goto(service.url("/accounts/login/?next=/account/passkeys/"), wait_until="commit")
    # Suggested by the browser, and this one answers by itself.
    page.wait_for_url(lambda url: "/accounts/login/" not in url)
    expect(page.locator("main")).to_contain_text("Work laptop")
    visitor.go("/account/")
    expect(page.locator("main")).to_contain_text("with passkey")
    assert visitor.violations() == []
    assert email in page.locator("main").inner_text()


@pytest.mark.parametrize("script", [True, False])
def test_where_there_is_no_passkey_support_the_pages_do_not_offer_it(
    service: Service, visit: Callable[..., Visitor], script: bool
) -> None:
    visitor = visit(java_script_enabled=script)
    if script:
        visitor.context.add_init_script("delete window.PublicKeyCredential")
    page = visitor.go("/accounts/login/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_role("button", name="Continue with a passkey")).to_be_hidden()
    expect(page.locator(".or")).to_be_hidden()
