"""What is listed can be changed and closed through the API: only what is named, only what one may, and idempotently."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authz.models import Scope
from oauth.models import Client
from tests import cast
from tests.console.api import Api, problem, token_of
from tests.statements import statements

pytestmark = pytest.mark.django_db
V2 = "/uflow/v2"
LISTS = ["applications", "roles", "groups", "service-accounts", "bindings", "clients", "audit-events"]


@pytest.fixture
def world() -> SimpleNamespace:
    """acme-corp with an administering service account, Alice, deploy-mcp, and a role that gives its scope."""
    acme = cast.open_tenant()
    bot = cast.service_account(acme, "release-bot")
    cast.bind(acme, cast.system_role(acme, "tenant-admin"), bot)
    return SimpleNamespace(
        acme=acme,
        bot=bot,
        api=Api(token_of(bot), acme),
        alice=cast.member(acme, "alice@acme.example"),
        app=cast.application(acme, "deploy-mcp", ["deploy:run"]),
        role=cast.role(acme, "Deploy Operator", ["deploy:run"]),
        group=cast.group(acme, "on-call"),
    )


def patch(world: SimpleNamespace, path: str, body: dict[str, Any]) -> Any:
    return world.api("PATCH", f"{V2}/{path}", body)


def delete(world: SimpleNamespace, path: str) -> int:
    return int(world.api("DELETE", f"{V2}/{path}").status_code)


def actions(world: SimpleNamespace, key: Any) -> list[str]:
    """What was recorded about a thing, oldest first."""
    with tenant_context(world.acme.pk):
        return list(Event.objects.filter(target_id=key).order_by("at", "id").values_list("action", flat=True))


def test_a_binding_changes_its_terms_and_nothing_else(world: SimpleNamespace) -> None:
    binding = cast.bind(world.acme, world.role, world.group, world.app, reason="trial")
    path = f"bindings/{binding.pk}"
    conditions = {"mfa_required": True, "mfa_max_age_s": 600, "allowed_ip_cidrs": ["10.0.0.0/8"]}
    changed = patch(world, path, {"conditions": conditions, "expires_at": "2099-01-01T00:00:00Z"}).json()
    assert (changed["conditions"], changed["reason"]) == (conditions, "trial")
    assert patch(world, path, {"reason": "night shift"}).json()["conditions"] == conditions
    freed = patch(world, path, {"conditions": None, "expires_at": None}).json()
    assert (freed["conditions"], freed["expires_at"]) == ({}, None)
    assert patch(world, path, {"conditions": None}).status_code == 200
    assert actions(world, binding.pk) == ["binding.changed"] * 3
    for body, pointer in (
        ({"role_id": str(world.role.pk)}, "#/role_id"),
        ({"conditions": {"weekday": "monday"}}, "#/conditions/weekday"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "#/expires_at"),
        ({"reason": None}, "#/reason"),
    ):
        answer = patch(world, path, body)
        assert problem(answer) == (422, "invalid")
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (delete(world, path), delete(world, path)) == (204, 204)
    assert problem(patch(world, path, {"reason": "again"})) == (409, "conflict")


def test_bindings_are_listed_by_state_subject_and_end(world: SimpleNamespace) -> None:
    later = timezone.now() + timedelta(days=30)
    ends = cast.bind(world.acme, world.role, world.group, world.app, expires_at=cast.next_week())
    wide = cast.bind(world.acme, world.role, world.alice, expires_at=later)
    empty = cast.bind(world.acme, cast.role(world.acme, "Empty", []), world.group, requires_mfa=True)

    def found(query: str) -> list[str]:
        return [item["id"] for item in world.api.get(f"{V2}/bindings?{query}").json()["items"]]

    assert found("ending_before=2099-01-01T00:00:00Z") == [str(ends.pk), str(wide.pk)]  # the nearest first
    assert found(f"ending_before={timezone.now() + timedelta(days=8):%Y-%m-%dT%H:%M:%SZ}") == [str(ends.pk)]
    assert found("state=ending_soon") == [str(ends.pk)]
    assert found("state=never_gives") == [str(empty.pk)]
    assert set(found("subject=group")) == {str(ends.pk), str(empty.pk)}
    assert str(wide.pk) in found("tenant_wide=true&subject=user")
    assert found("tenant_wide=false") == [str(ends.pk)]
    assert found("q=Empty") == [str(empty.pk)]
    said = world.api.get(f"{V2}/bindings/{empty.pk}").json()
    assert (said["state"], said["never_gives"]) == ("never_gives", "role_empty")
    delete(world, f"bindings/{ends.pk}")
    ended = world.api.get(f"{V2}/bindings?state=ended").json()["items"][0]
    assert (ended["id"], ended["ended_by"], ended["never_gives"]) == (str(ends.pk), str(world.bot.pk), None)
    for bad in ("state=x", "ending_before=tomorrow", "subject=team", "tenant_wide=yes", f"q={'x' * 201}"):
        assert problem(world.api.get(f"{V2}/bindings?{bad}")) == (400, "invalid-parameter"), bad


def test_loosening_a_binding_is_giving(world: SimpleNamespace) -> None:
    """An admin may not free an owner's role from its second factor, and the last owner's has no end."""
    owner_role = cast.system_role(world.acme, "tenant-owner")
    bosses = cast.bind(world.acme, owner_role, world.group, requires_mfa=True)
    assert problem(patch(world, f"bindings/{bosses.pk}", {"conditions": None})) == (403, "escalation")
    olga = Api(token_of(cast.owner_of(world.acme)), world.acme)
    listed = olga.get(f"{V2}/bindings?role={owner_role.pk}&user={cast.owner_of(world.acme).pk}").json()
    own = f"{V2}/bindings/{listed['items'][0]['id']}"
    for body in ({"expires_at": "2099-01-01T00:00:00Z"}, {"conditions": {"mfa_required": True}}):
        assert problem(olga("PATCH", own, body)) == (409, "last-owner")
    assert olga("PATCH", own, {"reason": "founder"}).status_code == 200


def test_a_service_account_is_renamed_and_keeps_its_client(world: SimpleNamespace) -> None:
    made = world.api.post(f"{V2}/service-accounts", {"name": "ci", "description": "Builds"}).json()
    path = f"service-accounts/{made['id']}"
    renamed = patch(world, path, {"name": "ci-main"}).json()
    assert (renamed["name"], renamed["description"]) == ("ci-main", "Builds")
    assert renamed["client_id"] == made["client_id"]
    assert problem(patch(world, path, {"name": "release-bot"})) == (422, "invalid")
    assert problem(patch(world, path, {"operators": []})) == (422, "invalid")
    operators = f"{V2}/{path}/operators"
    stranger = cast.user_of(cast.open_tenant("alex-tools", "alex@tools.example"), "alex@tools.example")
    both = {"user_ids": [str(world.alice.pk), str(stranger.pk)]}
    refused = world.api.post(operators, both)
    assert problem(refused) == (422, "invalid")
    assert [error["pointer"] for error in refused.json()["errors"]] == ["#/user_ids/1"]
    assert world.api.get(operators).json()["count"] == 0
    assert world.api.post(operators, {"user_ids": [str(world.alice.pk)]}).status_code == 200
    assert (delete(world, path), delete(world, path)) == (204, 204)
    assert problem(patch(world, path, {"name": "ci"})) == (409, "conflict")
    assert problem(world.api.post(f"{V2}/{path}/rotate-secret")) == (409, "conflict")


def test_an_application_has_a_rate_limit_of_its_own_until_it_is_taken_away(world: SimpleNamespace) -> None:
    path = f"applications/{world.app.pk}"
    assert world.api.get(f"{V2}/{path}").json()["rate_limit"] is None
    changed = patch(world, path, {"rate_limit": {"limit": 500}}).json()
    assert changed["rate_limit"] == {"limit": 500, "window_s": 60}
    assert patch(world, path, {"name": "deploy"}).json()["rate_limit"] == {"limit": 500, "window_s": 60}
    with tenant_context(world.acme.pk):
        event = Event.objects.get(target_id=world.app.pk, after__has_key="rate_limit")
        assert (event.action, event.before) == ("application.updated", {"rate_limit": None})
    for bad in (
        {"limit": 0},
        {"limit": 1, "window_s": 0},
        {"window_s": 60},
        {"limit": 10**12},
        7,
        {"limit": True},
    ):
        assert patch(world, path, {"rate_limit": bad}).status_code == 422, bad
    assert patch(world, path, {"rate_limit": None}).json()["rate_limit"] is None
    body = {"name": "new", "kind": "api", "resource_uri": "http://localhost:9555/new"}
    made = world.api.post(f"{V2}/applications", body | {"rate_limit": {"limit": 9, "window_s": 10}}).json()
    assert made["rate_limit"] == {"limit": 9, "window_s": 10}


def test_a_role_joins_and_leaves_a_tenant_group(world: SimpleNamespace) -> None:
    olga = Api(token_of(cast.owner_of(world.acme)), world.acme)
    for groups in (["admins"], []):
        changed = olga("PATCH", f"{V2}/roles/{world.role.pk}", {"tenant_groups": groups}).json()
        assert changed["tenant_groups"] == groups
    assert olga("PATCH", f"{V2}/roles/{world.role.pk}", {"tenant_groups": ["nobody"]}).status_code == 422
    body = {"name": "Second in command", "tenant_groups": ["admins"]}
    deputy = olga.post(f"{V2}/roles", body).json()
    assert deputy["tenant_groups"] == ["admins"]
    olga.post(f"{V2}/bindings", {"role_id": deputy["id"], "user_id": str(world.alice.pk)})
    alice = Api(token_of(world.alice), world.acme)
    assert alice.post(f"{V2}/groups", {"name": "made by Alice"}).status_code == 201


def test_scopes_are_declared_described_and_closed_one_by_one(world: SimpleNamespace) -> None:
    path = f"applications/{world.app.pk}/scopes"
    more = world.api.post(f"{V2}/{path}", {"scopes": [{"name": "deploy:plan", "risk": "low"}]}).json()
    assert [scope["name"] for scope in more["items"]] == ["deploy:plan", "deploy:run"]
    described = patch(world, f"{path}/deploy:run", {"risk": "critical"}).json()
    assert (described["name"], described["risk"]) == ("deploy:run", "critical")
    assert problem(patch(world, f"{path}/deploy:run", {"name": "x"})) == (422, "invalid")
    assert (delete(world, f"{path}/deploy:plan"), delete(world, f"{path}/deploy:plan")) == (204, 204)
    for name in ("deploy:never", "a%00b", "%22", "x" * 200):
        assert problem(world.api("DELETE", f"{V2}/{path}/{name}")) == (404, "not-found")
    assert problem(patch(world, f"{path}/deploy:plan", {"risk": "low"})) == (404, "not-found")
    put = world.api("PUT", f"{V2}/{path}", {"scopes": [{"name": "deploy:undo"}]}).json()
    assert [scope["name"] for scope in put["items"]] == ["deploy:undo"]
    with tenant_context(world.acme.pk):
        assert Scope.objects.filter(application=world.app, ended_at__isnull=False).count() == 2
    broken = world.api.post(f"{V2}/{path}", {"scopes": [{"name": "ok"}, {"name": "a b"}]})
    assert [error["pointer"] for error in broken.json()["errors"]] == ["#/scopes/1/name"]


def test_credentials_are_listed_without_secrets_and_ended_one_by_one(world: SimpleNamespace) -> None:
    path = f"applications/{world.app.pk}"
    first = world.api.post(f"{V2}/{path}/credentials").json()
    second = world.api.post(f"{V2}/{path}/rotate-secret").json()
    listed = world.api.get(f"{V2}/{path}/credentials").json()["items"]
    assert [item["id"] for item in listed] == [second["id"], first["id"]]
    assert [bool(item["expires_at"]) for item in listed] == [False, True]
    assert "secret" not in listed[0]
    ended = f"{path}/credentials/{first['id']}"
    assert (delete(world, ended), delete(world, ended)) == (204, 204)
    assert problem(world.api("DELETE", f"{V2}/{path}/credentials/as_rc_nothing")) == (404, "not-found")
    assert world.api.get(f"{V2}/{path}/credentials").json()["count"] == 1
    assert world.api.get(f"{V2}/{path}/credentials?include_ended=true").json()["count"] == 2


def test_a_client_of_the_tenants_own_is_changed_and_closed(world: SimpleNamespace) -> None:
    wanted = {
        "name": "Acme Desk",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "token_endpoint_auth_method": "client_secret_basic",
    }
    made = world.api.post(f"{V2}/clients", wanted).json()
    path = f"clients/{made['id']}"
    limited = patch(world, path, {"application_ids": [str(world.app.pk)]}).json()
    assert limited["application_ids"] == [str(world.app.pk)]
    assert limited["redirect_uris"] == wanted["redirect_uris"]
    assert patch(world, path, {"application_ids": []}).json()["application_ids"] == []
    for body, pointer in (
        ({"redirect_uris": ["ftp://nowhere"]}, "#/redirect_uris"),
        ({"redirect_uris": []}, "#/redirect_uris"),
        ({"name": "a\u202eb"}, "#/name"),
        ({"token_endpoint_auth_method": "none"}, "#/token_endpoint_auth_method"),
    ):
        answer = patch(world, path, body)
        assert problem(answer) == (422, "invalid")
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    rotated = world.api.post(f"{V2}/{path}/rotate-secret").json()
    assert rotated["client_id"] == made["client_id"]
    assert rotated["client_secret"] != made["client_secret"]
    assert (delete(world, path), delete(world, path)) == (204, 204)
    assert problem(patch(world, path, {"name": "Desk"})) == (409, "conflict")
    assert world.api.get(f"{V2}/clients?q=desk").json()["count"] == 0
    assert world.api.get(f"{V2}/clients?q=desk&include_ended=true").json()["count"] == 1
    assert actions(world, made["id"])[-1] == "client.closed"


def test_clients_that_are_not_the_tenants_own_stay_as_they_are(world: SimpleNamespace) -> None:
    """A service account's goes with its account, which other rights guard; others are denied, not closed."""
    with tenant_context(world.acme.pk):
        of_bot = Client.objects.get(service_account=world.bot)
    for send in (lambda p: patch(world, p, {"name": "x"}), lambda p: world.api("DELETE", f"{V2}/{p}")):
        assert problem(send(f"clients/{of_bot.pk}")) == (409, "conflict")
    assert problem(world.api.post(f"{V2}/clients/{of_bot.pk}/rotate-secret")) == (409, "conflict")


def test_reading_is_not_writing(world: SimpleNamespace) -> None:
    reader = Api(token_of(world.bot, ("api:read",)), world.acme)
    for path in (f"groups/{world.group.pk}", f"applications/{world.app.pk}", f"roles/{world.role.pk}"):
        assert reader.get(f"{V2}/{path}").status_code == 200
        for method in ("PATCH", "DELETE"):
            answer = reader(method, f"{V2}/{path}", {})
            assert problem(answer) == (403, "insufficient-scope")
            assert 'scope="api:write"' in answer["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("groups?q=CALL", {"on-call"}),
        ("groups?q=nothing", set()),
        ("roles?q=deploy", {"Deploy Operator"}),
        ("roles?system=false", {"Deploy Operator"}),
        ("applications?q=deploy&status=enabled&kind=mcp_server", {"deploy-mcp"}),
        ("applications?status=disabled", set()),
        ("service-accounts?q=bot", {"release-bot"}),
        ("clients?own=true&status=denied", set()),
    ],
)
def test_lists_are_searched_and_filtered(query: str, found: set[str], world: SimpleNamespace) -> None:
    assert {item["name"] for item in world.api.get(f"{V2}/{query}").json()["items"]} == found


@pytest.mark.parametrize(
    "query", ["groups?include_ended=maybe", "groups?q=%00", "applications?kind=app", f"roles?q={'x' * 201}"]
)
def test_a_filter_that_cannot_be_used_is_refused(query: str, world: SimpleNamespace) -> None:
    assert problem(world.api.get(f"{V2}/{query}")) == (400, "invalid-parameter")


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_however_much_stands_in_it(name: str, world: SimpleNamespace) -> None:
    def cost() -> int:
        with statements() as sent:
            assert world.api.get(f"{V2}/{name}?limit=200").status_code == 200
        return len(sent)

    few = cost()
    for number in range(5):
        role = cast.role(world.acme, f"Role {number}", [f"scope:{number}"])
        app = cast.application(world.acme, f"app-{number}", [f"scope:{number}"])
        group = cast.group(world.acme, f"group-{number}", [world.alice])
        cast.bind(world.acme, role, group, app)
        made = world.api.post(f"{V2}/service-accounts", {"name": f"account-{number}"})
        assert made.status_code == 201
    assert cost() <= few
    assert few <= 9


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_read_to_its_end_in_pages(name: str, world: SimpleNamespace) -> None:
    for number in range(3):
        group = cast.group(world.acme, f"group-{number}")
        cast.bind(world.acme, cast.role(world.acme, f"Role {number}", []), group)
        cast.application(world.acme, f"app-{number}", [])
        assert world.api.post(f"{V2}/service-accounts", {"name": f"account-{number}"}).status_code == 201
    whole = world.api.get(f"{V2}/{name}?limit=200").json()
    seen, cursor = [], ""
    while cursor is not None:
        page = world.api.get(f"{V2}/{name}?limit=2&cursor={cursor}").json()
        assert page["count"] == whole["count"]
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert seen == [item["id"] for item in whole["items"]]
    assert len(seen) >= 4
