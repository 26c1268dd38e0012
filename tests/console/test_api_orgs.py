"""Opening and renaming tenants through the management API."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from tenants import operations
from tenants.models import Tenant
from tenants.operations.opening import OPENINGS
from tests import cast
from tests.console.api import Api, problem, token_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def maja() -> Api:
    return Api(token_of(cast.person("maja@example.test")))


def test_whoever_opens_a_tenant_owns_it_and_needs_nothing_more_to_go_on(maja: Api) -> None:
    answer = maja.post("/api/orgs", {"name": "Blue Harbor"})
    assert answer.status_code == 201, answer.content
    opened = answer.json()
    assert opened["token_refresh_required"] is True
    assert (opened["slug"], opened["name"], opened["plan"]) == ("blue-harbor", "Blue Harbor", "free")
    assert (opened["type"], opened["personal"]) == ("owner", False)
    assert opened["limits"]["members"] == {"limit": 25, "used": 1, "used_is_at_least": False}
    (mine,) = maja.get("/api/me/memberships").json()["items"]
    assert mine["tenant"]["id"] == opened["id"]
    fresh = Api(token_of(cast.person("maja@example.test")))
    again = fresh.get(f"/api/orgs/{opened['id']}").json()
    assert again | {"token_refresh_required": True} == opened


def test_the_token_in_use_does_not_hold_the_new_tenant_yet(maja: Api) -> None:
    opened = maja.post("/api/orgs", {"name": "Blue Harbor"}).json()
    assert problem(maja.get(f"/api/orgs/{opened['id']}")) == (403, "tenant-not-in-token")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"name": " "}, 422),
        ({"name": "x" * 101}, 422),
        ({"name": "a\x00b"}, 400),
        ({"name": "a\u2028b\x07"}, 422),
        ({"name": ["x"]}, 422),
        ({"name": "Fine", "slug": "Not fine"}, 422),
        ({"name": "Fine", "slug": "x"}, 422),
        ({"name": "Fine", "slug": "acme-corp"}, 409),
        ({"name": "Fine", "plan": "business"}, 422),
        ({"name": "日本"}, 201),
    ],
)
def test_a_name_and_a_slug_have_a_shape(maja: Api, body: Any, status: int) -> None:
    cast.open_tenant("acme-corp")
    answer = maja.post("/api/orgs", body)
    assert answer.status_code == status, answer.content
    if status == 422:
        problem(answer)


def test_ten_tenants_an_hour_then_the_answer_says_when_to_go_on(maja: Api) -> None:
    for number in range(OPENINGS):
        assert maja.post("/api/orgs", {"name": f"Number {number}"}).status_code == 201
    refused = maja.post("/api/orgs", {"name": "One more"})
    assert problem(refused) == (429, "throttled")
    assert 3500 < int(refused["Retry-After"]) <= 3601
    later = timezone.now() + timedelta(hours=1, seconds=1)
    identity = cast.person("maja@example.test")
    assert operations.open_own_tenant(identity=identity, name="Later", actor=SYSTEM, now=later)


def test_an_unverified_address_and_a_service_account_open_nothing() -> None:
    someone = cast.person("new@example.test", verified=False)
    assert problem(Api(token_of(someone)).post("/api/orgs", {"name": "Mine"})) == (403, "forbidden")
    bot = cast.service_account(cast.open_tenant(), "release-bot")
    assert problem(Api(token_of(bot)).post("/api/orgs", {"name": "Mine"})) == (403, "forbidden")


def test_an_admin_renames_and_a_member_does_not() -> None:
    acme = cast.open_tenant()
    adam = Api(token_of(cast.member(acme, "adam@acme.example", "admin")))
    path = f"/api/orgs/{acme.pk}"
    answer = adam("PATCH", path, {"name": "Acme  Corporation", "slug": "acme"})
    assert answer.status_code == 200, answer.content
    assert (answer.json()["name"], answer.json()["slug"]) == ("Acme Corporation", "acme")
    assert adam.get(path).json()["slug"] == "acme"
    alice = Api(token_of(cast.member(acme, "alice@acme.example")))
    assert problem(alice("PATCH", path, {"name": "Mine"})) == (403, "forbidden")


def test_a_refused_slug_keeps_the_old_name_too() -> None:
    acme = cast.open_tenant()
    cast.open_tenant("alex-tools", "alex@alex-tools.example")
    olga = Api(token_of(cast.owner_of(acme)))
    answer = olga("PATCH", f"/api/orgs/{acme.pk}", {"name": "New", "slug": "alex-tools"})
    assert problem(answer) == (409, "conflict")
    with tenant_context(acme.pk):
        assert Tenant.objects.get(pk=acme.pk).name == "acme-corp"


def test_an_owner_cannot_raise_their_own_plan() -> None:
    acme = cast.open_tenant()
    olga = Api(token_of(cast.owner_of(acme)))
    assert problem(olga("PATCH", f"/api/orgs/{acme.pk}", {"plan": "business"})) == (422, "invalid")
    assert olga.get(f"/api/orgs/{acme.pk}").json()["plan"] == "free"


def test_the_limit_on_applications_says_what_to_do() -> None:
    acme = cast.open_tenant()
    olga = Api(token_of(cast.owner_of(acme)), acme)
    for number in range(10):
        cast.application(acme, f"app-{number}")
    body = {"name": "one more", "kind": "api", "resource_uri": "http://localhost:9876/more"}
    refused = olga.post("/uflow/v2/applications", body)
    assert problem(refused) == (409, "plan-limit")
    body_of = refused.json()
    assert "Free plan allows 10 Applications; 10 are in use" in body_of["detail"]
    numbers = {name: body_of[name] for name in ("what", "limit", "used", "plan")}
    assert numbers == {"what": "applications", "limit": 10, "used": 10, "plan": "free"}
    with tenant_context(acme.pk):
        operations.change_plan(tenant_id=acme.pk, plan="pro", actor=SYSTEM, now=timezone.now())
    assert olga.post("/uflow/v2/applications", body).status_code == 201
