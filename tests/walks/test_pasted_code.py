"""Code from the Application page, pasted and run; and what that asks, counted."""

import asyncio
import html
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastmcp import Client

from tests.management import release_bot
from tests.plain_client import demo_person, newcomer, register
from tests.programs import free_port
from tests.servers import Service, eventually

pytestmark = [pytest.mark.slow]
CODE = re.compile(r'<pre tabindex="0"><code>(.*?)</code></pre>', re.DOTALL)


@pytest.fixture(scope="module")
def service_here(services: Any) -> Service:
    made: Service = services(4)
    return made


@pytest.fixture(scope="module")
def application(service_here: Service) -> dict[str, Any]:
    """An Application that was registered a moment ago; everybody may read there."""
    caller = release_bot(service_here)
    wanted = {
        "name": "pasted-mcp",
        "kind": "mcp_server",
        "resource_uri": f"http://localhost:{free_port()}/mcp",
        "scopes": [{"name": "pr:merge"}, {"name": "pr:read", "is_default": True}],
    }
    made: dict[str, Any] = caller("POST", "applications", wanted)
    role = next(
        role["id"] for role in caller("GET", "roles?limit=200")["items"] if role["name"] == "PR Reader"
    )
    caller("POST", "bindings", {"role_id": role, "plan_tier": "free", "application_id": made["id"]})
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
        return httpx.post(uri, trust_env=False).status_code == 401
    except httpx.TransportError:
        return False


def test_the_pasted_fastmcp_server_lets_in_whom_introspection_lets_in(server: str, token: str) -> None:
    """RFC 9728 §5.1, RFC 6750 §3: who brings no token is told where to find one, and with which scope."""
    refused = httpx.post(server, trust_env=False)
    assert 'scope="' in refused.headers["WWW-Authenticate"]
    document = re.search(r'resource_metadata="([^"]+)"', refused.headers["WWW-Authenticate"])
    assert document
    assert httpx.get(document[1], trust_env=False).json()["resource"] == server

    async def call() -> Any:
        async with Client(server, auth=token) as client:
            return (await client.call_tool("hello")).data

    assert asyncio.run(call()) == "hello"


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
    eventually(lambda: counted(service, made["id"]) == expected, within_s=30, what="the counts of the crowd")


def counted(service: Service, application_id: str) -> dict[tuple[bool, str], int]:
    with psycopg.connect(service.database_url) as connection:
        connection.execute("set local role authsec_system")
        rows = connection.execute(
            "select active, reason, sum(number)::int from oauth_introspectioncount where application_id = %s"
            " group by active, reason",
            [application_id],
        ).fetchall()
    return {(active, reason): number for active, reason, number in rows}
