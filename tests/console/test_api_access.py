"""Applications, roles, bindings, service accounts, clients and the audit log through the API."""

from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import check_password

from authsec.database.context import system_context, tenant_context
from authsec.secrets import same_secret
from oauth.models import Client, ResourceCredential
from tests import cast
from tests.console.api import Api, problem, token_of

pytestmark = pytest.mark.django_db
V2 = "/uflow/v2"


@pytest.fixture
def world() -> SimpleNamespace:
    """acme-corp with an administering service account and Alice; alex-tools beside it."""
    acme, tools = cast.open_tenant(), cast.open_tenant("alex-tools", "alex@tools.example")
    bot = cast.service_account(acme, "release-bot")
    cast.bind(acme, cast.system_role(acme, "tenant-admin"), bot)
    return SimpleNamespace(
        acme=acme,
        tools=tools,
        bot=bot,
        api=Api(token_of(bot), acme),
        alice=cast.member(acme, "alice@acme.example"),
    )


def test_an_application_is_registered_with_a_credential_shown_once(world: SimpleNamespace) -> None:
    wanted = {
        "name": "github-mcp",
        "kind": "mcp_server",
        "resource_uri": "http://localhost:9101/mcp",
        "admission": "anyone",
        "scopes": [
            {"name": "pr:read", "description": "Read pull requests", "risk": "low", "is_default": True},
            {"name": "pr:write", "risk": "medium"},
        ],
    }
    answer = world.api.post(f"{V2}/applications", wanted)
    assert answer.status_code == 201, answer.content
    made = answer.json()
    with tenant_context(world.acme.pk):
        row = ResourceCredential.objects.get(credential_id=made["credential"]["id"])
    assert same_secret(made["credential"]["secret"], row.secret_digest)
    assert [scope["name"] for scope in made["scopes"]] == ["pr:read", "pr:write"]
    path = f"{V2}/applications/{made['id']}"
    assert "credential" not in world.api.get(path).json()
    assert world.api.get(f"{V2}/applications").json()["count"] == 1
    assert problem(world.api.post(f"{V2}/applications", wanted)) == (422, "invalid")
    assert world.api.get(f"{path}/scopes").json()["count"] == 2
    narrowed = world.api("PUT", f"{path}/scopes", {"scopes": [{"name": "pr:read"}]}).json()
    assert [scope["name"] for scope in narrowed["items"]] == ["pr:read"]
    changed = world.api("PATCH", path, {"status": "disabled", "name": "hub"}).json()
    assert (changed["status"], changed["name"]) == ("disabled", "hub")
    second = world.api.post(f"{path}/credentials")
    assert second.status_code == 201
    rotated = world.api.post(f"{path}/rotate-secret")
    assert rotated.status_code == 201
    assert len({made["credential"]["id"], second.json()["id"], rotated.json()["id"]}) == 3
    assert world.api("DELETE", path).status_code == 204
    assert world.api.get(path).json()["ended_at"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"kind": "database"}, "#/kind"),
        ({"resource_uri": "mcp"}, "#/resource_uri"),
        ({"resource_uri": "http://localhost:9101/mcp#here"}, "#/resource_uri"),
        ({"admission": "everybody"}, "#/admission"),
        ({"scopes": [{"name": "a b"}]}, "#/scopes/0/name"),
        ({"scopes": [{"name": "a", "risk": "deadly"}]}, "#/scopes/0/risk"),
        ({"scopes": [{"name": "a", "colour": "red"}]}, "#/scopes/0/colour"),
        ({"scopes": "pr:read"}, "#/scopes"),
    ],
)
def test_a_wrong_application_is_refused_where_it_is_wrong(
    change: dict[str, object], pointer: str, world: SimpleNamespace
) -> None:
    wanted = {"name": "x", "kind": "api", "resource_uri": "http://localhost:9101/mcp"} | change
    answer = world.api.post(f"{V2}/applications", wanted)
    assert problem(answer) == (422, "invalid")
    assert pointer in [error["pointer"] for error in answer.json()["errors"]], answer.content


def test_a_role_is_made_changed_and_archived_but_no_system_role_is(world: SimpleNamespace) -> None:
    wanted = {"name": "Auditor", "scopes": ["pr:read"], "console_permissions": ["audit:read"]}
    made = world.api.post(f"{V2}/roles", wanted)
    assert made.status_code == 201, made.content
    path = f"{V2}/roles/{made.json()['id']}"
    assert made.json()["console_permissions"] == ["audit:read"]
    assert world.api("PATCH", path, {"scopes": []}).json()["scopes"] == []
    assert problem(world.api.post(f"{V2}/roles", wanted)) == (422, "invalid")
    unknown = wanted | {"name": "x", "console_permissions": ["everything"]}
    assert problem(world.api.post(f"{V2}/roles", unknown)) == (422, "invalid")
    more = wanted | {"name": "x", "console_permissions": ["billing:manage"]}
    assert problem(world.api.post(f"{V2}/roles", more)) == (403, "escalation")
    assert world.api("DELETE", path).status_code == 204
    owner = cast.system_role(world.acme, "tenant-owner")
    assert problem(world.api("PATCH", f"{V2}/roles/{owner.pk}", {"name": "x"})) == (422, "invalid")
    assert problem(world.api("DELETE", f"{V2}/roles/{owner.pk}")) == (422, "invalid")


def test_a_binding_has_exactly_one_subject(world: SimpleNamespace) -> None:
    role = cast.role(world.acme, "Reader", ["pr:read"])
    group = cast.group(world.acme, "engineering")
    base = {"role_id": str(role.pk)}
    assert problem(world.api.post(f"{V2}/bindings", base)) == (422, "invalid")
    both = base | {"user_id": str(world.alice.pk), "group_id": str(group.pk)}
    assert problem(world.api.post(f"{V2}/bindings", both)) == (422, "invalid")
    made = world.api.post(f"{V2}/bindings", base | {"plan_tier": "free"})
    assert (made.status_code, made.json()["plan_tier"]) == (201, "free")
    assert problem(world.api.post(f"{V2}/bindings", base | {"plan_tier": "gold"})) == (422, "invalid")
    direct = world.api.post(f"{V2}/bindings", base | {"user_id": str(world.alice.pk)})
    assert direct.status_code == 201
    listed = world.api.get(f"{V2}/bindings?user={world.alice.pk}").json()
    assert direct.json()["id"] in [item["id"] for item in listed["items"]]
    path = f"{V2}/bindings/{direct.json()['id']}"
    assert world.api("DELETE", path).status_code == 204
    assert world.api.get(path).json()["ended_at"]
    assert world.api.get(f"{V2}/bindings?role={role.pk}").json()["count"] == 1
    assert world.api.get(f"{V2}/bindings?role={role.pk}&include_ended=true").json()["count"] == 2


def test_a_service_account_gets_its_secret_once_and_operators(world: SimpleNamespace) -> None:
    made = world.api.post(f"{V2}/service-accounts", {"name": "ci"})
    assert made.status_code == 201, made.content
    item = made.json()
    with system_context():
        client = Client.objects.get(client_id=item["client_id"])
    assert check_password(item["client_secret"], client.client_secret)
    path = f"{V2}/service-accounts/{item['id']}"
    assert "client_secret" not in world.api.get(path).json()
    named = world.api.post(f"{path}/operators", {"user_ids": [str(world.alice.pk)]})
    assert named.status_code == 200
    assert world.api.get(f"{path}/operators").json()["items"][0]["user_id"] == str(world.alice.pk)
    assert world.api("DELETE", f"{path}/operators/{world.alice.pk}").status_code == 204
    assert problem(world.api("DELETE", f"{path}/operators/{world.alice.pk}")) == (404, "not-found")
    rotated = world.api.post(f"{path}/rotate-secret")
    assert rotated.status_code == 201
    assert rotated.json()["client_secret"] != item["client_secret"]
    assert world.api("DELETE", path).status_code == 204


def test_who_takes_a_service_accounts_secret_must_hold_what_it_holds(world: SimpleNamespace) -> None:
    operator = cast.member(world.acme, "sam@acme.example", "service_operator")
    api = Api(token_of(operator), world.acme)
    assert api.get(f"{V2}/service-accounts").status_code == 200
    answer = api.post(f"{V2}/service-accounts/{world.bot.pk}/rotate-secret")
    assert problem(answer) == (403, "escalation")


def test_clients_are_made_approved_and_denied(world: SimpleNamespace) -> None:
    wanted = {
        "name": "Desk",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "token_endpoint_auth_method": "client_secret_basic",
    }
    made = world.api.post(f"{V2}/clients", wanted)
    assert made.status_code == 201, made.content
    assert made.json()["client_secret"]
    public = world.api.post(f"{V2}/clients", wanted | {"name": "CLI", "token_endpoint_auth_method": "none"})
    assert "client_secret" not in public.json()
    path = f"{V2}/clients/{made.json()['id']}"
    assert world.api.get(path).json()["status"] == "approved"
    assert world.api.post(f"{path}/deny", {"reason": "unknown"}).json()["status"] == "denied"
    assert world.api.post(f"{path}/approve").json()["status"] == "approved"
    bad = wanted | {"redirect_uris": ["javascript:alert(1)"]}
    assert problem(world.api.post(f"{V2}/clients", bad)) == (422, "invalid")
    assert problem(world.api.post(f"{V2}/clients", wanted | {"redirect_uris": []})) == (422, "invalid")


def test_the_audit_log_tells_what_the_api_did(world: SimpleNamespace) -> None:
    group = world.api.post(f"{V2}/groups", {"name": "on-call"}).json()
    page = world.api.get(f"{V2}/audit-events?target={group['id']}").json()
    assert page["count"] == 1
    event = page["items"][0]
    assert event["actor"] == {
        "kind": "service_account",
        "id": str(world.bot.pk),
        "name": "release-bot",
        "capacity": "service_account",
    }
    assert event["via"] == "api"
    assert world.api.get(f"{V2}/audit-events/{event['id']}").json() == event
    assert world.api.get(f"{V2}/audit-events?action=no.such").json()["count"] == 0
    assert problem(world.api.get(f"{V2}/audit-events?since=yesterday")) == (400, "invalid-parameter")
    alice = Api(token_of(world.alice), world.acme)
    assert problem(alice.get(f"{V2}/audit-events")) == (403, "forbidden")


def test_nothing_of_another_tenant_is_found(world: SimpleNamespace) -> None:
    theirs = {
        "applications": cast.application(world.tools, "pdf-mcp", ["read"]).pk,
        "roles": cast.role(world.tools, "Theirs", ["read"]).pk,
        "service-accounts": cast.service_account(world.tools, "their-bot").pk,
        "bindings": uuid4(),
        "clients": uuid4(),
        "audit-events": uuid4(),
    }
    for kind, key in theirs.items():
        for row in (key, uuid4()):
            assert problem(world.api.get(f"{V2}/{kind}/{row}")) == (404, "not-found")
    owner = cast.owner_of(world.tools)
    role = cast.role(world.acme, "Reader", ["pr:read"])
    wanted = {"role_id": str(role.pk), "user_id": str(owner.pk)}
    assert problem(world.api.post(f"{V2}/bindings", wanted)) == (422, "invalid")
