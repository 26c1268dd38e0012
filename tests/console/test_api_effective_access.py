"""Effective access through the API: what, through what, and why not."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from tenants import operations as tenants
from tests import cast
from tests.console.api import Api, problem, token_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> SimpleNamespace:
    """Alice: Auditor directly until next week, and Deploy Operator through on-call, with a second factor."""
    acme = cast.open_tenant()
    bot = cast.service_account(acme, "release-bot")
    cast.bind(acme, cast.system_role(acme, "tenant-admin"), bot)
    alice = cast.member(acme, "alice@acme.example", "contractor")
    deploy = cast.application(acme, "deploy-mcp", ["deploy", "status"])
    other = cast.application(acme, "github-mcp", ["pr:read"])
    on_call = cast.group(acme, "on-call", [alice])
    operator = cast.role(acme, "Deploy Operator", ["deploy"])
    auditor = cast.role(acme, "Auditor", ["pr:read"], console=["audit:read"])
    cast.bind(acme, operator, on_call, deploy, requires_mfa=True)
    cast.bind(acme, auditor, alice, expires_at=timezone.now() + timedelta(days=7))
    return SimpleNamespace(
        acme=acme,
        api=Api(token_of(bot), acme),
        alice=alice,
        deploy=deploy,
        other=other,
        on_call=on_call,
        path=f"/uflow/v2/users/{alice.pk}/effective-access",
    )


def test_every_binding_comes_with_source_conditions_and_state(world: SimpleNamespace) -> None:
    answer = world.api.get(world.path)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["user"] == str(world.alice.pk)
    assert body["standing"] == {"active": True, "reasons": body["standing"]["reasons"]}
    assert body["count"] == len(body["items"]) == 3
    items = {item["role_name"]: item for item in body["items"]}
    through_group = items["Deploy Operator"]
    assert (through_group["source"], through_group["source_name"]) == ("group", "on-call")
    assert through_group["source_id"] == str(world.on_call.pk)
    assert through_group["application_id"] == str(world.deploy.pk)
    assert through_group["scopes"] == ["deploy"]
    assert through_group["conditions"]["mfa_required"] is True
    assert through_group["state"] == "pending_step_up"
    direct = items["Auditor"]
    assert (direct["source"], direct["application_id"], direct["state"]) == ("direct", None, "active")
    assert direct["expires_at"]
    assert direct["console_permissions"] == ["audit:read"]
    assert body["effective"] == {str(world.other.pk): ["pr:read"]}
    assert "audit:read" in body["effective_console"]


def test_it_answers_as_if(world: SimpleNamespace) -> None:
    with_factor = world.api.get(f"{world.path}?mfa=true").json()
    assert with_factor["effective"][str(world.deploy.pk)] == ["deploy"]
    later = quote((timezone.now() + timedelta(days=8)).isoformat())
    states = {i["role_name"]: i["state"] for i in world.api.get(f"{world.path}?at={later}").json()["items"]}
    assert states["Auditor"] == "expired"
    before = quote((timezone.now() - timedelta(days=8)).isoformat())
    assert world.api.get(f"{world.path}?at={before}").json()["items"] == []
    one = world.api.get(f"{world.path}?application={world.deploy.pk}&mfa=true").json()
    assert list(one["effective"]) == [str(world.deploy.pk)]
    assert world.api.get(f"{world.path}?ip=2001:db8::1").status_code == 200


def test_each_scope_names_the_term_that_removes_it_and_two_moments_what_differs(
    world: SimpleNamespace,
) -> None:
    earlier = quote((timezone.now() - timedelta(days=8)).isoformat())
    body = world.api.get(f"{world.path}?scope=other:nothing&compare={earlier}").json()
    scopes = {
        (one["application_id"], scope["name"]): scope
        for one in body["applications"]
        for scope in one["scopes"]
    }
    asked_for_nothing = scopes[(str(world.other.pk), "pr:read")]
    assert (asked_for_nothing["removed_by"], asked_for_nothing["granted"]) == ("requested", None)
    assert asked_for_nothing["reason"] == "the client did not ask"
    gained = {change["name"] for change in body["comparison"]["changes"] if change["kind"] == "gained"}
    assert {"pr:read", "audit:read"} <= gained
    assert all(change["reasons"] for change in body["comparison"]["changes"])
    assert world.api.get(world.path).json()["comparison"] is None
    refused = world.api.get(f"{world.path}?mfa=true&mfa_at={earlier}")
    assert problem(refused) == (400, "invalid-parameter")
    assert "mfa_at" in str(refused.json()["errors"])


def test_a_suspended_person_has_nothing_and_is_told_why(world: SimpleNamespace) -> None:
    with tenant_context(world.acme.pk):
        tenants.suspend_member(
            tenant_id=world.acme.pk,
            user_id=world.alice.pk,
            reason="left the laptop",
            actor=SYSTEM,
            now=timezone.now(),
        )
    body = world.api.get(f"{world.path}?mfa=true").json()
    assert body["standing"]["active"] is False
    assert body["standing"]["reasons"]
    assert {item["state"] for item in body["items"]} == {"suspended"}
    assert body["effective"] == {}


@pytest.mark.parametrize(
    "query",
    [
        "at=yesterday",
        "at=2026-01-01",
        "at=2026-01-01T00:00:00",
        "at=0001-01-01T00:00:00%2B14:00",
        "at=9999-12-31T23:59:59-14:00",
        "mfa=perhaps",
        "mfa=true&mfa=false",
        "ip=10.0.0.0/8",
        "ip=fe80::1%25eth0",
        "ip=%00",
        "application=deploy-mcp",
    ],
)
def test_what_cannot_be_asked_is_refused(query: str, world: SimpleNamespace) -> None:
    assert problem(world.api.get(f"{world.path}?{query}")) == (400, "invalid-parameter")


def test_users_and_applications_of_other_tenants_are_not_found(world: SimpleNamespace) -> None:
    tools = cast.open_tenant("alex-tools", "alex@tools.example")
    for user in (cast.owner_of(tools).pk, uuid4()):
        assert problem(world.api.get(f"/uflow/v2/users/{user}/effective-access")) == (404, "not-found")
    theirs = cast.application(tools, "pdf-mcp", ["read"])
    assert problem(world.api.get(f"{world.path}?application={theirs.pk}")) == (404, "not-found")


def test_one_sees_ones_own_access_without_seeing_other_peoples(world: SimpleNamespace) -> None:
    alice = Api(token_of(world.alice), world.acme)
    assert alice.get(world.path).status_code == 200
    olga = cast.owner_of(world.acme)
    answer = alice.get(f"/uflow/v2/users/{olga.pk}/effective-access")
    assert problem(answer) == (403, "forbidden")


def test_a_moment_before_the_kept_history_is_unprocessable(world: SimpleNamespace, settings: Any) -> None:
    settings.KEEP_HISTORY_DAYS = 30
    early = (timezone.now() - timedelta(days=31)).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = world.api.get(f"{world.path}?at={early}")
    assert answer.status_code == 422
    assert "kept for 30 days" in answer.json()["errors"][0]["detail"]


def test_a_moment_counts_in_utc_whatever_zone_it_is_told_in(world: SimpleNamespace) -> None:
    odd = world.api.get(f"{world.path}?at=2030-11-22T12:00:00%2B23:59:59.5")
    assert odd.json()["as_if"]["at"].startswith("2030-11-21T12:00:00.5")
    assert problem(world.api.get(f"{world.path}?at=2999-12-31T23:59:59-23:59")) == (400, "invalid-parameter")
