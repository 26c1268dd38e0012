"""examples/fastmcp-server, as its README starts it, in front of FastMCP's own client, unmodified."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest
from anyio import to_thread
from fastmcp import Client
from fastmcp.client.auth import OAuth

from authsec.database.embedded import CHECKOUT
from tests.management import one_call_a_minute, release_bot
from tests.plain_client import Person, newcomer, register
from tests.programs import PythonProgram, location
from tests.servers import Service, eventually, free_port

pytestmark = [pytest.mark.slow]
EXAMPLE = CHECKOUT / "examples" / "fastmcp-server"


class Walking(OAuth):
    """FastMCP's client as it is, but for the browser that it would open: a person walks there by hand."""

    def __init__(self, person: Person, server: str) -> None:
        super().__init__(server)
        self.person, self.asked = person, list[str]()

    async def redirect_handler(self, authorization_url: str) -> None:
        self.asked.append(parse_qs(urlsplit(authorization_url).query)["scope"][0])
        self.back = await to_thread.run_sync(location, self.person, authorization_url)

    async def callback_handler(self) -> Any:
        async with anyio.create_task_group() as group:
            group.start_soon(to_thread.run_sync, knock, self.back)
            return await super().callback_handler()


def knock(url: str) -> None:
    """Bring the answer to the client, once it listens."""

    def there() -> bool:
        try:
            return httpx.get(url, timeout=10, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    eventually(there, what="the client's listening")


def message(tool: str) -> dict[str, Any]:
    """A call of a tool (JSON-RPC 2.0)."""
    params = {"name": tool, "arguments": {"number": 41} if tool.startswith("merge") else {}}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def call(example: str, tool: str, token: str = "") -> httpx.Response:
    return httpx.post(example, json=message(tool), headers=headers_with(token), timeout=30, trust_env=False)


def headers_with(token: str) -> dict[str, str]:
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    return headers | ({"Authorization": f"Bearer {token}"} if token else {})


@pytest.fixture(scope="module")
def example(services: Any) -> Iterator[str]:
    """Its address, while it runs. Everybody on the free tier may read and write."""
    service: Service = services(4)
    caller = release_bot(service)
    wanted = {
        "name": "fastmcp-example",
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
    environment = {
        "AUTHSEC_ISSUER": service.base_url,
        "RESOURCE_URI": made["resource_uri"],
        "CREDENTIAL_ID": made["credential"]["id"],
        "CREDENTIAL_SECRET": made["credential"]["secret"],
    }
    with PythonProgram("server.py", folder=EXAMPLE, **environment) as server:
        server.line("Listening")
        origin = made["resource_uri"].removesuffix("/mcp")
        document = f"{origin}/.well-known/oauth-protected-resource/mcp"

        def answers() -> bool:
            try:
                return httpx.get(document, timeout=5, trust_env=False).status_code == 200
            except httpx.TransportError:
                return False

        eventually(answers, within_s=30, what="the example's start")
        yield made["resource_uri"]


def test_fastmcps_client_reads_then_steps_up_to_merge(service: Service, example: str) -> None:
    """MCP authorization 2026-07-28: RFC 9728, 8414, 7591, 8707, PKCE, and step-up by insufficient_scope."""
    person, email = newcomer(service)
    auth = Walking(person, example)

    async def walk() -> tuple[Any, Any, Any]:
        async with Client(example, auth=auth) as client:
            listed = [tool.name for tool in await client.list_tools()]
            read = await client.call_tool("list_pull_requests")
            merged = await client.call_tool("merge_pull_request", {"number": 42})
            return listed, read.data, merged.data

    listed, read, merged = anyio.run(walk)
    assert listed == ["list_pull_requests", "merge_pull_request"]
    assert [pull["number"] for pull in read] == [41, 42]
    assert merged["state"] == f"merged by {email}"
    # Asked for no more than was needed, first for the scope of the 401, then for one more.
    assert [sorted(scopes.split()) for scopes in auth.asked] == [["pr:read"], ["pr:read", "pr:write"]]


def test_the_example_answers_strangers_and_poor_tokens_as_its_rfcs_say(
    service: Service, example: str
) -> None:
    """RFC 9728 §3 and §5.1, RFC 6750 §3."""
    origin = example.removesuffix("/mcp")
    document_url = f"{origin}/.well-known/oauth-protected-resource/mcp"
    document = httpx.get(document_url, timeout=30, trust_env=False).json()
    assert (document["resource"], document["authorization_servers"]) == (example, [service.base_url])
    assert document["scopes_supported"] == ["pr:read", "pr:write"]

    stranger = call(example, "list_pull_requests")
    assert stranger.status_code == 401
    assert (
        stranger.headers["WWW-Authenticate"] == f'Bearer scope="pr:read", resource_metadata="{document_url}"'
    )
    assert call(example, "list_pull_requests", "as_at_nothing").status_code == 401

    person, _ = newcomer(service)
    client = register(service)
    elsewhere = service.application("github-mcp")["resource_uri"]
    foreign = person.token(client, resource=elsewhere)["access_token"]
    assert call(example, "list_pull_requests", foreign).status_code == 401
    poor = person.token(client, resource=example, scope="pr:read")["access_token"]
    refused = call(example, "merge_pull_request", poor)
    assert refused.status_code == 403
    assert 'error="insufficient_scope", scope="pr:write"' in refused.headers["WWW-Authenticate"]
    assert document_url in refused.headers["WWW-Authenticate"]
    # Two names in one message: whichever the server goes by, the tool stays shut.
    named = ["merge_pull_request", "list_pull_requests"]
    for first, second in (named, named[::-1]):
        sly = json.dumps(message("§")).replace('"§"', f'"{first}", "name": "{second}"')
        answer = httpx.post(example, content=sly, headers=headers_with(poor), timeout=30, trust_env=False)
        assert "merged by" not in answer.text


def test_a_call_too_many_is_passed_on_and_sends_nobody_for_another_token(
    service: Service, example: str
) -> None:
    """RFC 6585 §4: the token is good, so that 401 would be wrong."""
    person, email = newcomer(service)
    token = person.token(register(service), resource=example)["access_token"]
    one_call_a_minute(release_bot(service), email)
    answer, refused = (call(example, "list_pull_requests", token) for _ in range(2))
    assert (answer.status_code, refused.status_code) == (200, 429), refused.text
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert "WWW-Authenticate" not in refused.headers
