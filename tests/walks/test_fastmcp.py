"""FastMCP on both sides: its client, which opens the browser of the computer it runs on, in front of its server."""

import asyncio
import threading
import webbrowser
from typing import Any

import httpx
import pytest
from fastmcp import Client
from fastmcp.client.auth import OAuth
from fastmcp.exceptions import ToolError

from tests.plain_client import Person, newcomer
from tests.programs import location
from tests.servers import Service, eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Using in-memory token storage"),
]


class Browser:
    """This computer's default browser, in which a person is signed in who allows what they are asked."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.opened: list[str] = []

    def open(self, url: str) -> bool:
        self.opened.append(url)
        threading.Thread(target=self._answer, args=(url,), daemon=True).start()
        return True

    def _answer(self, url: str) -> None:
        back = location(self.person, url)
        eventually(lambda: _reaches(back), what="the client listening for its redirect")


def _reaches(url: str) -> bool:
    try:
        return httpx.get(url, timeout=30, trust_env=False).status_code == 200
    except httpx.ConnectError:  # it starts to listen after it opened the browser
        return False


@pytest.fixture
def browser(service: Service, monkeypatch: pytest.MonkeyPatch) -> Browser:
    person, _ = newcomer(service)
    made = Browser(person)
    monkeypatch.setattr(webbrowser, "open", made.open)
    return made


def test_the_fastmcp_client_finds_its_way_to_a_tool_and_comes_back_without_asking(
    service: Service, browser: Browser
) -> None:
    """It is given nothing but the server's address and a name of its own."""
    server = service.resource_server("github-mcp")
    auth = OAuth(client_name="FastMCP AI")

    async def call(tool: str) -> Any:
        async with Client(server.resource_uri, auth=auth) as client:
            return (await client.call_tool(tool)).data

    who = asyncio.run(call("whoami"))
    assert who["scopes"] == ["pr:read"]
    assert who["claims"]["client_name"] == "FastMCP AI"
    assert asyncio.run(call("pr_read")) == "did pr:read"
    with pytest.raises(ToolError):
        asyncio.run(call("pr_write"))
    assert len(browser.opened) == 1
    tokens = asyncio.run(auth.token_storage_adapter.get_tokens())
    assert tokens is not None
    service.keep(tokens.access_token, tokens.refresh_token)
