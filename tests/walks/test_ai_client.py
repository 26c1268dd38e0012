"""The main job: a client nobody here wrote gets a token after consent, and loses it when an operator says so."""

import secrets
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.ai_client import AiClient, Refused
from tests.servers import Service
from tests.visitor import Visitor
from tests.walks import walk

pytestmark = walk.marks
PASSWORD = "a long walk to the token"


def newcomer(visitor: Visitor) -> tuple[str, Callable[[str], None]]:
    """Somebody unknown: their e-mail, and a consent that signs up, confirms the address and allows."""
    email = f"nina.{secrets.token_hex(4)}@walks.example"

    def consent(url: str) -> None:
        page = visitor.go(url)
        page.locator("a[href*='/accounts/signup/']").first.click()
        visitor.sign_up(email, PASSWORD)
        visitor.confirm_address(email)
        visitor.allow()

    return email, consent


@pytest.mark.parametrize("service", [1, 4], indirect=True, ids=["one worker", "four workers"])
def test_a_stranger_signs_up_consents_and_the_tool_answers_with_the_right_scopes(
    service: Service, visit: Callable[..., Visitor]
) -> None:
    server = service.resource_server("github-mcp")
    visitor = visit()
    email, consent = newcomer(visitor)
    with AiClient(server.resource_uri) as ai:
        who = ai.call("whoami", consent=consent)
        # Entitled by the default tier to one scope, whatever the client asked for.
        assert who["scopes"] == ["pr:read"]
        assert ai.granted == {"pr:read"}
        assert ai.call("pr_read")["result"] == "did pr:read"
        with pytest.raises(Refused):
            ai.call("pr_write")
        claims = who["claims"]
        assert claims["username"] == email
        assert claims["tenant_id"] == service.tenant("acme-corp")["id"]
        assert claims["aud"] == server.resource_uri
        assert claims["iss"] == service.base_url
        assert claims["client_name"] == "Stranger's AI"
        # RFC 9207: the answer names its issuer.
        assert ai.callbacks[-1]["iss"] == service.base_url
        assert visitor.violations() == []
        service.keep(*ai.secrets())


@pytest.mark.parametrize("service", [1, 4], indirect=True, ids=["one worker", "four workers"])
def test_a_suspended_end_user_loses_the_token_and_reactivation_gives_the_same_one_back(
    service: Service, visit: Callable[..., Visitor]
) -> None:
    server = service.resource_server("github-mcp")
    email, consent = newcomer(visit())
    operator = visit().sign_in(service.user("adam"))
    with AiClient(server.resource_uri) as ai:
        assert ai.call("pr_read", consent=consent)["result"] == "did pr:read"
        token = ai.access_token

        walk.suspend(operator, "acme-corp", email)
        assert service.introspect(token, by="github-mcp") == {"active": False}
        with pytest.raises(Refused):
            ai.call("pr_read")

        walk.reactivate(operator, "acme-corp", email)
        ai.memory.tokens = ai.memory.history[0]
        assert ai.call("pr_read")["result"] == "did pr:read"
        assert ai.access_token == token
        assert operator.violations() == []
        service.keep(*ai.secrets())


def test_somebody_who_refuses_gives_no_token_and_leaves_no_trace_in_the_tenant(
    service: Service, visit: Callable[..., Visitor]
) -> None:
    server = service.resource_server("github-mcp")
    visitor = visit()
    email = f"no.{secrets.token_hex(4)}@walks.example"

    def refusing(url: str) -> None:
        page = visitor.go(url)
        page.locator("a[href*='/accounts/signup/']").first.click()
        visitor.sign_up(email, PASSWORD)
        visitor.confirm_address(email)
        visitor.deny()

    with AiClient(server.resource_uri) as ai:
        with pytest.raises(Refused, match="access_denied"):
            ai.call("whoami", consent=refusing)
        assert ai.memory.tokens is None
    operator = visit().sign_in(service.user("adam"))
    page = operator.go(f"/t/acme-corp/end-users/?q={email}")
    expect(page.locator("main")).not_to_contain_text(f"{email} ·")
    assert page.locator("tbody tr", has_text=email).count() == 0


def test_the_consent_survives_so_that_the_next_sign_in_asks_nothing(
    service: Service, visit: Callable[..., Visitor]
) -> None:
    server = service.resource_server("github-mcp")
    visitor = visit()
    _, consent = newcomer(visitor)
    with AiClient(server.resource_uri) as ai:
        ai.call("whoami", consent=consent)
        first = ai.access_token

        def passing(url: str) -> None:
            visitor.page.goto(url)
            visitor.page.wait_for_url(lambda at: not at.startswith(service.base_url))

        ai.call("whoami", consent=passing, fresh=True)
        assert ai.access_token != first
        service.keep(*ai.secrets())
