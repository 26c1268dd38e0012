"""Take the README's pictures anew: the screens, light and dark, of a fresh demo.

    .venv/bin/python scripts/screenshots.py [folder [name…]]

Serves the demo from a database of its own, so that the pictures do not depend on what is in `var/`.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authsec.settings")

from authsec.database import embedded  # noqa: E402

SIZE = {"width": 1280, "height": 800}
# name → who looks, and at what
SCREENS = {
    "end-users": ("alex", "/t/alex-tools/end-users/"),
    "team": ("olga", "/t/acme-corp/settings/team/"),
    "general": ("alex", "/t/alex-tools/settings/"),
    "group": ("olga", "group"),
    "application": ("olga", "/t/acme-corp/applications/{github-mcp}/"),
    "tools": ("olga", "/t/acme-corp/applications/{github-mcp}/tools/"),
    "effective-access": ("olga", "/t/acme-corp/authz/effective-access/?user=alice@acme.example"),
}


def main() -> int:
    import django

    django.setup()
    from tests.servers import serving
    from tests.visitor import Visitor, chromium

    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else CHECKOUT / "docs" / "images"
    wanted = sys.argv[2:]
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as var,
        embedded.cluster(),
        serving(Path(var), workers=1) as service,
        chromium() as browser,
    ):
        for name, (who, path) in SCREENS.items():
            if wanted and name not in wanted:
                continue
            for scheme in ("light", "dark"):
                visitor = Visitor(browser, service, viewport=SIZE, color_scheme=scheme).become(who)
                if path == "group":
                    page = visitor.go("/t/acme-corp/authz/groups/")
                    page.get_by_role("link", name="on-call").first.click()
                    page.wait_for_url("**/groups/*/")
                else:
                    path = path.replace("{github-mcp}", service.application("github-mcp")["id"])
                    page = visitor.go(path.replace("alice@acme.example", service.user("alice")["email"]))
                page.wait_for_load_state("networkidle")
                if name == "effective-access":
                    leave_group(page)
                page.screenshot(path=folder / f"{name}-{scheme}.png", animations="disabled")
                visitor.close()
                print(f"{name}-{scheme}.png")
        if not wanted:
            consent(browser, service, folder)
    return 0


def leave_group(page: Any) -> None:
    """Try out beside the answer what leaving a group would take."""
    for field, chosen in (("kind", {"value": "remove_from_group"}), ("object", {"label": "on-call"})):
        with page.expect_response(lambda answer: "what-if" in answer.url):
            page.select_option(f"#what-if-{field}", **chosen)
        page.wait_for_load_state("networkidle")
    page.locator("#what-if-answer", has_text="deploy:run").wait_for()


def consent(browser: object, service: object, folder: Path) -> None:
    """The page that an end user sees, and the one on which they find again what they allowed, for both themes."""
    from tests.browser.pages import consent_url
    from tests.plain_client import Person, register
    from tests.visitor import Visitor

    person = Person(service).sign_up("nina@mail.example")  # type: ignore[arg-type]
    for scheme in ("light", "dark"):
        size = {"width": 900, "height": 800}
        visitor = Visitor(browser, service, viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
        page = visitor.share_cookies(person).go(consent_url(service, scope="pr:read pr:merge"))  # type: ignore[arg-type]
        page.screenshot(path=folder / f"consent-{scheme}.png", animations="disabled")
        visitor.close()
        print(f"consent-{scheme}.png")
    resource = service.application("github-mcp")["resource_uri"]  # type: ignore[attr-defined]
    person.token(register(service, "Claude Code"), resource=resource)  # type: ignore[arg-type]
    for scheme in ("light", "dark"):
        visitor = Visitor(browser, service, viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
        page = visitor.share_cookies(person).go("/account/connections/")  # type: ignore[arg-type]
        page.screenshot(path=folder / f"connections-{scheme}.png", animations="disabled")
        visitor.close()
        print(f"connections-{scheme}.png")


if __name__ == "__main__":
    sys.exit(main())
