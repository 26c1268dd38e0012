"""The incident drills of docs/drills.md: by console, each link and button a click, and by API."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authsec.database.embedded import CHECKOUT
from authz import bindings
from authz.models import Binding
from oauth.models import Decision
from tests import cast
from tests.authz.conftest import acme
from tests.console.api import token_of
from tests.forms import form_with

__all__ = ["acme"]

pytestmark = pytest.mark.django_db
HOME = "/t/acme-corp/end-users/"


class Links(HTMLParser):
    """The links of a page by what stands on them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._href, self._text = "", ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._href, self._text = dict(attrs).get("href") or "", ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._href:
            self.found.setdefault(" ".join(self._text.split()), self._href)
            self._href = ""


class Operator:
    """Somebody in the console without scripts, who only follows what a page offers. Counts their clicks."""

    def __init__(self, who: Any) -> None:
        self.browser, self.clicks = cast.signed_in(who), 0
        self._go(self.browser.get(HOME))

    def _go(self, answer: Any) -> None:
        while answer.status_code == 302:
            answer = self.browser.get(answer["Location"])
        assert answer.status_code == 200, answer.content[:2000]
        self.path, self.page = answer.wsgi_request.get_full_path(), answer.content.decode()

    def click(self, text: str) -> None:
        """Follow a link by its words."""
        links = Links(self.page).found
        assert text in links, sorted(links)
        self.clicks += 1
        target = links[text]
        self._go(self.browser.get(self.path.partition("?")[0] + target if target.startswith("?") else target))

    def open(self, label: str) -> None:
        """Open a menu: without a request."""
        assert f'aria-label="{label}"' in self.page
        self.clicks += 1

    def submit(self, field: str, button: str, **choices: str) -> None:
        """Make each choice of a form (a click to open, one to choose), and press its button."""
        assert re.search(rf"<button[^>]*>\s*{button}\s*</button>", self.page), self.page[-4000:]
        form = form_with(self.page, field)
        self.clicks += 2 * len(choices) + 1
        self._go(self.browser.post(form.action or self.path, form.filled(**choices)))


def call(acme: SimpleNamespace, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {token_of(acme.adam)}", "X-Tenant-ID": str(acme.id)}
    answer = getattr(Client(), method)(
        path, *([body] if body else []), content_type="application/json", headers=headers
    )
    assert answer.status_code < 300, answer.content
    return answer.json()


def live(acme: SimpleNamespace) -> list[Binding]:
    with tenant_context(acme.id):
        return list(Binding.objects.filter(tenant=acme.tenant, group=acme.oncall, ended_at=None))


def given_last_night(acme: SimpleNamespace) -> None:
    """Carl's token of two o'clock, used until a quarter past; of nine in the evening while it is night still."""
    night = timezone.now().replace(hour=2, minute=0)
    if timezone.now().hour < 3:
        night -= timedelta(hours=5)
    with tenant_context(acme.id):
        Decision.objects.create(
            tenant=acme.tenant,
            token_id=acme.carl.pk,
            subject=acme.carl.pk,
            client_id=acme.carl.pk,
            client_name="Claude Code",
            application_id=acme.deploy.pk,
            grant_type="authorization_code",
            at=night,
            granted=["deploy:run"],
            first_used_at=night,
            last_used_at=night + timedelta(minutes=15),
        )


def test_take_away_one_groups_access_now_by_console(acme: SimpleNamespace) -> None:
    adam = Operator(acme.adam)
    adam.click("Groups")
    adam.click("on-call")
    adam.open("Actions for on-call")
    adam.click("End all access now…")
    adam.submit("reason", "End all access")
    assert live(acme) == []
    assert adam.clicks == 5


def test_take_away_one_groups_access_now_by_api(acme: SimpleNamespace) -> None:
    said = call(acme, "post", f"/uflow/v2/groups/{acme.oncall.id}/end-access", {"reason": "leaked laptop"})
    assert said["ended"] == 1
    assert live(acme) == []


def test_who_used_deploy_mcp_last_night_by_console(acme: SimpleNamespace) -> None:
    given_last_night(acme)
    adam = Operator(acme.adam)
    adam.click("Applications")
    adam.click("deploy-mcp")
    adam.click("Used by")
    adam.click("Last night")
    assert "Carl Jensen" in adam.page
    assert "Claude Code" in adam.page
    assert "Alice Moreau" not in adam.page
    assert adam.clicks == 4


def test_who_used_deploy_mcp_last_night_by_api(acme: SimpleNamespace) -> None:
    given_last_night(acme)
    start = timezone.now() - timedelta(hours=30)
    said = call(acme, "get", f"/uflow/v2/applications/{acme.deploy.id}/usage?from={start:%Y-%m-%dT%H:%M:%SZ}")
    [one] = said["items"]
    assert (one["name"], one["client_name"], one["scopes"]) == ("Carl Jensen", "Claude Code", ["deploy:run"])


def test_give_on_call_four_hours_by_console(acme: SimpleNamespace) -> None:
    adam = Operator(acme.adam)
    adam.click("Groups")
    adam.click("on-call")
    adam.click("Give access")
    adam.click("PR Writer on github-mcp")  # which engineering has
    adam.submit("role", "Give access")
    [given] = [row for row in live(acme) if row.role_id == acme.writer.id]
    assert given.application_id == acme.github.id
    assert abs(given.expires_at - timezone.now() - timedelta(hours=4)) < timedelta(minutes=1)
    assert adam.clicks == 5

    bindings.end(tenant_id=acme.id, binding_id=given.pk, actor=SYSTEM, now=timezone.now())
    next_night = Operator(acme.adam)
    next_night.click("Groups")
    next_night.click("on-call")
    next_night.click("History")
    next_night.click("Again for 4 h PR Writer for on-call")
    next_night.submit("role", "Give access")
    assert acme.writer.id in {row.role_id for row in live(acme)}
    assert next_night.clicks == 5


def test_give_on_call_four_hours_by_api(acme: SimpleNamespace) -> None:
    until = timezone.now() + timedelta(hours=4)
    body = {
        "role_id": str(acme.writer.id),
        "application_id": str(acme.github.id),
        "expires_at": until.isoformat(),
    }
    call(acme, "post", f"/uflow/v2/groups/{acme.oncall.id}/role-bindings", body)
    assert any(row.role_id == acme.writer.id and row.expires_at == until for row in live(acme))


def test_the_document_counts_the_same_clicks() -> None:
    text = (CHECKOUT / "docs/drills.md").read_text()
    assert re.findall(r"\*\*(\d+) clicks\*\*", text) == ["5", "4", "5", "5"]
