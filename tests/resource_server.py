"""An Application as its developers build it: a FastMCP server that introspects its tokens at the product.

Nothing here is the product's: FastMCP checks tokens with its own RFC 7662 verifier and hosts its own RFC 9728
document.
"""

import socket
import threading
from types import TracebackType
from typing import Any

import uvicorn
from fastmcp import FastMCP
from fastmcp.server.auth import RemoteAuthProvider, require_scopes
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier
from fastmcp.server.dependencies import get_access_token

START_TIMEOUT_S = 60


def tool_for(scope: str) -> str:
    """The name of the tool that needs a scope: ``deploy:run`` → ``deploy_run``."""
    return scope.replace(":", "_").replace(".", "_").replace("-", "_")


class ResourceServer:
    """One Application's MCP server on a thread: ``whoami``, and one tool for each of its scopes."""

    def __init__(self, application: dict[str, Any], *, issuer: str, listener: socket.socket) -> None:
        self.application = application
        self.resource_uri: str = application["resource_uri"]
        self._listener = listener
        origin, _, path = self.resource_uri.rpartition("/")
        verifier = IntrospectionTokenVerifier(
            introspection_url=f"{issuer}/oauth/introspect",
            client_id=application["credential"]["id"],
            client_secret=application["credential"]["secret"],
            audience=self.resource_uri,
            timeout_seconds=30,
        )
        scopes = sorted(application["scopes"])
        auth = RemoteAuthProvider(
            token_verifier=verifier,
            authorization_servers=[issuer],  # type: ignore[list-item] - a URL type would add a slash to the issuer
            base_url=origin,
            scopes_supported=scopes,
        )
        self.mcp: FastMCP = FastMCP(application["slug"], auth=auth)
        self.mcp.tool(whoami)
        for scope in scopes:
            self.mcp.tool(_tool(scope), name=tool_for(scope), auth=require_scopes(scope))
        app = self.mcp.http_app(path=f"/{path}", stateless_http=True, json_response=True)
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
        self._thread = threading.Thread(target=self._run, name=f"mcp-{application['slug']}", daemon=True)

    def _run(self) -> None:
        self._server.run(sockets=[self._listener])

    def __enter__(self) -> "ResourceServer":
        from tests.servers import eventually

        self._thread.start()
        eventually(lambda: self._server.started, within_s=START_TIMEOUT_S, what="the MCP server's start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(START_TIMEOUT_S)


def whoami() -> dict[str, Any]:
    """Who calls, as introspection said."""
    token = get_access_token()
    assert token is not None
    return {"sub": token.claims["sub"], "scopes": sorted(token.scopes), "claims": token.claims}


def _tool(scope: str) -> Any:
    def use() -> str:
        return f"did {scope}"

    use.__doc__ = f"Needs {scope}."
    return use
