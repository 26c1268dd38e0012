"""The public authsec-sdk, unmodified, in a .venv of its own: introspection, remote policy, manifest.

``scripts/install requirements-sdk.txt .venv-sdk`` makes that .venv; ``make test-long`` does it.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from mcp import MCPError

from authsec.database.embedded import CHECKOUT
from tests.ai_client import AiClient, Refused
from tests.forms import forms
from tests.management import Caller, release_bot
from tests.plain_client import Person, demo_person, newcomer
from tests.programs import PythonProgram, allow
from tests.servers import Service, eventually, free_port

pytestmark = [pytest.mark.long]
KIT = CHECKOUT / ".venv-sdk" / "bin" / "python"
SCOPES = [{"name": "files:read", "is_default": True}, {"name": "files:write", "risk": "high"}]


@pytest.fixture(scope="module")
def caller(services: Any) -> Caller:
    return release_bot(services(4))


@pytest.fixture(scope="module")
def application(caller: Caller) -> Iterator[dict[str, Any]]:
    """An Application whose server runs; consumers have files:read."""
    port = free_port()
    wanted = {"name": "files-mcp", "kind": "mcp_server", "resource_uri": f"http://localhost:{port}/mcp"}
    made: dict[str, Any] = caller("POST", "applications", wanted | {"scopes": SCOPES})
    role = caller("POST", "roles", {"name": "File Reader", "scopes": ["files:read"]})
    bound = {"role_id": role["id"], "plan_tier": "free", "application_id": made["id"]}
    caller("POST", "bindings", bound)
    issuer = caller.service.base_url
    environment = {
        "AUTHSEC_ISSUER": issuer,
        "AUTHSEC_AUTHORIZATION_SERVER": issuer,
        "AUTHSEC_JWKS_URL": f"{issuer}/oauth/jwks",
        "AUTHSEC_INTROSPECTION_URL": f"{issuer}/oauth/introspect",
        "AUTHSEC_INTROSPECTION_CLIENT_ID": made["credential"]["id"],
        "AUTHSEC_INTROSPECTION_CLIENT_SECRET": made["credential"]["secret"],
        "AUTHSEC_RESOURCE_URI": made["resource_uri"],
        "AUTHSEC_RESOURCE_SERVER_ID": made["id"],
        "AUTHSEC_POLICY_MODE": "remote_required",
        "AUTHSEC_PUBLISH_MANIFEST": "true",
        "PORT": str(port),
    }
    assert KIT.exists(), "sh scripts/install requirements-sdk.txt .venv-sdk"
    with PythonProgram("sdk_server.py", folder=CHECKOUT / "tests", python=KIT, **environment) as server:
        server.line("Listening")
        yield made


def decide(operator: Person, application: dict[str, Any], tool: str, **choice: Any) -> None:
    """On the Application's page of tools, as an operator does it."""
    tools = f"/t/acme-corp/applications/{application['id']}/tools/"
    page = operator.get(tools).text
    row = page[page.index(f"<code>{tool}</code>") :]
    link = row[row.index(tools) :].partition('"')[0]
    form = next(one for one in forms(operator.get(link).text) if one.action == link)
    assert operator.http.post(link, data=form.filled(**choice)).is_redirect


# The kit refuses inside MCP, or with HTTP 503 while it knows no policy.
NO = (Refused, MCPError)


def refused(ai: AiClient, tool: str) -> str:
    try:
        ai.call(tool)
    except NO as refusal:
        return str(refusal) or "refused"
    return ""


def answers(ai: AiClient, tool: str) -> bool:
    return not refused(ai, tool)


def test_operators_decide_which_tools_the_kit_lets_through(
    service: Service, caller: Caller, application: dict[str, Any]
) -> None:
    listed = f"applications/{application['id']}/tools"
    tools = eventually(lambda: caller("GET", listed)["items"], within_s=30, what="the manifest")
    assert {tool["name"]: tool["suggested_scopes"] for tool in tools} == {
        "list_files": ["files:read"],
        "drop_file": ["files:write"],
    }
    assert next(tool for tool in tools if tool["name"] == "list_files")["title"] == "List files"
    assert {tool["decided_at"] for tool in tools} == {None}
    document = application["resource_uri"].replace("/mcp", "/.well-known/oauth-protected-resource/mcp")

    person, _ = newcomer(service)
    operator = demo_person(service, "olga")
    with AiClient(application["resource_uri"]) as ai:
        # Published and not decided: nobody may call anything, the scopes that it suggests or not.
        with pytest.raises(NO):
            ai.call("list_files", consent=lambda url: allow(person, url))
        assert ai.granted == {"files:read"}
        service.keep(*ai.secrets())

        decide(operator, application, "list_files", who="scopes", scopes=["files:read"])
        decide(operator, application, "drop_file", who="scopes", scopes=["files:write"])
        eventually(lambda: answers(ai, "list_files"), within_s=40, what="the first policy")
        assert ai.call("list_files") == {"result": ["a.txt"]}
        assert "files:write" in refused(ai, "drop_file")
        told = httpx.get(document, timeout=30, trust_env=False).json()
        assert told["scopes_supported"] == ["files:read", "files:write"]

        # The operator changes their mind, and the server follows without being touched.
        decide(operator, application, "drop_file", who="public")
        eventually(lambda: answers(ai, "drop_file"), what="the opened tool")
        decide(operator, application, "list_files", who="nobody")
        eventually(lambda: not answers(ai, "list_files"), what="the closed tool")

        # Standing is asked at each call, whatever the policy says.
        caller("PATCH", f"applications/{application['id']}", {"status": "disabled"})
        eventually(lambda: not answers(ai, "drop_file"), within_s=5, what="the end of all tokens")
        caller("PATCH", f"applications/{application['id']}", {"status": "enabled"})
