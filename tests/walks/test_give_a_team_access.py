"""Give a team access: the worked example, built by hand in the console of a tenant that has just been opened.

engineering → PR Writer on github-mcp; on-call → Deploy Operator on deploy-mcp, with a second factor; Alice directly →
Auditor, tenant-wide, until next week. Effective Access then says three things, on its page and in its API.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.plain_client import Person, mailed_link, newcomer
from tests.servers import Service
from tests.visitor import Visitor
from tests.walks import walk

pytestmark = walk.marks


def test_the_worked_example_gives_its_three_facts_on_the_page_and_in_the_api(
    service: Service, visit: Callable[..., Visitor]
) -> None:
    owner, _ = newcomer(service)
    slug = urlsplit(str(owner.get("/").url)).path.split("/")[2]
    email = _joined(service, owner, slug)
    console = Console(visit().share_cookies(owner), f"/t/{slug}")
    console.application("github-mcp", "pr:write", "Write PRs")
    console.application("deploy-mcp", "deploy:run", "Deploy")
    console.role("PR Writer", scope="pr:write")
    console.role("Deploy Operator", scope="deploy:run")
    console.role("Auditor", permission="audit:read")
    console.group("engineering", email)
    console.give("PR Writer", "github-mcp")
    console.group("on-call", email)
    console.give("Deploy Operator", "deploy-mcp", mfa_within="43200")
    console.give_person(email, "Auditor", ends="1w")
    page = console.effective_access(email)
    facts = [
        "can write PRs on github-mcp, through engineering.",
        "can deploy on deploy-mcp after MFA, through on-call.",
    ]
    for fact in facts:
        expect(page.locator("#answer")).to_contain_text(f"{email} {fact}")
    expect(page.locator("#answer")).to_contain_text(
        re.compile(r"read audit logs directly, until \d+ \w+ \d{4}")
    )
    page.get_by_text("fresh", exact=True).click()
    expect(page.locator("#answer")).to_contain_text(f"{email} can deploy on deploy-mcp, through on-call.")
    told = _asked(service, owner, page)
    said = [sentence["text"] for sentence in told["sentences"]]
    assert [sum(fact in text for text in said) for fact in facts] == [1, 1]
    assert any(re.search(r"can read audit logs directly, until \d+ \w+ \d{4}", text) for text in said)
    assert {(item["role_name"], item["source"], item["state"]) for item in told["items"]} >= {
        ("PR Writer", "group", "active"),
        ("Deploy Operator", "group", "pending_step_up"),
        ("Auditor", "direct", "active"),
    }
    assert "audit:read" in told["effective_console"]


class Console:
    """One operator's hands in the console of one tenant: each verb is a form, filled and sent."""

    def __init__(self, visitor: Visitor, at: str) -> None:
        self.visitor, self.at = visitor, at

    def application(self, name: str, scope: str, words: str) -> None:
        page = self._form("applications/new/")
        page.locator("[name=name]").first.fill(name)
        page.locator("[name=resource_uri]").fill(f"http://localhost:9377{self.at}/{name}")
        page.get_by_label("Scope", exact=True).first.fill(scope)
        page.get_by_label("In plain words").first.fill(words)
        self._send(page, "Register")

    def role(self, name: str, *, scope: str = "", permission: str = "") -> None:
        page = self._form("authz/roles/new/")
        page.locator("[name=name]").fill(name)
        if scope:
            page.locator(f"input[value='{scope}']").check()
        if permission:
            page.locator("summary", has_text="Console permissions").click()
            page.locator(f"input[value='{permission}']").check()
        self._send(page, "Create role")

    def group(self, name: str, member: str) -> None:
        page = self._form("authz/groups/new/")
        page.locator("[name=name]").fill(name)
        self._send(page, "Create group")
        walk.add_to_group(page, [member])

    def give(self, role: str, application: str, *, mfa_within: str = "") -> None:
        """Bind the group whose page is shown."""
        walk.give_role(self.visitor.page, role, application, mfa_within=mfa_within)

    def give_person(self, email: str, role: str, *, ends: str) -> None:
        page = self._form("authz/bindings/new/")
        page.locator("[name=person]").fill(email)
        page.locator("[name=role]").select_option(label=role)
        page.locator("[name=ends]").select_option(value=ends)
        self._send(page, "Give access")

    def effective_access(self, email: str) -> Page:
        page = self.visitor.go(f"{self.at}/authz/effective-access/")
        field = page.get_by_label("Find a person or a service account")
        field.fill(email)
        field.press("Enter")
        return page

    def _form(self, path: str) -> Page:
        return self.visitor.go(f"{self.at}/{path}")

    def _send(self, page: Page, button: str) -> None:
        with page.expect_navigation():
            page.get_by_role("button", name=button, exact=True).click()
        expect(page.locator("[aria-invalid=true], .alert.stop")).to_have_count(0)


def _joined(service: Service, owner: Person, slug: str) -> str:
    """A member of the tenant, invited by mail; their address."""
    alice, email = newcomer(service)
    team = owner.get(f"/t/{slug}/settings/team/")
    owner.post(team, "emails", emails=email, type="member")
    page = alice.get(mailed_link(service, email, containing="/invitations/"))
    assert alice.post(page, "action", action="accept").status_code == 200
    return email


def _asked(service: Service, owner: Person, page: Page) -> dict[str, Any]:
    """What the API answers the owner's program about the person whose page is shown, without a second factor."""
    cli = next(row for row in service.demo["clients"] if row["client_id"] == "authsec-cli")
    token = owner.token(cli, resource=service.url("/api"), scope="api:read")["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    (mine,) = service.http.get("/api/me/memberships", headers=headers).json()["items"]
    user = page.locator("#answer input[name=user]").first.get_attribute("value")
    answer = service.http.get(
        f"/uflow/v2/users/{user}/effective-access", headers=headers | {"X-Tenant-ID": mine["tenant"]["id"]}
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body
