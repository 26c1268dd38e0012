"""TypeScript on both sides: the MCP project's client, unmodified, and examples/typescript-mcp-server."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from authsec.database.embedded import CHECKOUT
from tests.management import one_call_a_minute, release_bot
from tests.plain_client import newcomer, register
from tests.programs import Program, allow
from tests.servers import Service, free_port

pytestmark = [pytest.mark.slow]
EXAMPLE = CHECKOUT / "examples" / "typescript-mcp-server"


def asked(url: str) -> dict[str, str]:
    """The parameters of an authorize URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.fixture(scope="module")
def services_here(services: Any) -> Service:
    service: Service = services(4)
    return service


@pytest.fixture(scope="module")
def application(services_here: Service) -> dict[str, Any]:
    """The example's Application, registered over the API as its README says; everybody may read and write."""
    caller = release_bot(services_here)
    wanted = {
        "name": "typescript-mcp",
        "kind": "mcp_server",
        "resource_uri": f"http://localhost:{free_port()}/mcp",
        "scopes": [{"name": "pr:read", "is_default": True}, {"name": "pr:write", "risk": "medium"}],
        "enforce_rate_limit": True,
    }
    made: dict[str, Any] = caller("POST", "applications", wanted)
    roles = {role["name"]: role["id"] for role in caller("GET", "roles?limit=200")["items"]}
    for role in ("PR Reader", "PR Writer"):
        wanted = {"role_id": roles[role], "plan_tier": "free", "application_id": made["id"]}
        caller("POST", "bindings", wanted)
    return made


@pytest.fixture(scope="module")
def example(services_here: Service, application: dict[str, Any]) -> Iterator[str]:
    """Its address, while it runs."""
    environment = {
        "AUTHSEC_ISSUER": services_here.base_url,
        "RESOURCE_URI": application["resource_uri"],
        "CREDENTIAL_ID": application["credential"]["id"],
        "CREDENTIAL_SECRET": application["credential"]["secret"],
    }
    with Program("server.ts", folder=EXAMPLE, **environment) as server:
        server.line("Listening")
        yield application["resource_uri"]


def test_the_typescript_client_reads_steps_up_to_write_refreshes_and_ends_with_suspension(
    service: Service, example: str
) -> None:
    """MCP authorization 2026-07-28: RFC 9728, 8414, 7591, 8707, 9207, PKCE, and step-up by insufficient_scope."""
    person, email = newcomer(service)
    with Program("mcp_client.ts", SERVER_URL=example) as ai:
        ai.ask(tool="list_pull_requests")
        ai.told("client")
        url = ai.told("open")
        # The 401 names the scope to begin with (RFC 6750 §3), so that nobody is asked for more than is needed.
        assert (asked(url)["scope"], asked(url)["resource"]) == ("pr:read", example)
        allow(person, url)
        first = ai.told("token")
        answer = ai.told("answer")
        assert "Say which scope is missing" in answer["content"][0]["text"]
        assert answer["protocol"] == "2026-07-28"

        ai.ask(tool="merge_pull_request", arguments={"number": 42})
        url = ai.told("open")
        assert asked(url)["scope"] == "pr:read pr:write"
        allow(person, url)
        second = ai.told("token")
        assert second["scope"].split() == ["pr:read", "pr:write"]
        assert f"merged by {email}" in ai.told("answer")["content"][0]["text"]

        ai.ask(tool="list_pull_requests", expire=True)
        third = ai.told("token")
        assert third["scope"].split() == ["pr:read", "pr:write"]
        assert third["refresh_token"] != second["refresh_token"]
        assert "merged by" in ai.told("answer")["content"][0]["text"]

        caller = release_bot(service)
        people = f"tenants/{caller.tenant}/end-users"
        [found] = caller("GET", f"{people}?q={email}")["items"]
        caller("POST", f"{people}/{found['user_id']}/suspend", {"reason": "a walk"})
        ai.ask(tool="list_pull_requests")
        page = person.get(ai.told("open"))  # neither the token nor a refresh helps any more
        assert "suspended" in page.text
        for tokens in (first, second, third):
            service.keep(tokens["access_token"], tokens["refresh_token"])


def test_what_the_person_left_unticked_stays_shut(service: Service, example: str) -> None:
    person, _ = newcomer(service)
    with Program("mcp_client.ts", SERVER_URL=example) as ai:
        ai.ask(tool="list_pull_requests")
        allow(person, ai.told("open"))
        first = ai.told("token")
        ai.told("answer")
        ai.ask(tool="merge_pull_request", arguments={"number": 41})
        allow(person, ai.told("open"), scopes=["pr:read"])
        tokens = ai.told("token")
        assert tokens["scope"] == "pr:read"
        for each in (first, tokens):
            service.keep(each["access_token"], each["refresh_token"])
        assert ai.told("refused") == "UnauthorizedError: Unauthorized"
        ai.ask(tool="list_pull_requests")
        assert '"number":41,"title":"Keep the cursor when a page is empty","state":"open"' in str(
            ai.told("answer")["content"][0]["text"]
        )


def test_a_service_account_calls_a_tool_on_its_own_behalf(service: Service) -> None:
    """RFC 6749 §4.4, by the same client; the issuer is pinned, so its secret goes nowhere else."""
    bot = service.service_account("release-bot")
    server = service.resource_server("deploy-mcp").resource_uri
    who = {"CLIENT_ID": bot["client_id"], "CLIENT_SECRET": bot["client_secret"], "ISSUER": service.base_url}
    with Program("mcp_client.ts", SERVER_URL=server, **who) as ai:
        ai.ask(tool="whoami")
        said = ai.told("answer")["structuredContent"]
        assert (said["sub"], "deploy:run" in said["scopes"]) == (bot["id"], True)
        ai.ask(tool="deploy_run")
        assert ai.told("answer")["structuredContent"] == {"result": "did deploy:run"}


def test_the_example_sends_strangers_to_the_authority_and_refuses_others_tokens(
    service: Service, example: str
) -> None:
    """RFC 9728 §3 and §5.1, RFC 6750 §3."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    with httpx.Client(
        timeout=30, trust_env=False, headers={"Accept": "application/json, text/event-stream"}
    ) as http:
        refused = http.post(example, json=call)
        assert refused.status_code == 401
        challenge = refused.headers["www-authenticate"]
        document = example.replace("/mcp", "/.well-known/oauth-protected-resource/mcp")
        assert f'resource_metadata="{document}"' in challenge
        assert 'scope="pr:read"' in challenge
        told = http.get(document).json()
        assert told["resource"] == example
        assert told["authorization_servers"] == [service.base_url]
        assert told["scopes_supported"] == ["pr:read", "pr:write"]

        person, _ = newcomer(service)
        elsewhere = service.application("github-mcp")["resource_uri"]
        token = person.token(register(service), resource=elsewhere)["access_token"]
        for wrong in (token, "as_at_nonsense"):
            answer = http.post(example, json=call, headers={"Authorization": f"Bearer {wrong}"})
            assert answer.status_code == 401
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert http.post(example, json=call, headers={"Origin": "https://evil.example"}).status_code == 403


def test_a_call_too_many_is_passed_on_and_sends_nobody_for_another_token(
    service: Service, example: str
) -> None:
    """RFC 6585 §4: the token is good, so that 401 would be wrong."""
    person, email = newcomer(service)
    token = person.token(register(service), resource=example)["access_token"]
    one_call_a_minute(release_bot(service), email)
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {token}"}
    answer, refused = (
        httpx.post(example, json=listing, headers=headers, timeout=30, trust_env=False) for _ in range(2)
    )
    assert (answer.status_code, refused.status_code) == (200, 429), refused.text
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert "www-authenticate" not in refused.headers
