"""Code from the Application page, pasted and run; and what that asks, counted."""

import asyncio
import html
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from fastmcp import Client

from authsec.database.embedded import CHECKOUT
from scripts.node import NODE
from tests.management import release_bot
from tests.plain_client import demo_person, newcomer, register
from tests.servers import Service, eventually, free_port

pytestmark = [pytest.mark.slow]
KIT = CHECKOUT / ".venv-sdk" / "bin" / "python"  # has FastAPI; make test-long makes it
CODE = re.compile(r'<pre tabindex="0"><code>(.*?)</code></pre>', re.DOTALL)


@pytest.fixture(scope="module")
def service_here(services: Any) -> Service:
    made: Service = services(4)
    return made


@pytest.fixture(scope="module")
def application(service_here: Service) -> dict[str, Any]:
    """An Application that was registered a moment ago; everybody may read and write there."""
    caller = release_bot(service_here)
    wanted = {
        "name": "pasted-mcp",
        "kind": "mcp_server",
        "resource_uri": f"http://localhost:{free_port()}/mcp",
        "scopes": [{"name": "pr:write"}, {"name": "pr:read", "is_default": True}],
    }
    made: dict[str, Any] = caller("POST", "applications", wanted)
    for role in caller("GET", "roles?limit=200")["items"]:
        if role["name"] in ("PR Reader", "PR Writer"):
            wanted = {"role_id": role["id"], "plan_tier": "free", "application_id": made["id"]}
            caller("POST", "bindings", wanted)
    return made


@pytest.fixture(scope="module")
def token(service_here: Service, application: dict[str, Any]) -> str:
    person, _ = newcomer(service_here)
    answer = person.token(register(service_here), resource=application["resource_uri"])
    service_here.keep(answer["access_token"])
    return str(answer["access_token"])


@pytest.fixture
def pasted(service: Service, application: dict[str, Any]) -> Any:
    """A function from the key of a snippet to its code, as the page shows it to an operator."""
    operator = demo_person(service, "adam")

    def copy(key: str) -> str:
        page = operator.get(f"/t/acme-corp/applications/{application['id']}/connect/?with={key}")
        found = CODE.search(page.text)
        assert found
        return html.unescape(found[1])

    return copy


@pytest.fixture
def server(pasted: Any, application: dict[str, Any], tmp_path: Path) -> Iterator[str]:
    """The FastMCP snippet, running; its address."""
    (tmp_path / "server.py").write_text(pasted("fastmcp"))
    environment = os.environ | {"CREDENTIAL_SECRET": application["credential"]["secret"]}
    environment.pop("PORT", None)  # make's own: the snippet listens where its Application is
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "server.py"], cwd=tmp_path, env=environment, stdout=log, stderr=log
        )
    try:
        uri = application["resource_uri"]
        eventually(lambda: _answers(uri), within_s=60, what="the pasted server's start")
        yield uri
    finally:
        process.terminate()
        process.wait(20)


def _answers(uri: str) -> bool:
    try:
        return (
            httpx.request("GET" if uri.endswith("/hello") else "POST", uri, trust_env=False).status_code
            == 401
        )
    except httpx.TransportError:
        return False


def test_the_pasted_fastmcp_server_lets_in_whom_introspection_lets_in(server: str, token: str) -> None:
    """RFC 9728 §5.1, RFC 6750 §3: who brings no token is told where to find one, and with which scope."""
    refused = httpx.post(server, timeout=30, trust_env=False)
    assert 'scope="' in refused.headers["WWW-Authenticate"]
    document = re.search(r'resource_metadata="([^"]+)"', refused.headers["WWW-Authenticate"])
    assert document
    assert httpx.get(document[1], timeout=30, trust_env=False).json()["resource"] == server

    async def call() -> Any:
        async with Client(server, auth=token) as client:
            return (await client.call_tool("hello")).data

    assert asyncio.run(call()) == "hello"


# Each server snippet: its file, the command that runs it, and whose packages of Node.js it borrows.
DJANGO = (sys.executable, "-m", "django", "runserver", "--noreload", "--settings=site_settings", "PORT")
SERVERS = {
    "fastmcp": ("server.py", (sys.executable, "server.py"), ""),
    "typescript": ("server.ts", (str(NODE), "server.ts"), "examples/typescript-mcp-server"),
    "express": ("server.mjs", (str(NODE), "server.mjs"), "tests/node"),
    "fastapi": ("main.py", (str(KIT), "-m", "uvicorn", "main:app", "--port", "PORT"), ""),
    "django": ("urls.py", DJANGO, ""),
}
SITE = "SECRET_KEY, ROOT_URLCONF, ALLOWED_HOSTS = 'of a test', 'urls', ['localhost']"


@pytest.fixture(scope="module")
def tokens(service_here: Service, application: dict[str, Any], token: str) -> dict[str, str]:
    """A good one, one without the scope that the snippets ask for, and a suspended person's."""
    caller, client = release_bot(service_here), register(service_here)
    (writer, _), (out, email) = newcomer(service_here), newcomer(service_here)
    where = {"resource": application["resource_uri"]}
    found = {
        "good": token,
        "narrow": writer.token(client, **where, scope="pr:write")["access_token"],
        "suspended": out.token(client, **where)["access_token"],
        "huge": "%" * 6_000,  # three times that in the form, which introspection refuses with 413
    }
    people = f"tenants/{caller.tenant}/end-users"
    [person] = caller("GET", f"{people}?q={email}")["items"]
    caller("POST", f"{people}/{person['user_id']}/suspend", {"reason": "a walk"})
    return found


@pytest.mark.long
@pytest.mark.parametrize("key", SERVERS)
def test_every_pasted_server_tells_good_narrow_suspended_and_impossible_tokens_apart(
    key: str, pasted: Any, application: dict[str, Any], tokens: dict[str, str], tmp_path: Path
) -> None:
    """RFC 6750 §3.1, RFC 9728 §3 and §5.1."""
    uri = application["resource_uri"]
    with running(key, pasted(key), application, tmp_path):
        stranger = called(key, uri)
        assert stranger.status_code == 401
        challenge = stranger.headers["WWW-Authenticate"]
        where = re.search(r'resource_metadata="([^"]+)"', challenge)
        assert where
        assert 'scope="pr:read"' in challenge
        document = httpx.get(where[1], timeout=30, trust_env=False).json()
        assert document["resource"] == uri
        assert document["scopes_supported"] == ["pr:read", "pr:write"]
        assert called(key, uri, tokens["good"]).status_code == 200
        for name, status, error in (
            ("narrow", 403, "insufficient_scope"),
            ("suspended", 401, "invalid_token"),
            ("huge", 401, "invalid_token"),
        ):
            refused = called(key, uri, tokens[name])
            assert refused.status_code == status
            challenge = refused.headers["WWW-Authenticate"]
            for said in (f'error="{error}"', 'scope="pr:read"', where[0]):
                assert said in challenge, name


@contextmanager
def running(key: str, code: str, application: dict[str, Any], folder: Path) -> Iterator[None]:
    """The snippet in a folder of its own, started as its library's documentation says."""
    file, command, packages = SERVERS[key]
    uri = application["resource_uri"]
    (folder / file).write_text(code)
    (folder / "site_settings.py").write_text(SITE)
    if packages:
        (folder / "node_modules").symlink_to(CHECKOUT / packages / "node_modules")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(folder),
        "CREDENTIAL_SECRET": application["credential"]["secret"],
    }
    port = str(urlsplit(uri).port)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [port if part == "PORT" else part for part in command],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            eventually(lambda: _answers(uri if key in MCP else f"{uri}/hello"), within_s=60, what=key)
            yield
        finally:
            process.terminate()
            process.wait(20)


def called(key: str, uri: str, token: str = "") -> httpx.Response:
    """The tool or the route that the snippet brings."""
    headers = {"Accept": "application/json, text/event-stream"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    with httpx.Client(headers=headers, trust_env=False, timeout=30) as http:
        if key not in MCP:
            return http.get(f"{uri}/hello")
        if key == "fastmcp" and token:  # it keeps sessions: MCP 2025-06-18, Streamable HTTP
            opened = http.post(uri, json=rpc("initialize", **HELLO))
            if opened.status_code != 200:
                return opened
            http.headers["Mcp-Session-Id"] = opened.headers["Mcp-Session-Id"]
            http.post(uri, json={"jsonrpc": "2.0", "method": "notifications/initialized"})
        answer = http.post(uri, json=rpc("tools/call", name="hello", arguments={}))
        assert answer.status_code != 200 or '"text":"hello"' in answer.text.replace(" ", "")
        return answer


MCP = ("fastmcp", "typescript")
HELLO: dict[str, Any] = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "walk", "version": "1"},
}


def rpc(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def test_the_pasted_curl_asks_as_the_application(
    pasted: Any, application: dict[str, Any], token: str
) -> None:
    environment = os.environ | {
        "CREDENTIAL_SECRET": application["credential"]["secret"],
        "TOKEN": token,
        "NO_PROXY": "localhost",
    }
    done = subprocess.run(
        ["bash", "-c", pasted("curl")], env=environment, capture_output=True, text=True, check=True
    )
    assert '"active":true' in done.stdout.replace(" ", "")
    assert application["resource_uri"] in done.stdout.replace("\\/", "/")


def test_what_a_crowd_asks_is_counted_exactly_and_soon(service: Service, token: str) -> None:
    """Counted by every worker in memory, written down off the path: none lost, none twice."""
    caller = release_bot(service)
    wanted = {"name": "counted", "kind": "api", "resource_uri": f"http://localhost:{free_port()}/counted"}
    made = caller("POST", "applications", wanted)
    auth = (made["credential"]["id"], made["credential"]["secret"])

    def ask(number: int) -> int:
        with httpx.Client(base_url=service.base_url, auth=auth, trust_env=False, timeout=30) as http:
            answers = [
                http.post("/oauth/introspect", data={"token": text}) for text in [token, "x", "y"] * 10
            ]
        return sum(answer.json() == {"active": False} for answer in answers)

    with ThreadPoolExecutor(8) as crowd:
        assert sum(crowd.map(ask, range(8))) == 240
    # What the Application hears is one thing, why it is so another: the token is for another Application.
    expected = {(False, "other_application"): 80, (False, "unknown"): 160}
    eventually(lambda: counted(service, made["id"]) == expected, what="the counts of the crowd")


def counted(service: Service, application_id: str) -> dict[tuple[bool, str], int]:
    with psycopg.connect(service.database_url) as connection:
        connection.execute("set local role authsec_system")
        rows = connection.execute(
            "select active, reason, sum(number)::int from oauth_introspectioncount where application_id = %s"
            " group by active, reason",
            [application_id],
        ).fetchall()
    return {(active, reason): number for active, reason, number in rows}
