"""What a body says is done or refused, with the member that is wrong; nothing is dropped silently."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from authsec.database.context import tenant_context
from authz.models import Binding
from tests import cast
from tests.console.api import Api, problem, token_of
from tests.console.route_table import API, ROWS
from tests.console.test_every_route import body_of, url_of
from tests.console.world import World

pytestmark = pytest.mark.django_db
V2 = "/uflow/v2"
WRITES = [
    (path, method)
    for path, row in ROWS.items()
    if row.kind == API
    for method in row.methods
    if method in ("POST", "PUT", "PATCH", "DELETE")
]
calls = pytest.mark.parametrize(("path", "method"), WRITES, ids=[f"{m} /{p}" for p, m in WRITES])


@pytest.fixture
def world(shared_world: World, db: None) -> World:
    return shared_world


@pytest.fixture
def api(world: World) -> Api:
    """The owner's token: nothing is refused for want of power."""
    return Api(token_of(cast.owner_of(world.ours.tenant)), world.ours.tenant)


@calls
def test_a_member_that_nobody_knows_is_refused(path: str, method: str, world: World, api: Api) -> None:
    body = (body_of(path, method, world.ours.ids) or {}) | {"colour": "red"}
    answer = api(method, url_of(path, world.ours.ids), body)
    assert problem(answer) == (422, "invalid"), answer.content
    assert "#/colour" in pointers(answer)


@calls
def test_a_body_that_is_no_object_is_refused(path: str, method: str, world: World, api: Api) -> None:
    for body in (["red"], "red", 7):
        assert problem(api(method, url_of(path, world.ours.ids), body)) == (422, "invalid")


def pointers(answer: Any) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


@pytest.fixture
def names(world: World) -> dict[str, Any]:
    """Ids by which the table below names rows: our own, another tenant's, archived ones, and nobody's."""
    tenant, now = world.ours.tenant, timezone.now()
    role, group = cast.role(tenant, "Former role", ["zanzibar:read"]), cast.group(tenant, "Former group")
    account = cast.service_account(tenant, "former-bot")
    application = cast.application(tenant, "former-mcp", ["former:read"])
    left = cast.user_of(tenant, "leo@people.example")
    with tenant_context(tenant.pk):
        for row in (role, group, account, application):
            row.ended_at = now
            row.save()
    ids = world.ours.ids
    dated = {"conditions": {"not_before": moment(10)}, "expires_at": moment(20)}
    standing = {"role_id": str(ids["role_id"]), "user_id": str(ids["member_id"]), **dated}
    made = Api(token_of(cast.owner_of(tenant)), tenant).post(f"{V2}/bindings", standing)
    assert made.status_code == 201, made.content
    mine = {name.removesuffix("_id"): str(value) for name, value in ids.items()}
    theirs = {f"their_{name.removesuffix('_id')}": str(value) for name, value in world.theirs.ids.items()}
    former = {"role": role, "group": group, "account": account, "application": application}
    return {
        **mine,
        **theirs,
        **{f"former_{name}": str(row.pk) for name, row in former.items()},
        "left": str(left.pk),
        "dated": made.json()["id"],
        "nobody": "00000000-0000-4000-8000-000000000000",
    }


def moment(days: int) -> str:
    """That many days after the last full hour."""
    return (timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=days)).isoformat()


BINDINGS = ("POST", "bindings", {"role_id": "$role", "user_id": "$member"})
OF_A_GROUP = ("POST", "groups/$group/role-bindings", {"role_id": "$role"})
CHANGE = ("PATCH", "bindings/$dated", {})
MEMBERS = ("POST", "groups/$group/members", {})
OPERATORS = ("POST", "service-accounts/$account/operators", {})
ROLE, OTHER_ROLE = ("POST", "roles", {"name": "a role"}), ("PATCH", "roles/$role", {})

CONDITIONS = [
    ({"conditions": {"mfa": True}}, "conditions/mfa"),
    ({"conditions": {"mfa_required": True, "weekday": 1}}, "conditions/weekday"),
    ({"conditions": {"tenant_id": "$tenant"}}, "conditions/tenant_id"),
    ({"conditions": {"": 1}}, "conditions/"),
    ({"conditions": {"mfa_required": None}}, "conditions/mfa_required"),
    ({"conditions": {"mfa_required": "perhaps"}}, "conditions/mfa_required"),
    ({"conditions": {"mfa_required": []}}, "conditions/mfa_required"),
    ({"conditions": {"mfa_max_age_s": 3600}}, "conditions/mfa_max_age_s"),
    ({"conditions": {"mfa_required": False, "mfa_max_age_s": 3600}}, "conditions/mfa_max_age_s"),
    ({"conditions": {"mfa_required": True, "mfa_max_age_s": 0}}, "conditions/mfa_max_age_s"),
    ({"conditions": {"mfa_required": True, "mfa_max_age_s": -60}}, "conditions/mfa_max_age_s"),
    ({"conditions": {"mfa_required": True, "mfa_max_age_s": 60.5}}, "conditions/mfa_max_age_s"),
    ({"conditions": {"mfa_required": True, "mfa_max_age_s": 10**30}}, "conditions/mfa_max_age_s"),
    ({"conditions": {"allowed_ip_cidrs": "10.0.0.0/8"}}, "conditions/allowed_ip_cidrs"),
    ({"conditions": {"allowed_ip_cidrs": ["10.0.0.1/8"]}}, "conditions/allowed_ip_cidrs"),
    ({"conditions": {"allowed_ip_cidrs": ["10.0.0.0/8", "nowhere"]}}, "conditions/allowed_ip_cidrs"),
    ({"conditions": {"allowed_ip_cidrs": [""]}}, "conditions/allowed_ip_cidrs/0"),
    ({"conditions": {"allowed_ip_cidrs": [None]}}, "conditions/allowed_ip_cidrs/0"),
    ({"conditions": {"allowed_ip_cidrs": ["10.0.0.0/8"] * 51}}, "conditions/allowed_ip_cidrs"),
    ({"conditions": {"not_before": "tomorrow"}}, "conditions/not_before"),
    ({"conditions": {"not_before": "2026-01-01T00:00:00"}}, "conditions/not_before"),
    ({"conditions": {"not_before": "2026-13-01T00:00:00Z"}}, "conditions/not_before"),
    ({"conditions": {"not_before": 1}}, "conditions/not_before"),
    ({"conditions": []}, "conditions"),
    ({"conditions": ["mfa_required"]}, "conditions"),
    ({"conditions": "none"}, "conditions"),
    ({"conditions": False}, "conditions"),
    ({"mfa_required": True}, "mfa_required"),
    ({"not_before": "+1"}, "not_before"),
    ({"allowed_ip_cidrs": ["10.0.0.0/8"]}, "allowed_ip_cidrs"),
    ({"expires_at": "+-1"}, "expires_at"),
    ({"expires_at": "2026-01-01"}, "expires_at"),
    ({"expires_at": "2099-01-01T00:00:00"}, "expires_at"),
    ({"expires_at": 7}, "expires_at"),
    ({"conditions": {"not_before": "+9"}, "expires_at": "+3"}, "expires_at"),
    ({"conditions": {"not_before": "+9"}, "expires_at": "+9"}, "expires_at"),
    ({"reason": "x" * 501}, "reason"),
    ({"reason": ["x"]}, "reason"),
    ({"reason": "a\nb"}, "reason"),
]
PLACES = [
    ({"role_id": None}, "role_id"),
    ({"role_id": "reader"}, "role_id"),
    ({"role_id": ["$role"]}, "role_id"),
    *(({"role_id": role}, "role_id") for role in ("$their_role", "$former_role", "$nobody", "$group")),
    ({"application_id": "all"}, "application_id"),
    *(
        ({"application_id": application}, "application_id")
        for application in ("$their_application", "$former_application", "$nobody", "$role")
    ),
]
SUBJECTS = [
    ({"user_id": None}, "user_id"),
    ({"group_id": "$group"}, "group_id"),
    ({"plan_tier": "free"}, "plan_tier"),
    *(({"user_id": user}, "user_id") for user in ("olga", "$their_member", "$nobody", "$group", "$left")),
    *(
        ({"user_id": None, "group_id": group}, "group_id")
        for group in ("$their_group", "$former_group", "$nobody", "$member")
    ),
    *(
        ({"user_id": None, "service_account_id": account}, "service_account_id")
        for account in ("$their_account", "$former_account", "$nobody", "$group")
    ),
    *(
        ({"user_id": None, "plan_tier": tier}, "plan_tier")
        for tier in ("no-such-tier", "$their_tier", "$tier", 7, ["free"])
    ),
]
LISTED_PEOPLE = [
    ({"user_ids": "$member"}, "user_ids"),
    ({"user_ids": ["olga"]}, "user_ids/0"),
    ({"user_ids": ["$member", "$their_member"]}, "user_ids/1"),
    ({"user_ids": ["$nobody"]}, "user_ids/0"),
    ({"user_ids": [None]}, "user_ids/0"),
    ({"user_ids": {}}, "user_ids"),
    ({"members": ["$member"]}, "members"),
]
CONTENTS = [
    ({"name": ""}, "name"),
    ({"name": None}, "name"),
    ({"name": "x" * 101}, "name"),
    ({"name": ["x"]}, "name"),
    ({"scopes": "zanzibar:read"}, "scopes"),
    ({"scopes": ["two words"]}, "scopes"),
    ({"scopes": [None]}, "scopes/0"),
    ({"console_permissions": ["moon:land"]}, "console_permissions"),
    ({"console_permissions": [["audit:read"]]}, "console_permissions/0"),
    ({"tenant_groups": ["kings"]}, "tenant_groups"),
    ({"system": True}, "system"),
    ({"system_key": "tenant-owner"}, "system_key"),
    ({"ended_at": None}, "ended_at"),
]
TABLE = [
    *((BINDINGS, change, at) for change, at in (*CONDITIONS, *PLACES, *SUBJECTS)),
    *((OF_A_GROUP, change, at) for change, at in (*CONDITIONS, *PLACES)),
    (("POST", "groups/$former_group/role-bindings", {"role_id": "$role"}), {}, "group_id"),
    (OF_A_GROUP, {"user_id": "$member"}, "user_id"),
    *((CHANGE, change, at) for change, at in CONDITIONS),
    (CHANGE, {"expires_at": "+5"}, "expires_at"),  # before the not_before that stands
    (CHANGE, {"conditions": {"not_before": "+25"}}, "expires_at"),  # after the end that stands
    *((CHANGE, {name: "$role"}, name) for name in ("role_id", "user_id", "group_id", "application_id")),
    *((road, change, at) for road in (MEMBERS, OPERATORS) for change, at in LISTED_PEOPLE),
    (MEMBERS, {"emails": ["nobody@nowhere.example"]}, "emails/0"),
    (MEMBERS, {"emails": ["no address"]}, "emails/0"),
    (MEMBERS, {"source": "scim", "user_ids": ["$member"]}, "source"),
    *((road, change, at) for road in (ROLE, OTHER_ROLE) for change, at in CONTENTS),
    *(
        (("POST", kind, {"name": "x"}), {"name": "x" * 101}, "name")
        for kind in ("groups", "service-accounts")
    ),
    (("PATCH", "groups/$group", {}), {"ended_at": None}, "ended_at"),
    (("PATCH", "service-accounts/$account", {}), {"client_id": "mine"}, "client_id"),
]


def test_what_cannot_be_is_refused_where_it_is_said(names: dict[str, Any], api: Api, world: World) -> None:
    """One world and every row: the place that is wrong is named, and nothing was written."""
    with tenant_context(world.ours.tenant.pk):
        before = Binding.objects.count()
    wrong = []
    for (method, path, body), change, at in TABLE:
        answer = api(method, f"{V2}/{filled(path, names)}", filled(body | change, names))
        said = [] if answer.status_code != 422 else pointers(answer)
        if f"#/{at}" not in said:
            wrong.append((method, path, change, at, answer.status_code, said or answer.content[:200]))
    assert wrong == []
    with tenant_context(world.ours.tenant.pk):
        assert Binding.objects.count() == before


def filled(value: Any, names: dict[str, Any]) -> Any:
    """``$name`` in it replaced by an id, and ``+days`` by a moment that many days from now."""
    if isinstance(value, dict):
        return {name: filled(each, names) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, names) for each in value]
    if isinstance(value, str) and value.startswith("+"):
        return moment(int(value[1:]))
    if isinstance(value, str) and "$" in value:
        return "/".join(names[part[1:]] if part.startswith("$") else part for part in value.split("/"))
    return value
