"""A tenant's limits and policy on clients through the management API."""

from types import SimpleNamespace

import pytest

from oauth.models import ClientApproval
from tests import cast
from tests.console.api import problem
from tests.console.test_api_access import V2, tenant_context, world
from tests.oauth.world import public_client

__all__ = ["world"]

pytestmark = pytest.mark.django_db
POLICY = {
    "metadata_policy": "open",
    "registration_policy": "allow_list",
    "allowed_hosts": ["Claude.AI", "*.x.example"],
}


def test_a_client_that_came_by_itself_is_limited_and_the_limits_lifted(world: SimpleNamespace) -> None:
    client = public_client()
    with tenant_context(world.acme.pk):
        ClientApproval.objects.create(tenant=world.acme, client=client)
    application = cast.application(world.acme, "deploy-mcp", ["read", "run"])
    theirs = cast.application(world.tools, "tools-mcp", ["read"])
    path, key = f"{V2}/clients/{client.pk}", str(application.pk)
    item = world.api.get(path).json()
    assert (item["origin"], item["limits"], item["redirect_hosts"]) == ("registration", None, ["127.0.0.1"])
    wanted = {"limits": [{"application_id": key, "scopes": ["read"]}], "reason": "a pilot"}
    item = world.api("PUT", f"{path}/limits", wanted).json()
    assert item["limits"] == [{"application_id": key, "scopes": ["read"]}]
    assert world.api("PUT", f"{path}/limits", {"limits": [{"application_id": key}]}).json()["limits"] == [
        {"application_id": key, "scopes": None}
    ]
    for wrong in ({"application_id": str(theirs.pk)}, {"application_id": key, "scopes": ["no:such"]}):
        answer = world.api("PUT", f"{path}/limits", {"limits": [{"application_id": key}, wrong]})
        assert problem(answer) == (422, "invalid")
        assert "limits/1" in str(answer.json()["errors"])
    assert problem(world.api("PUT", f"{path}/limits", {"limits": []})) == (422, "invalid")
    assert world.api("DELETE", f"{path}/limits").json()["limits"] is None
    assert world.api.get(f"{V2}/clients?origin=registration&q=127.0.0.1").json()["count"] == 1
    assert world.api.get(f"{V2}/clients?origin=document").json()["count"] == 0


def test_the_policy_is_read_and_put_and_a_wrong_host_is_pointed_at(world: SimpleNamespace) -> None:
    path = f"{V2}/client-policy"
    assert world.api.get(path).json()["registration_policy"] == "open"
    assert world.api("PUT", path, POLICY).json()["allowed_hosts"] == ["claude.ai", "*.x.example"]
    answer = world.api("PUT", path, POLICY | {"allowed_hosts": ["fine.example", "*.com"]})
    assert problem(answer) == (422, "invalid")
    assert "allowed_hosts/1" in str(answer.json()["errors"])
    assert world.api.get(path).json()["registration_policy"] == "allow_list"
