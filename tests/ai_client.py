"""A stranger's AI client: the official MCP Python SDK with its own OAuth client, unmodified."""

import queue
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)

from tests.loopback import Loopback

Consent = Callable[[str], None]


class Refused(Exception):
    """The tool call did not go through: no token, or not enough of one."""


class Memory:
    """Where the SDK keeps what it got; the tests look here."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None
        self.history: list[OAuthToken] = []

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens
        self.history.append(tokens)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class AiClient:
    """Calls tools of one MCP server. Needs a person for the authorize page: pass ``consent`` to :meth:`call`.

    The SDK runs on a thread of its own; ``consent`` gets the authorize URL on the caller's thread, so that it may
    drive a browser until the answer reached the client's loopback redirect.
    """

    def __init__(
        self,
        server_url: str,
        *,
        name: str = "Stranger's AI",
        scope: str | None = None,
        document_url: str | None = None,
    ) -> None:
        """``document_url``: where its metadata document is, which the SDK uses as its client id if it may."""
        self.server_url, self.name, self.scope = server_url, name, scope
        self.document_url = document_url
        self.memory = Memory()
        self.authorize_urls: list[str] = []
        self.callbacks: list[dict[str, str]] = []
        self._asked: queue.Queue[str] = queue.Queue()
        self._stack = ExitStack()

    def __enter__(self) -> "AiClient":
        self._loopback = self._stack.enter_context(Loopback())
        self._portal: BlockingPortal = self._stack.enter_context(start_blocking_portal())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def access_token(self) -> str:
        assert self.memory.tokens, "the client has no token"
        return self.memory.tokens.access_token

    @property
    def granted(self) -> set[str]:
        """The scopes that the last token answer named."""
        assert self.memory.tokens, "the client has no token"
        return set((self.memory.tokens.scope or "").split())

    def secrets(self) -> list[str]:
        """Everything it was given that must not stand in a database."""
        found = [
            token for each in self.memory.history for token in (each.access_token, each.refresh_token or "")
        ]
        found += [callback["code"] for callback in self.callbacks if "code" in callback]
        return [secret for secret in found if secret]

    def call(self, tool: str, *, consent: Consent | None = None, fresh: bool = False) -> Any:
        """Call a tool and return its structured answer. Raises Refused when the server does not let it.

        Without ``consent`` a call that needs the authorize page is refused. ``fresh`` forgets the tokens first.
        """
        if fresh:
            self.memory.tokens = None
        future = self._portal.start_task_soon(self._call, tool, consent is not None)
        while not future.done():
            try:
                url = self._asked.get(timeout=0.05)
            except queue.Empty:
                continue
            self.authorize_urls.append(url)
            assert consent is not None
            consent(url)
        return _answer(future)

    async def _call(self, tool: str, may_ask: bool) -> Any:
        provider = OAuthClientProvider(
            server_url=self.server_url,
            client_metadata=OAuthClientMetadata(
                client_name=self.name,
                redirect_uris=[self._loopback.url],  # type: ignore[list-item]
                token_endpoint_auth_method="none",
                scope=self.scope,
            ),
            storage=self.memory,
            redirect_handler=self._redirect if may_ask else _nobody_there,
            callback_handler=self._callback,
            client_metadata_url=self.document_url,
        )
        if self.scope:
            _insist_on(provider, self.scope)
        async with (
            httpx2.AsyncClient(auth=provider, timeout=60, trust_env=False) as http,
            streamable_http_client(self.server_url, http_client=http) as (read, write),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            result = await session.call_tool(tool, {})
        if result.is_error:
            raise Refused(str(result.content))
        return result.structured_content

    async def _redirect(self, url: str) -> None:
        self._asked.put(url)

    async def _callback(self) -> AuthorizationCodeResult:
        from anyio import to_thread

        query = await to_thread.run_sync(self._loopback.answer)
        self.callbacks.append(query)
        if "error" in query:
            raise Refused(f"{query['error']}: {query.get('error_description', '')}")
        return AuthorizationCodeResult(code=query["code"], state=query.get("state"), iss=query.get("iss"))


def _insist_on(provider: OAuthClientProvider, scope: str) -> None:
    """Ask for these scopes whatever the resource's metadata lists: what a client does after a step-up challenge."""
    redirect = provider.context.redirect_handler
    assert redirect is not None

    async def with_scope(url: str) -> None:
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()} | {"scope": scope}
        await redirect(str(httpx2.URL(url, params=query)))

    provider.context.redirect_handler = with_scope


async def _nobody_there(url: str) -> None:
    raise Refused("the client would have to ask a person")


def _answer(future: "Future[Any]") -> Any:
    try:
        return future.result()
    except BaseExceptionGroup as group:
        raise _first(group) from group


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
