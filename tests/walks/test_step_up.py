"""A scope that waits for a second factor is left out, named as pending, and given after it."""

import secrets
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.ai_client import AiClient, Refused
from tests.plain_client import newcomer, register
from tests.servers import Service
from tests.visitor import Visitor
from tests.walks import walk

pytestmark = walk.marks


def enrol(visitor: Visitor) -> None:
    """Set up an authenticator app on the step-up page and go on to where it was needed."""
    page = visitor.page
    page.locator("a.button", has_text="authenticator app").click()
    secret = page.locator(".enrol code").inner_text()
    visitor.give_code(secret)
    codes = page.locator("ol.codes code")
    expect(codes.nth(7)).to_be_visible()  # eight at least; the answer is another page, to be waited for
    visitor.service.keep(*codes.all_inner_texts())
    page.get_by_role("link", name="Go on").click()


def test_a_scope_is_pending_without_a_second_factor_and_given_after_step_up(
    service: Service, visit: Callable[..., Visitor]
) -> None:
    server = service.resource_server("github-mcp")
    person, email = newcomer(service)
    person.token(register(service), resource=server.resource_uri)
    page = walk.make_group(visit().become("olga"), f"careful {secrets.token_hex(3)}", members=[email])
    walk.give_role(page, "PR Writer", "github-mcp", mfa_within="43200")

    visitor = visit().share_cookies(person)

    def continuing_without(url: str) -> None:
        visitor.go(url)
        assert visitor.path == "/account/step-up/"
        visitor.page.get_by_role("link", name="Continue without").click()
        expect(visitor.page.locator(".wish.wait")).to_contain_text("pr:write")
        visitor.allow()

    def stepping_up(url: str) -> None:
        visitor.go(url)
        assert visitor.path == "/account/step-up/"
        enrol(visitor)
        expect(visitor.page.locator("input[name=scopes][value='pr:write']")).to_be_checked()
        visitor.allow()

    with AiClient(server.resource_uri, scope="pr:read pr:write") as ai:
        who = ai.call("whoami", consent=continuing_without)
        assert who["scopes"] == ["pr:read"]
        assert who["claims"]["pending"] == [{"scope": "pr:write", "reason": "pending_step_up"}]
        assert who["claims"]["acr"] == "urn:authsec:acr:pwd"
        with pytest.raises(Refused):
            ai.call("pr_write")
        without = ai.access_token

        who = ai.call("whoami", consent=stepping_up, fresh=True)
        assert who["scopes"] == ["pr:read", "pr:write"]
        assert "pending" not in who["claims"]
        assert who["claims"]["acr"] == "urn:authsec:acr:mfa"
        assert {"otp", "mfa"} <= set(who["claims"]["amr"])
        assert ai.call("pr_write")["result"] == "did pr:write"
        # The older token says what its own sign-in was: it does not grow with the session.
        assert walk.scopes(service, without, by="github-mcp") == {"pr:read"}
        service.keep(*ai.secrets())


def test_a_contractor_without_a_second_factor_gets_nothing_where_everything_needs_one(
    service: Service, visit: Callable[..., Visitor]
) -> None:
    server = service.resource_server("deploy-mcp")
    visitor = visit().become("carl")

    def without(url: str) -> None:
        visitor.go(url)
        visitor.page.get_by_role("link", name="Continue without").click()
        expect(visitor.page.locator(".wish.wait")).to_have_count(2)
        expect(visitor.page.locator("button[name=action][value=allow]:enabled")).to_have_count(0)
        visitor.deny()

    with AiClient(server.resource_uri) as ai, pytest.raises(Refused, match="access_denied"):
        ai.call("whoami", consent=without)


def test_who_signed_in_with_a_second_factor_deploys_at_once(
    service: Service, visit: Callable[..., Visitor]
) -> None:
    server = service.resource_server("deploy-mcp")
    visitor = visit().become("alice")
    with AiClient(server.resource_uri) as ai:
        who = ai.call("whoami", consent=walk.consenting(visitor))
        assert "deploy:run" in who["scopes"]
        assert ai.call("deploy_run")["result"] == "did deploy:run"
        service.keep(*ai.secrets())
