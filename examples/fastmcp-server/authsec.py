"""A FastMCP server behind AuthSec: who calls, and what they may do now. Copy this file into a server of your own."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import httpx2
from fastmcp import FastMCP
from fastmcp.exceptions import InsufficientScopeError
from fastmcp.server.auth import AccessToken, RemoteAuthProvider, TokenVerifier
from fastmcp.server.dependencies import get_access_token
from fastmcp.server.middleware import Middleware
from starlette.authentication import AuthenticationError
from starlette.middleware import Middleware as Layer
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse


def needs(scope: str) -> dict[str, Any]:
    """For ``@mcp.tool(meta=needs("pr:read"))``: what a token must carry to call the tool. Clients can read it too."""
    return {"scope": scope}


class NoAnswer(AuthenticationError):
    """AuthSec said nothing of the token: 429, whom it is for has used up their calls, or 503, it cannot be asked now.

    Not 401, which would send the client to its user for another token.
    """

    def __init__(self, status: int, wait_s: str) -> None:
        super().__init__("Too many calls." if status == 429 else "Nobody can be let in now.")
        self.status, self.wait_s = status, wait_s


class Introspection(TokenVerifier):
    """Asks AuthSec about a token (RFC 7662), at every request: somebody who was suspended a moment ago is out now."""

    def __init__(self, issuer: str, resource: str, credential: tuple[str, str]) -> None:
        super().__init__()
        self.resource = resource
        self._http = httpx2.AsyncClient(base_url=issuer, auth=credential, timeout=5)

    async def verify_token(self, token: str) -> AccessToken | None:
        """What the token may do here; None for none that is good here. Raises NoAnswer."""
        try:
            answer = await self._http.post("/oauth/introspect", data={"token": token})
        except httpx2.TransportError as error:
            raise NoAnswer(503, "5") from error
        if answer.status_code in (400, 413):  # whatever was sent, it is no token
            return None
        if answer.status_code != 200:
            raise NoAnswer(429 if answer.status_code == 429 else 503, answer.headers.get("Retry-After", "5"))
        facts = answer.json()
        if not facts["active"] or facts["aud"] != self.resource:
            return None
        return AccessToken(
            token=token,
            client_id=facts["client_id"],
            scopes=facts["scope"].split(),
            expires_at=facts["exp"],
            subject=facts["sub"],
            claims=facts,
        )


class Authority(RemoteAuthProvider):
    """Says in HTTP what NoAnswer says; everything else is FastMCP's."""

    def get_middleware(self) -> list[Layer]:
        authentication, *others = super().get_middleware()
        return [Layer(authentication.cls, **authentication.kwargs, on_error=_pass_on), *others]


def _pass_on(_: HTTPConnection, error: Exception) -> JSONResponse:
    status, wait_s = (error.status, error.wait_s) if isinstance(error, NoAnswer) else (400, "")
    return JSONResponse({"error": str(error)}, status, headers={"Retry-After": wait_s} if wait_s else None)


def authority(
    issuer: str, resource: str, credential: tuple[str, str], *, scopes: Iterable[str], first: str
) -> Authority:
    """Ask AuthSec about every token, and tell clients where to get one (RFC 9728).

    ``scopes``: all that the tools need; ``first``: the one that a client is to ask for to begin with.
    """
    return Authority(
        token_verifier=Introspection(issuer, resource, credential),
        authorization_servers=[
            issuer
        ],  # a string: as a URL type it would get a slash that strict clients refuse
        base_url=_origin(resource),
        scopes_supported=list(scopes),
        challenge_scopes=[first],
    )


class ToolScopes(Middleware):
    """Lets a call through if the token carries the tool's scope. A tool that names none is nobody's."""

    async def on_call_tool(self, context: Any, call_next: Any) -> Any:
        wanted = await _scope_of(context.fastmcp_context.fastmcp, context.message.name)
        token = get_access_token()
        if token is None or wanted not in token.scopes:
            raise InsufficientScopeError([wanted or "none that can be had"])
        return await call_next(context)


class ScopeChallenge:
    """Says the same to the client in HTTP: 403 with the scope that is missing, so that it asks its user for it.

    A courtesy that reads the request ahead; what counts is ToolScopes, behind it.
    """

    def __init__(self, app: Any, mcp: FastMCP, resource: str) -> None:
        self.app, self.mcp = app, mcp
        self.metadata_url = (
            f"{_origin(resource)}/.well-known/oauth-protected-resource{urlsplit(resource).path}"
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        caller = scope.get("user")
        if scope["type"] != "http" or scope["method"] != "POST" or not getattr(caller, "scopes", None):
            return await self.app(scope, receive, send)
        body = await Request(scope, receive).body()
        missing = await _scope_of(self.mcp, _called_tool(body))
        if missing and missing not in caller.scopes:
            return await self._refuse(missing)(scope, receive, send)
        unread = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Any:
            return unread.pop() if unread else await receive()

        return await self.app(scope, again, send)

    def _refuse(self, scope: str) -> JSONResponse:
        """RFC 6750 §3.1 and MCP's step-up."""
        challenge = (
            f'Bearer error="insufficient_scope", scope="{scope}", resource_metadata="{self.metadata_url}"'
        )
        return JSONResponse(
            {"error": "insufficient_scope", "scope": scope}, 403, headers={"WWW-Authenticate": challenge}
        )


def http_app(mcp: FastMCP, resource: str) -> Any:
    """The ASGI application, at the path of the resource URI."""
    mcp.add_middleware(ToolScopes())
    challenge = Layer(ScopeChallenge, mcp=mcp, resource=resource)
    return mcp.http_app(
        path=urlsplit(resource).path or "/", middleware=[challenge], stateless_http=True, json_response=True
    )


def _origin(resource: str) -> str:
    parts = urlsplit(resource)
    return f"{parts.scheme}://{parts.netloc}"


def _called_tool(body: bytes) -> str:
    try:
        message = json.loads(body)
        return str(message["params"]["name"]) if message["method"] == "tools/call" else ""
    except (ValueError, KeyError, TypeError):
        return ""  # the server says what is wrong with it


async def _scope_of(mcp: FastMCP, tool_name: str) -> str:
    tool = await mcp.get_tool(tool_name) if tool_name else None
    return str((tool.meta or {}).get("scope", "")) if tool else ""
