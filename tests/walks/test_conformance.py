"""The MCP project's own conformance suite for authorization servers, whole and unmodified."""

import json
from pathlib import Path

import pytest

from tests.plain_client import newcomer, register
from tests.programs import Program, allow
from tests.servers import Service, free_port

pytestmark = [pytest.mark.slow]
SUITE = "node_modules/@modelcontextprotocol/conformance/dist/index.js"
SCENARIOS = {"authorization-server-metadata-endpoint", "authorization-code-grant"}


def test_the_suite_knows_no_scenario_for_authorization_servers_that_is_not_run_here() -> None:
    with Program(SUITE, "list") as suite:
        assert suite.end() == 0
    start = next(n for n, line in enumerate(suite.said) if line.startswith("Authorization"))
    listed = [line.split()[1] for line in suite.said[start + 1 :] if line.startswith("  - ")]
    assert set(listed) == SCENARIOS


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_every_check_of_the_conformance_suite_passes(service: Service, tmp_path: Path, revision: str) -> None:
    """MCP authorization; the suite sends ``resource`` and no ``scope``, and waits for a person to allow it."""
    port = free_port()
    client = register(service, "Conformance suite", redirect_uris=[f"http://127.0.0.1:{port}/callback"])
    person, _ = newcomer(service)
    resource = service.application("github-mcp")["resource_uri"]
    arguments = ["--url", service.base_url, "--client-id", client["client_id"], "--resource", resource]
    arguments += ["--port", str(port), "--spec-version", revision, "--output-dir", str(tmp_path)]
    with Program(SUITE, "authorization", *arguments) as suite:
        allow(person, suite.line(service.url("/oauth/authorize")))
        status = suite.end()
    written = {path: json.loads(path.read_text()) for path in tmp_path.rglob("checks.json")}
    checks = [check for each in written.values() for check in each]
    assert {check["status"] for check in checks} == {"SUCCESS"}, checks
    assert {name for name in SCENARIOS if any(name in str(path) for path in written)} == SCENARIOS
    assert len(checks) >= 3
    assert status == 0
