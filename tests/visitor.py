"""A person with a browser: headless Chromium on the product's own pages, the way a hand would use them."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from scripts.chromium import find
from tests.plain_client import Person, demo_person, mailed_link
from tests.servers import Service

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
PATIENCE_MS = 45_000
expect.set_options(timeout=PATIENCE_MS)
_addresses = itertools.count(1)

# Runs before any script of the page: counts what the policy refused.
COUNT_VIOLATIONS = """
window.__violations = [];
document.addEventListener('securitypolicyviolation', (event) =>
  window.__violations.push(event.violatedDirective + ' ' + (event.blockedURI || event.sourceFile || 'inline')));
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """One headless Chromium. Playwright keeps a loop on this thread while it runs: no ORM meanwhile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """One person with a browser profile of their own, coming from an address of their own."""

    def __init__(self, browser: Browser, service: Service, **options: Any) -> None:
        number = next(_addresses)
        self.service = service
        self.address = f"198.51.{100 + number // 250}.{1 + number % 250}"
        self.messages: list[str] = []
        self.context: BrowserContext = browser.new_context(
            viewport=options.pop("viewport", {"width": 1280, "height": 900}),
            extra_http_headers={"X-Forwarded-For": self.address},
            **options,
        )
        self.context.set_default_timeout(PATIENCE_MS)
        if options.get("java_script_enabled", True):
            self.context.add_init_script(COUNT_VIOLATIONS)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.messages.append(f"error: {error}"))

    def close(self) -> None:
        for cookie in self.context.cookies():
            if cookie.get("name") == "authsec_session":
                self.service.keep(cookie.get("value"))
        self.context.close()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.messages.append(f"{message.type}: {message.text}")

    def violations(self) -> list[str]:
        """What the content security policy refused on the page shown, and every message that speaks of it."""
        counted: list[str] = self.page.evaluate("window.__violations || []")
        told = [text for text in self.messages if "Content Security Policy" in text or "Refused to" in text]
        return counted + told

    def go(self, path: str) -> Page:
        """Open a page of the product (a path) or any address; a server error fails at once."""
        url = self.service.url(path) if path.startswith("/") else path
        # Without an answer the browser was there already, all but the fragment: it loaded nothing.
        answer = self.page.goto(url) or self.page.reload()
        assert answer is not None
        assert answer.status < 500, f"{answer.status} at {url}"
        return self.page

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def sign_in(self, who: dict[str, Any], *, second_factor: bool = True, then: str = "/") -> "Visitor":
        """Sign in with e-mail and password, and a code where the account has an authenticator."""
        self.go(f"/accounts/login/?next={then}")
        self.fill_sign_in(who, second_factor=second_factor)
        return self

    def become(self, key: str) -> "Visitor":
        """Be a person of the demo who signed in earlier: their cookies, without the forms."""
        return self.share_cookies(demo_person(self.service, key))

    def share_cookies(self, person: Person) -> "Visitor":
        """Go on as somebody who signed in without a browser."""
        jar = person.http.cookies
        self.context.add_cookies(
            [{"name": name, "value": value, "url": self.service.base_url} for name, value in jar.items()]
        )
        return self

    def fill_sign_in(self, who: dict[str, Any], *, second_factor: bool = True) -> None:
        """Fill the sign-in form that is shown."""
        self.page.fill("input[name=login]", who["email"])
        self.page.fill("input[name=password]", who["password"])
        self.submit("input[name=password]")
        if who.get("totp_secret") and second_factor:
            expect(self.page.locator("input[name=code]").first).to_be_visible()
            self.give_code(who["totp_secret"])

    def give_code(self, secret: str) -> None:
        """Type the authenticator's next code into the form that is shown."""
        self.page.locator("input[name=code]").first.fill(self.service.authenticator(secret).next_code())
        self.submit("input[name=code]")

    def press(self, button: str) -> None:
        """Press the first such button and wait for the page that answers: the one that goes may look the same."""
        with self.page.expect_navigation(wait_until="load"):
            self.page.locator(button).first.click()

    def submit(self, inside: str) -> None:
        """Press the main button of the form that holds this field, and wait for the next page."""
        form = self.page.locator("form", has=self.page.locator(inside)).first
        button = form.locator("button.primary, button[type=submit], button:not([type])").first
        with self.page.expect_navigation(wait_until="load"):
            button.click()

    def sign_up(self, email: str, password: str, *, then: str | None = None) -> None:
        """Make an account on the sign-up page (the one shown, unless ``then`` names where to go next)."""
        if then is not None:
            self.go(f"/accounts/signup/?next={then}")
        self.service.keep(password)
        self.page.fill("input[name=email]", email)
        self.page.fill("input[name=password1]", password)
        self.submit("input[name=password1]")

    def confirm_address(self, email: str) -> None:
        """Follow the verification link and press its button when it has one."""
        self.go(mailed_link(self.service, email, containing="confirm"))
        button = self.page.locator("main form button.primary")
        if "confirm-email" in self.page.url and button.count():
            with self.page.expect_navigation(wait_until="load"):
                button.first.click()

    def allow(self, *, only: set[str] | None = None) -> None:
        """Press Allow on the consent page, having unticked every scope that ``only`` does not name."""
        expect(self.page.locator("button[name=action][value=allow]")).to_be_visible()
        if only is not None:
            for box in self.page.locator("input[name=scopes]").all():
                if box.is_enabled():
                    box.set_checked((box.get_attribute("value") or "") in only)
        self._answer("allow")

    def deny(self) -> None:
        """Press the button that refuses on the consent page."""
        self._answer("deny")

    def _answer(self, action: str) -> None:
        # The answer leaves for the client's loopback listener: another origin, which form-action has to admit.
        self.page.locator(f"button[name=action][value={action}]").click()
        self.page.wait_for_url(lambda url: not url.startswith(self.service.base_url), wait_until="load")
