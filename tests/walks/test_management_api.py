"""Each family of the management API's routes over real HTTP, with both kinds of bearer: a person's token, which holds
all their tenants, and a service account's.
"""

from typing import Any

import pytest

from tests.management import V2, Caller, release_bot
from tests.plain_client import demo_person, newcomer, register
from tests.servers import Service
from tests.walks.walk import active

pytestmark = [pytest.mark.slow]


@pytest.fixture(params=["person", "service account"])
def caller(request: pytest.FixtureRequest, service: Service) -> Caller:
    """Adam through the demo's public client, and release-bot by client credentials: both administer acme-corp."""
    if request.param == "service account":
        return release_bot(service)
    wanted = {"resource": service.url("/api"), "scope": "api:read api:write"}
    cli = next(row for row in service.demo["clients"] if row["client_id"] == "authsec-cli")
    return Caller(service, demo_person(service, "adam").token(cli, **wanted)["access_token"])


def test_access_is_built_changed_and_taken_away(caller: Caller) -> None:
    """An Application, its scopes and credentials; a role, a group and what binds them; Alice gains and loses."""
    alice = caller.service.user_id("acme-corp", "alice")
    wanted = {"name": "walk-mcp", "kind": "mcp_server", "resource_uri": "http://localhost:9399/walk"}
    app = caller("POST", "applications", wanted | {"scopes": [{"name": "walk:go"}]})
    caller("POST", f"applications/{app['id']}/scopes", {"scopes": [{"name": "walk:far", "risk": "high"}]})
    assert caller("PATCH", f"applications/{app['id']}", {"admission": "members"})["admission"] == "members"
    role = caller("POST", "roles", {"name": "Walker", "scopes": ["walk:go"]})
    group = caller("POST", "groups", {"name": "walkers"})
    caller("POST", f"groups/{group['id']}/members", {"user_ids": [alice]})
    path = f"groups/{group['id']}/role-bindings"
    binding = caller("POST", path, {"role_id": role["id"], "application_id": app["id"]})

    def scopes_of_alice() -> list[str]:
        found = caller("GET", f"users/{alice}/effective-access?application={app['id']}")["effective"]
        return sorted(found.get(app["id"], []))

    assert scopes_of_alice() == ["walk:go"]
    caller("PATCH", f"roles/{role['id']}", {"scopes": ["walk:go", "walk:far"]})
    assert scopes_of_alice() == ["walk:far", "walk:go"]
    caller("DELETE", f"applications/{app['id']}/scopes/walk:far")
    assert scopes_of_alice() == ["walk:go"]
    caller("PATCH", f"bindings/{binding['id']}", {"conditions": {"mfa_required": True}})
    assert scopes_of_alice() == []
    caller("PATCH", f"bindings/{binding['id']}", {"conditions": None})
    assert scopes_of_alice() == ["walk:go"]
    again = caller("POST", f"applications/{app['id']}/rotate-secret")
    listed = caller("GET", f"applications/{app['id']}/credentials")["items"]
    assert {item["id"] for item in listed} == {app["credential"]["id"], again["id"]}
    for thing in (f"bindings/{binding['id']}", f"groups/{group['id']}", f"roles/{role['id']}"):
        caller("DELETE", thing)
    assert scopes_of_alice() == []
    caller("DELETE", f"applications/{app['id']}")
    events = caller("GET", f"audit-events?target={app['id']}&action=application.archived")["items"]
    assert [event["via"] for event in events] == ["api"]
    assert caller("GET", f"audit-events/{events[0]['id']}") == events[0]


def test_subjects_that_are_no_people_and_their_clients(caller: Caller) -> None:
    alice = caller.service.user_id("acme-corp", "alice")
    account = caller("POST", "service-accounts", {"name": "walk-bot"})
    path = f"service-accounts/{account['id']}"
    assert caller("PATCH", path, {"description": "Walks"})["description"] == "Walks"
    caller("POST", f"{path}/operators", {"user_ids": [alice]})
    assert [row["user_id"] for row in caller("GET", f"{path}/operators")["items"]] == [alice]
    assert caller("POST", f"{path}/rotate-secret")["client_secret"] != account["client_secret"]
    caller("DELETE", path)
    wanted = {"name": "Walk Desk", "redirect_uris": ["http://127.0.0.1/callback"]}
    client = caller("POST", "clients", wanted)
    assert caller("PATCH", f"clients/{client['id']}", {"name": "Walk Desk 2"})["name"] == "Walk Desk 2"
    assert caller("POST", f"clients/{client['id']}/deny", {"reason": "a walk"})["status"] == "denied"
    assert caller("GET", "clients?status=denied&q=walk")["count"] == 1
    assert caller("POST", f"clients/{client['id']}/approve", {})["status"] == "approved"
    caller("DELETE", f"clients/{client['id']}")


def test_an_end_user_gets_a_limit_of_their_own_and_loses_their_tokens(caller: Caller) -> None:
    """What the API says, introspection answers at the very next call: override before tier."""
    service = caller.service
    person, email = newcomer(service)
    token = person.token(register(service), resource=service.application("github-mcp")["resource_uri"])
    token = token["access_token"]
    people = f"tenants/{caller.tenant}/end-users"
    [found] = caller("GET", f"{people}?q={email}&status=active")["items"]
    path = f"{people}/{found['user_id']}"

    def limit() -> Any:
        return service.introspect(token, by="github-mcp")["rate_limit"]

    usual = limit()
    app = service.application("github-mcp")
    used = caller("GET", f"applications/{app['id']}/credentials")["items"]
    assert next(row["last_used_at"] for row in used if row["id"] == app["credential"]["id"])
    assert usual is None or usual["source"] != "override"
    caller("PATCH", path, {"rate_limit_override": {"limit": 7, "window_s": 30}})
    assert limit() == {"limit": 7, "window_s": 30, "source": "override"}
    assert caller("PATCH", path, {"plan_tier": "pro"})["rate_limit_override"] == {"limit": 7, "window_s": 30}
    assert service.introspect(token, by="github-mcp")["plan_tier"] == "pro"
    caller("PATCH", path, {"plan_tier": found["plan_tier"], "rate_limit_override": None})
    assert limit() == usual
    assert caller("POST", f"{path}/suspend", {"reason": "a walk"})["status"] == "suspended"
    assert not active(service, token, by="github-mcp")
    caller("POST", f"{path}/reactivate", {})
    assert active(service, token, by="github-mcp")
    caller("POST", f"{path}/revoke-tokens", {"reason": "a walk"})
    assert not active(service, token, by="github-mcp")


def test_a_person_chooses_among_their_tenants_and_an_account_has_one(caller: Caller) -> None:
    elsewhere = caller.service.tenant("data-tools-cloud")["id"]
    refused = caller.service.http.get(f"{V2}/groups", headers=caller.headers | {"X-Tenant-ID": elsewhere})
    assert (refused.status_code, refused.json()["type"]) == (403, "tenant-not-in-token")
    assert caller("GET", "groups?limit=1")["count"] >= 1
