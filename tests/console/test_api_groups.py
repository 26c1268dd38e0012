"""Groups, who is in them and what they are bound to, through the API."""

from types import SimpleNamespace
from uuid import uuid4

import pytest

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authz.models import Binding
from tests import cast
from tests.console.api import Api, problem, token_of

pytestmark = pytest.mark.django_db
GROUPS = "/uflow/v2/groups"


@pytest.fixture
def world() -> SimpleNamespace:
    """acme-corp with an administering service account, Alice, and a role on deploy-mcp."""
    acme = cast.open_tenant()
    bot = cast.service_account(acme, "release-bot")
    cast.bind(acme, cast.system_role(acme, "tenant-admin"), bot)
    return SimpleNamespace(
        acme=acme,
        bot=bot,
        api=Api(token_of(bot), acme),
        alice=cast.member(acme, "alice@acme.example"),
        app=cast.application(acme, "deploy-mcp", ["deploy"]),
        role=cast.role(acme, "Deploy Operator", ["deploy"]),
    )


def test_a_group_is_made_filled_and_archived(world: SimpleNamespace) -> None:
    made = world.api.post(GROUPS, {"name": "on-call", "description": "Who answers at night"})
    assert made.status_code == 201
    path = f"{GROUPS}/{made.json()['id']}"
    assert made.json()["members"] == 0
    filled = world.api.post(f"{path}/members", {"emails": ["ALICE@acme.example"]})
    assert (filled.status_code, filled.json()["members"]) == (200, 1)
    again = world.api.post(f"{path}/members", {"user_ids": [str(world.alice.pk)]})
    assert again.json()["members"] == 1
    inside = world.api.get(f"{path}/members").json()
    assert [item["email"] for item in inside["items"]] == ["alice@acme.example"]
    assert inside["items"][0]["source"] == "api"
    assert world.api("PATCH", path, {"name": "night shift"}).json()["name"] == "night shift"
    assert world.api("DELETE", f"{path}/members/{world.alice.pk}").status_code == 204
    assert problem(world.api("DELETE", f"{path}/members/{world.alice.pk}")) == (404, "not-found")
    assert world.api("DELETE", path).status_code == 204
    assert world.api.get(path).json()["ended_at"]
    assert world.api.get(GROUPS).json()["count"] == 0


def test_what_it_does_is_written_down_with_the_account_as_actor(world: SimpleNamespace) -> None:
    answer = world.api.post(GROUPS, {"name": "on-call"})
    with tenant_context(world.acme.pk):
        event = Event.objects.get(target_kind="group")
    assert (event.actor_kind, event.actor_id, event.actor_name) == (
        "service_account",
        world.bot.pk,
        "release-bot",
    )
    assert event.via == "api"
    assert event.request_id == answer["X-Request-ID"]
    assert event.policies


def test_a_group_is_bound_under_conditions_that_the_answer_repeats(world: SimpleNamespace) -> None:
    group = cast.group(world.acme, "on-call", [world.alice])
    path = f"{GROUPS}/{group.pk}/role-bindings"
    conditions = {
        "mfa_required": True,
        "mfa_max_age_s": 3600,
        "allowed_ip_cidrs": ["10.0.0.0/8", "2001:db8::/32"],
        "not_before": "2026-01-01T00:00:00+00:00",
    }
    wanted = {
        "role_id": str(world.role.pk),
        "application_id": str(world.app.pk),
        "conditions": conditions,
        "expires_at": "2099-01-01T00:00:00Z",
        "reason": "Night shift",
    }
    answer = world.api.post(path, wanted)
    assert answer.status_code == 201, answer.content
    binding = answer.json()
    assert binding["conditions"] == conditions
    assert binding["expires_at"] == "2099-01-01T00:00:00Z"
    assert (binding["group_id"], binding["user_id"]) == (str(group.pk), None)
    assert binding["role_name"] == "Deploy Operator"
    again = world.api.post(path, wanted)
    assert (again.status_code, again.json()["id"]) == (200, binding["id"])
    listed = world.api.get(path).json()
    assert (listed["count"], listed["items"]) == (1, [binding])


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"conditions": {"mfa": True}}, "#/conditions/mfa"),
        ({"conditions": {"mfa_required": True, "weekday": 1}}, "#/conditions/weekday"),
        ({"conditions": {"allowed_ip_cidrs": ["10.0.0.1/8"]}}, "#/conditions/allowed_ip_cidrs"),
        ({"conditions": {"allowed_ip_cidrs": "10.0.0.0/8"}}, "#/conditions/allowed_ip_cidrs"),
        ({"conditions": {"mfa_max_age_s": 3600}}, "#/conditions/mfa_max_age_s"),
        ({"conditions": {"mfa_max_age_s": 10**30}}, "#/conditions/mfa_max_age_s"),
        ({"conditions": {"mfa_required": "perhaps"}}, "#/conditions/mfa_required"),
        ({"conditions": {"not_before": "tomorrow"}}, "#/conditions/not_before"),
        ({"conditions": {"not_before": "2026-01-01T00:00:00"}}, "#/conditions/not_before"),
        ({"conditions": ["mfa_required"]}, "#/conditions"),
        ({"mfa_required": True}, "#/mfa_required"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "#/expires_at"),
        ({"expires_at": 7}, "#/expires_at"),
        ({"role_id": None}, "#/role_id"),
        ({"role_id": "Deploy Operator"}, "#/role_id"),
        ({"reason": "x" * 501}, "#/reason"),
        ({"reason": ["x"]}, "#/reason"),
    ],
)
def test_a_wrong_binding_is_refused_where_it_is_wrong(
    change: dict[str, object], pointer: str, world: SimpleNamespace
) -> None:
    group = cast.group(world.acme, "on-call")
    wanted = {"role_id": str(world.role.pk), "application_id": str(world.app.pk)} | change
    answer = world.api.post(f"{GROUPS}/{group.pk}/role-bindings", wanted)
    assert problem(answer) == (422, "invalid")
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    with tenant_context(world.acme.pk):
        assert not Binding.objects.filter(group=group).exists()


def test_rows_of_another_tenant_are_as_none(world: SimpleNamespace) -> None:
    tools = cast.open_tenant("alex-tools", "alex@tools.example")
    theirs = cast.group(tools, "theirs")
    ours = cast.group(world.acme, "ours")
    role, app = cast.role(tools, "Theirs", ["deploy"]), cast.application(tools, "pdf-mcp", ["deploy"])
    for group in (theirs.pk, uuid4()):
        path = f"{GROUPS}/{group}"
        assert problem(world.api.get(path)) == (404, "not-found")
        assert problem(world.api("PATCH", path, {"name": "x"})) == (404, "not-found")
        assert problem(world.api("DELETE", path)) == (404, "not-found")
        assert problem(world.api.get(f"{path}/members")) == (404, "not-found")
        assert problem(world.api.post(f"{path}/members", {"emails": ["a@b.example"]})) == (404, "not-found")
        assert problem(world.api.get(f"{path}/role-bindings")) == (404, "not-found")
    path = f"{GROUPS}/{ours.pk}/role-bindings"
    assert problem(world.api.post(path, {"role_id": str(role.pk)})) == (422, "invalid")
    both = {"role_id": str(world.role.pk), "application_id": str(app.pk)}
    assert problem(world.api.post(path, both)) == (422, "invalid")
    stranger = cast.owner_of(tools)
    answer = world.api.post(f"{GROUPS}/{ours.pk}/members", {"user_ids": [str(stranger.pk)]})
    assert problem(answer) == (422, "invalid")
    answer = world.api.post(f"{GROUPS}/{ours.pk}/members", {"emails": ["alex@tools.example"]})
    assert problem(answer) == (422, "invalid")


def test_nobody_gives_more_than_they_hold(world: SimpleNamespace) -> None:
    owner_role = cast.system_role(world.acme, "tenant-owner")
    group = cast.group(world.acme, "climbers")
    answer = world.api.post(f"{GROUPS}/{group.pk}/role-bindings", {"role_id": str(owner_role.pk)})
    assert problem(answer) == (403, "escalation")


def test_a_list_is_paged_by_its_cursor(world: SimpleNamespace) -> None:
    names = {f"group {number}" for number in range(5)}
    for name in names:
        cast.group(world.acme, name)
    seen: list[str] = []
    page = world.api.get(f"{GROUPS}?limit=2").json()
    assert page["count"] == 5
    while True:
        seen += [item["name"] for item in page["items"]]
        if page["next"] is None:
            break
        page = world.api.get(f"{GROUPS}?limit=2&cursor={page['next']}").json()
    assert len(seen) == 5
    assert set(seen) == names


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=ten",
        "limit=1&limit=2",
        "cursor=nonsense",
        "cursor=%00",
        "cursor=%ff",
        "limit=٣",
        "cursor=" + "W" * 3000,
    ],
)
def test_parameters_that_cannot_be_used_are_refused(query: str, world: SimpleNamespace) -> None:
    assert problem(world.api.get(f"{GROUPS}?{query}"))[0] == 400


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (422, "invalid")),
        (b"{", (400, "malformed-request")),
        (b"\xff\xfe", (400, "malformed-request")),
        (b'{"name": "a", "name": "b"}', (400, "malformed-request")),
        (b'{"name": "a\\u0000b"}', (400, "malformed-request")),
        (b'{"name": "\\ud800"}', (400, "malformed-request")),
        (b'{"name": NaN}', (400, "malformed-request")),
        (b'{"name": ' + b"9" * 5000 + b"}", (400, "malformed-request")),
        (b"[" * 100_000, (400, "malformed-request")),
        (b"[" * 33 + b"]" * 33, (422, "invalid")),
        (b"[" * 34 + b"]" * 34, (400, "malformed-request")),
        (b'{"name": "' + b"x" * 2_000_000 + b'"}', (413, "too-large")),
        (b"[]", (422, "invalid")),
        (b"null", (422, "invalid")),
        (b"7", (422, "invalid")),
        (b'"name"', (422, "invalid")),
        (b"{}", (422, "invalid")),
        (b'{"name": ""}', (422, "invalid")),
        (b'{"name": " "}', (422, "invalid")),
        (b'{"name": {"a": 1}}', (422, "invalid")),
        (b'{"name": "a\\nb"}', (422, "invalid")),
        (b'{"name": "a", "colour": "red"}', (422, "invalid")),
    ],
)
def test_bodies_that_cannot_be_used_are_refused(
    body: bytes, expected: tuple[int, str], world: SimpleNamespace
) -> None:
    assert problem(world.api("POST", GROUPS, body)) == expected


def test_only_json_is_read(world: SimpleNamespace) -> None:
    answer = world.api.browser.post(GROUPS, {"name": "x"}, headers=world.api.headers)
    assert problem(answer) == (415, "unsupported-media-type")


def test_each_person_of_a_request_has_a_result_and_a_wrong_one_is_named_by_its_place(
    world: SimpleNamespace,
) -> None:
    path = f"{GROUPS}/{cast.group(world.acme, 'on-call', [world.alice]).pk}"
    bob = cast.member(world.acme, "bob@acme.example")
    wanted = {"user_ids": [str(world.alice.pk), str(bob.pk)], "emails": ["bob@acme.example"]}
    results = world.api.post(f"{path}/members", wanted).json()["results"]
    assert [item["result"] for item in results] == ["already_in", "added", "already_in"]
    assert results[2] == {"user_id": str(bob.pk), "given": "bob@acme.example", "result": "already_in"}
    wrong = world.api.post(f"{path}/members", {"emails": ["bob@acme.example", "x@y.example"]})
    assert problem(wrong) == (422, "invalid")
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["#/emails/1"]
    assert world.api.get(f"{path}/members?source=scim").json()["count"] == 0
    assert problem(world.api.get(f"{path}/members?source=fax")) == (400, "invalid-parameter")
    assert [item["name"] for item in world.api.get(f"{GROUPS}?source=api").json()["items"]] == ["on-call"]


def test_the_api_ends_all_access_of_a_group_and_keeps_whom_a_directory_keeps(world: SimpleNamespace) -> None:
    group = cast.group(world.acme, "on-call", [world.alice])
    bound = cast.bind(world.acme, world.role, group, world.app)
    path = f"{GROUPS}/{group.pk}"
    assert world.api.get(path).json()["bindings"] == 1
    assert problem(world.api.post(f"{path}/end-access", {"why": "x"})) == (422, "invalid")
    ended = world.api.post(f"{path}/end-access", {"reason": "INC-7"})
    assert (ended.status_code, ended.json()) == (200, {"ended": 1, "binding_ids": [str(bound.pk)]})
    assert world.api.post(f"{path}/end-access", {}).json()["ended"] == 0
    with tenant_context(world.acme.pk):
        group.group_members.update(source="oidc")
        assert Event.objects.get(action="binding.ended").reason == "INC-7"
    assert problem(world.api("DELETE", f"{path}/members/{world.alice.pk}")) == (409, "conflict")
    assert world.api("DELETE", path).status_code == 204
    assert problem(world.api.post(f"{path}/end-access", {})) == (409, "conflict")
