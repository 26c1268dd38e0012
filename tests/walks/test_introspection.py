"""Introspection tells an Application about its own tokens, and nobody about anything else."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx
import pytest

from tests.plain_client import Person, demo_person, newcomer, register
from tests.servers import Service
from tests.walks import walk

pytestmark = [pytest.mark.slow]
CROWD = 8


def token_of(
    service: Service, person: Person, *, application: str = "github-mcp", scope: str | None = None
) -> str:
    """An access token of a person for an Application."""
    resource = service.application(application)["resource_uri"]
    token: str = person.token(register(service), resource=resource, scope=scope)["access_token"]
    return token


def credential(service: Service, application: str) -> tuple[str, str]:
    row = service.application(application)["credential"]
    return row["id"], row["secret"]


def test_another_applications_credential_learns_nothing(service: Service) -> None:
    token = token_of(service, demo_person(service, "alice"))
    assert walk.active(service, token, by="github-mcp")
    assert service.introspect(token, by="deploy-mcp") == {"active": False}


def test_another_tenants_credential_learns_nothing(service: Service) -> None:
    token = token_of(service, demo_person(service, "alice"))
    for tenant in ("alex-tools", "data-tools-cloud"):
        other = service.application_of(tenant)["slug"]
        assert service.introspect(token, by=other) == {"active": False}


def test_an_unknown_token_and_a_foreign_one_get_the_same_answer(service: Service) -> None:
    token = token_of(service, demo_person(service, "alice"))
    auth = credential(service, "deploy-mcp")
    answers = [
        service.http.post("/oauth/introspect", data={"token": asked}, auth=auth)
        for asked in (token, "as_at_" + "x" * 43, "no token at all", "a.b.c", "")
    ]
    known, unknown = answers[0], answers[1]
    assert known.content == unknown.content == answers[2].content == answers[3].content
    assert known.headers["cache-control"] == "no-store"
    assert answers[4].status_code in (200, 400)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_only_post_is_answered(service: Service, method: str) -> None:
    token = token_of(service, demo_person(service, "alice"))
    answer = service.http.request(
        method, "/oauth/introspect", params={"token": token}, auth=credential(service, "github-mcp")
    )
    assert answer.status_code == 405
    assert token not in answer.text
    assert "active" not in answer.text


def test_a_wrong_credential_is_refused_and_learns_nothing(service: Service) -> None:
    token = token_of(service, demo_person(service, "alice"))
    name, secret = credential(service, "github-mcp")
    _, others = credential(service, "deploy-mcp")
    wrong: list[Any] = [(name, secret + "x"), (name, others), ("nobody", secret), (name, ""), None]
    for auth in wrong:
        answer = service.http.post("/oauth/introspect", data={"token": token}, auth=auth)
        assert answer.status_code == 401
        assert "active" not in answer.text
        assert "www-authenticate" in answer.headers
    alice = service.service_account("release-bot")
    answer = service.http.post(
        "/oauth/introspect", data={"token": token}, auth=(alice["client_id"], alice["client_secret"])
    )
    assert answer.status_code == 401


@pytest.mark.parametrize("rounds", [50, pytest.param(200, marks=pytest.mark.long)])
def test_the_very_next_request_after_a_suspension_says_inactive_however_busy_the_server_is(
    service: Service, rounds: int
) -> None:
    """Many suspensions, each followed at once by one introspection, while eight clients introspect."""
    tenant = service.tenant("acme-corp")["id"]
    victim, _ = newcomer(service)
    token, other = token_of(service, victim), token_of(service, demo_person(service, "alice"))
    user_id = service.introspect(token, by="github-mcp")["sub"]
    api = f"/uflow/v2/tenants/{tenant}/end-users/{user_id}"
    headers = {"Authorization": f"Bearer {api_token(service, 'adam')}", "X-Tenant-ID": tenant}
    auth = credential(service, "github-mcp")
    over, asked = Event(), [0] * CROWD

    def crowd(number: int) -> None:
        with httpx.Client(base_url=service.base_url, timeout=60, trust_env=False) as http:
            while not over.is_set():
                answer = http.post("/oauth/introspect", data={"token": (token, other)[number % 2]}, auth=auth)
                assert answer.status_code == 200, answer.text
                if number % 2:
                    assert answer.json()["active"] is True
                asked[number] += 1

    late, lost = [], []
    with ThreadPoolExecutor(CROWD) as pool:
        running = [pool.submit(crowd, number) for number in range(CROWD)]
        try:
            for turn in range(rounds):
                done = service.http.post(f"{api}/suspend", json={"reason": f"round {turn}"}, headers=headers)
                assert done.status_code == 200, done.text
                if service.introspect(token, by="github-mcp") != {"active": False}:
                    late.append(turn)
                done = service.http.post(f"{api}/reactivate", json={}, headers=headers)
                assert done.status_code == 200, done.text
                if not walk.active(service, token, by="github-mcp"):
                    lost.append(turn)
        finally:
            over.set()
        for each in running:
            each.result()
    assert late == []
    assert lost == []
    assert min(asked) >= 10, asked


def test_the_very_next_introspection_hears_what_a_tenant_says_of_a_client(service: Service) -> None:
    """Denied, let in, limited to another scope, limited to another Application, and free again, all in the console."""
    client = register(service, "Walked client")
    resource = service.application("github-mcp")["resource_uri"]
    token = demo_person(service, "alice").token(client, resource=resource)["access_token"]
    assert walk.scopes(service, token, by="github-mcp") == {"pr:read"}
    operator = demo_person(service, "olga")
    listed = operator.get(f"/t/acme-corp/clients/?q={client['client_id']}").text
    here = "/t/acme-corp/clients/" + re.findall(r"/clients/([0-9a-f-]{36})/", listed)[0]

    def says(verb: str, **values: str | list[str]) -> set[str] | None:
        """The console's word, then what the token is worth: its scopes, or None."""
        answer = operator.post(operator.get(f"{here}/{verb}/"), "reason", **values)
        assert answer.status_code == 200, answer.text
        told = service.introspect(token, by="github-mcp")
        return set(told["scope"].split()) if told["active"] else None

    assert says("deny", reason="a walk") is None
    assert says("approve") == {"pr:read"}
    boxes = re.findall(r'name="reach" value="([^"]+)"', operator.get(f"{here}/limits/").text)
    here_at = service.application("github-mcp")["id"]
    written = next(value for value in boxes if value == f"{here_at} pr:write")
    other = next(value for value in boxes if not value.startswith(here_at))
    assert says("limits", reach=[written]) == set()
    assert says("limits", reach=[other]) is None
    assert says("lift") == {"pr:read"}


def api_token(service: Service, key: str) -> str:
    """A management API token of a demo person, through the demo's public client."""
    client = next(row for row in service.demo["clients"] if row["client_id"] == "authsec-cli")
    resource = f"{service.base_url}/api"
    got = demo_person(service, key).token(client, resource=resource, scope="api:read api:write")
    token: str = got["access_token"]
    return token
