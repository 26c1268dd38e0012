"""End users through the API: found, suspended, reactivated."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from tests import cast
from tests.console.api import Api, problem, token_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> SimpleNamespace:
    """acme-corp with Ed on the free tier, Una on pro, and Alice, who is a member only."""
    acme = cast.open_tenant()
    bot = cast.service_account(acme, "support-bot")
    cast.bind(acme, cast.system_role(acme, "tenant-admin"), bot)
    return SimpleNamespace(
        acme=acme,
        api=Api(token_of(bot)),
        path=f"/uflow/v2/tenants/{acme.pk}/end-users",
        ed=cast.end_user(acme, "ed@consumer.example", name="Ed"),
        una=cast.end_user(acme, "una@consumer.example", "pro", name="Una"),
        alice=cast.member(acme, "alice@acme.example"),
    )


def test_a_list_holds_consumers_and_no_mere_members(world: SimpleNamespace) -> None:
    page = world.api.get(world.path).json()
    assert page["count"] == 2
    assert page["count_is_estimate"] is False
    assert {item["email"] for item in page["items"]} == {"ed@consumer.example", "una@consumer.example"}
    item = next(item for item in page["items"] if item["user_id"] == str(world.una.pk))
    assert set(item) == {
        "user_id",
        "email",
        "display_name",
        "status",
        "plan_tier",
        "rate_limit_override",
        "first_consent_at",
        "last_seen_at",
        "suspended_at",
        "suspended_reason",
        "applications",
    }
    assert (item["plan_tier"], item["status"], item["display_name"]) == ("pro", "active", "Una")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=active", {"Ed", "Una"}),
        ("status=suspended", set()),
        ("plan_tier=pro", {"Una"}),
        ("plan_tier=nothing", set()),
        ("q=ed", {"Ed"}),
        ("q=una%40consumer", {"Una"}),
        ("q=%25", set()),
        ("q=nobody", set()),
        ("status=active&plan_tier=free&q=consumer", {"Ed"}),
        ("sort=first_consent&order=asc", {"Ed", "Una"}),
        ("seen_from=2020-01-01T00:00:00Z&seen_to=2020-02-01T00:00:00Z", set()),
        ("consent_from=2020-01-01T00:00:00Z", {"Ed", "Una"}),
        ("consent_to=2020-01-01T00:00:00Z", set()),
        ("status=", {"Ed", "Una"}),
    ],
)
def test_filters_narrow_the_list(query: str, found: set[str], world: SimpleNamespace) -> None:
    page = world.api.get(f"{world.path}?{query}").json()
    assert {item["display_name"] for item in page["items"]} == found
    assert page["count"] == len(found)


@pytest.mark.parametrize(
    "query",
    [
        "status=gone",
        "status=active&status=suspended",
        "application=github-mcp",
        "sort=email",
        "order=up",
        "client=claude",
        "seen_from=2020-01-01",
        "consent_to=yesterday",
        "limit=1000",
        "cursor=x",
        "q=%00",
        "q=%c3",
        "q=" + "x" * 201,
    ],
)
def test_filters_that_cannot_be_used_are_refused(query: str, world: SimpleNamespace) -> None:
    assert problem(world.api.get(f"{world.path}?{query}")) == (400, "invalid-parameter")


def test_an_application_that_is_not_here_connects_nobody(world: SimpleNamespace) -> None:
    for name in ("application", "client"):
        assert world.api.get(f"{world.path}?{name}={uuid4()}").json()["count"] == 0


def test_pages_follow_each_other(world: SimpleNamespace) -> None:
    first = world.api.get(f"{world.path}?limit=1").json()
    second = world.api.get(f"{world.path}?limit=1&cursor={first['next']}").json()
    assert second["next"] is None
    assert {first["items"][0]["user_id"], second["items"][0]["user_id"]} == {
        str(world.ed.pk),
        str(world.una.pk),
    }


def test_suspending_asks_for_a_reason_and_reactivating_takes_it_back(world: SimpleNamespace) -> None:
    one = f"{world.path}/{world.ed.pk}"
    for body in ({}, {"reason": ""}, {"reason": "  "}, {"reason": None}):
        answer = world.api.post(f"{one}/suspend", body)
        assert problem(answer) == (422, "invalid")
        assert answer.json()["errors"][0]["pointer"] == "#/reason"
    answer = world.api.post(f"{one}/suspend", {"reason": "leaked key"})
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["suspended_reason"]) == ("suspended", "leaked key")
    assert answer.json()["suspended_at"]
    assert world.api.get(f"{world.path}?status=suspended").json()["count"] == 1
    assert world.api.post(f"{one}/suspend", {"reason": "again"}).json()["suspended_reason"] == "leaked key"
    answer = world.api.post(f"{one}/reactivate")
    assert (answer.json()["status"], answer.json()["suspended_reason"]) == ("active", "")
    assert world.api("POST", f"{one}/reactivate").status_code == 200
    with tenant_context(world.acme.pk):
        events = Event.objects.filter(target_id=world.ed.pk, via="api")
        assert sorted(events.values_list("action", flat=True)) == [
            "end_user.reactivated",
            "end_user.suspended",
        ]


def test_one_can_be_changed_by_patch(world: SimpleNamespace) -> None:
    one = f"{world.path}/{world.ed.pk}"
    assert world.api("PATCH", one, {"plan_tier": "pro"}).json()["plan_tier"] == "pro"
    assert problem(world.api("PATCH", one, {"plan_tier": "platinum"})) == (422, "invalid")
    assert problem(world.api("PATCH", one, {"status": "suspended"})) == (422, "invalid")
    assert problem(world.api("PATCH", one, {"suspended_reason": "x"})) == (422, "invalid")
    changed = world.api("PATCH", one, {"status": "suspended", "suspended_reason": "abuse"}).json()
    assert (changed["status"], changed["plan_tier"]) == ("suspended", "pro")
    assert world.api("PATCH", one, {"status": "active"}).json()["status"] == "active"


def test_members_and_strangers_are_no_end_users(world: SimpleNamespace) -> None:
    tools = cast.open_tenant("alex-tools", "alex@tools.example")
    theirs = cast.end_user(tools, "tim@consumer.example")
    for user in (world.alice.pk, theirs.pk, uuid4()):
        one = f"{world.path}/{user}"
        assert problem(world.api.get(one)) == (404, "not-found")
        assert problem(world.api.post(f"{one}/suspend", {"reason": "x"})) == (404, "not-found")
        assert problem(world.api.post(f"{one}/reactivate")) == (404, "not-found")
        assert problem(world.api("PATCH", one, {"plan_tier": "pro"})) == (404, "not-found")
    assert problem(world.api.get(f"{world.path}/ed")) == (404, "not-found")


def test_who_may_read_may_not_suspend(world: SimpleNamespace) -> None:
    rita = Api(token_of(cast.member(world.acme, "rita@acme.example", "readonly_auditor")))
    assert rita.get(world.path).status_code == 200
    answer = rita.post(f"{world.path}/{world.ed.pk}/suspend", {"reason": "x"})
    assert problem(answer) == (403, "forbidden")
    carl = Api(token_of(cast.member(world.acme, "carl@acme.example", "contractor")))
    assert problem(carl.get(world.path)) == (403, "forbidden")


def change(world: SimpleNamespace, body: dict[str, Any], who: str = "ed") -> Any:
    return world.api("PATCH", f"{world.path}/{getattr(world, who).pk}", body)


def test_a_limit_of_ones_own_is_set_shown_and_taken_away(world: SimpleNamespace) -> None:
    limit = {"limit": 6, "window_s": 60, "until": "2099-01-01T00:00:00+00:00", "reason": "a pilot"}
    assert change(world, {"rate_limit_override": limit}).json()["rate_limit_override"] == limit
    assert world.api.get(f"{world.path}?q=ed").json()["items"][0]["rate_limit_override"] == limit
    assert change(world, {"plan_tier": "pro"}).json()["rate_limit_override"] == limit
    assert change(world, {"rate_limit_override": None}).json()["rate_limit_override"] is None
    with tenant_context(world.acme.pk):
        said = Event.objects.filter(target_id=world.ed.pk, action__startswith="end_user.rate_limit")
        assert list(said.order_by("at", "id").values_list("action", "before__limit", "after__limit")) == [
            ("end_user.rate_limit_set", None, 6),
            ("end_user.rate_limit_cleared", 6, None),
        ]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"rate_limit_override": {"limit": 6}}, "#/rate_limit_override/window_s"),
        ({"rate_limit_override": {"limit": 0, "window_s": 60}}, "#/rate_limit_override/limit"),
        ({"rate_limit_override": {"limit": 6, "window_s": 60, "burst": 9}}, "#/rate_limit_override/burst"),
        ({"rate_limit_override": 7}, "#/rate_limit_override"),
        (
            {"rate_limit_override": {"limit": 6, "window_s": 60, "until": "2020-01-01T00:00:00Z"}},
            "#/rate_limit_override",
        ),
        ({"email": "new@consumer.example"}, "#/email"),
        ({"status": None}, "#/status"),
        ({"status": "suspended"}, "#/suspended_reason"),
        ({"suspended_reason": "spam"}, "#/suspended_reason"),
    ],
)
def test_a_change_says_which_member_is_wrong(
    body: dict[str, Any], pointer: str, world: SimpleNamespace
) -> None:
    answer = change(world, body)
    assert problem(answer) == (422, "invalid")
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_a_change_that_is_refused_in_one_part_changes_nothing(world: SimpleNamespace) -> None:
    """The suspension would stand already when the tier turns out to be unknown."""
    body = {"status": "suspended", "suspended_reason": "spam", "plan_tier": "gold"}
    assert problem(change(world, body)) == (422, "invalid")
    assert world.api.get(f"{world.path}/{world.ed.pk}").json()["status"] == "active"
    with tenant_context(world.acme.pk):
        assert not Event.objects.filter(action="end_user.suspended").exists()


def test_revoking_tokens_is_for_end_users_alone_and_is_written_down(world: SimpleNamespace) -> None:
    answer = world.api.post(f"{world.path}/{world.ed.pk}/revoke-tokens", {"reason": "lost laptop"})
    assert (answer.status_code, answer.json()["status"]) == (200, "active")
    assert problem(world.api.post(f"{world.path}/{world.alice.pk}/revoke-tokens")) == (404, "not-found")
    with tenant_context(world.acme.pk):
        event = Event.objects.get(action="tokens.revoked")
    assert (event.target_id, event.reason, event.after) == (world.ed.pk, "lost laptop", {"tokens": 0})
