"""Plan tiers and statuses from a file, through the API."""

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authsec.jobs.models import Job
from authsec.web.parsers import MAX_BODY
from endusers import operations
from endusers.models import EndUser
from tests import cast
from tests.console.api import Api, problem, token_of
from tests.endusers.jobs import done, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def tools():
    return cast.open_tenant("alex-tools", "alex@alex-tools.example")


@pytest.fixture
def here(tools) -> str:
    return f"/uflow/v2/tenants/{tools.pk}/end-users/imports"


@pytest.fixture
def api(tools) -> Api:
    return Api(token_of(cast.owner_of(tools)), tools)


def as_file(api: Api, here: str, content: bytes) -> Any:
    """The file itself as the body."""
    return api.browser.generic("POST", here, content, content_type="text/csv", headers=api.headers)


def test_a_file_is_looked_at_line_by_line_and_then_put_into_force(tools, api, here):
    ids = people(tools, 3)
    text = f"user_id,plan_tier,status\n{ids[0]},pro,\n{ids[1]},free,suspended\n{ids[2]},free,\n{uuid4()},pro,\nx,pro,\n"
    brought = as_file(api, here, text.encode())
    assert brought.status_code == 201, brought.content
    shown = brought.json()
    assert shown["lines"] == {"changed": 2, "already": 1, "unknown": 1, "malformed": 1}
    assert shown["would_suspend"] == 1
    page = api.get(f"{here}/{shown['id']}/lines?limit=2").json()
    assert [line["number"] for line in page["items"]] == [2, 3]
    assert page["items"][0] | {"named": ""} == {
        "number": 2,
        "named": "",
        "user_id": str(ids[0]),
        "fate": "changed",
        "problem": "",
        "plan_tier": "pro",
        "plan_tier_now": "free",
        "status": "",
        "status_now": "active",
    }
    rest = api.get(f"{here}/{shown['id']}/lines?cursor={page['next']}").json()
    assert [line["number"] for line in rest["items"]] == [4, 5, 6]
    assert (rest["next"], rest["count"]) == (None, 5)
    (wrong,) = api.get(f"{here}/{shown['id']}/lines?fate=malformed").json()["items"]
    assert wrong["problem"] == "That is no user id."
    act = f"{here}/{shown['id']}/put-into-force"
    refused = api.post(act)
    assert problem(refused) == (422, "invalid")
    assert refused.json()["errors"][0]["pointer"] == "#/reason"
    answer = api.post(act, {"reason": "from billing"})
    assert answer.status_code == 202, answer.content
    with tenant_context(tools.id):
        job = done(Job.objects.get(pk=answer.json()["id"]))
        now = dict(EndUser.objects.filter(tenant=tools).values_list("user_id", "plan_tier__key"))
    assert (job.done, job.failed) == (5, 2)
    assert [now[key] for key in ids] == ["pro", "free", "free"]
    after = api.get(f"{here}/{shown['id']}").json()
    assert after["lines"] == {"changed": 0, "already": 3, "unknown": 1, "malformed": 1}


def test_an_import_is_taken_back_for_whom_it_changed(tools, api, here):
    ids = people(tools, 4)
    facts = {"tenant_id": tools.pk, "actor": SYSTEM}
    with tenant_context(tools.id):
        operations.suspend(user_id=ids[1], reason="earlier", now=timezone.now(), **facts)
        was = {row.pk: row for row in EndUser.objects.filter(tenant=tools)}
    text = "user_id,plan_tier,status\n" + "".join(
        f"{key},{what}\n"
        for key, what in zip(ids, ("pro,suspended", "pro,active", ",suspended", "pro,"), strict=True)
    )
    brought = api.post(here, {"csv": text}).json()
    answer = api.post(f"{here}/{brought['id']}/put-into-force", {"reason": "by mistake"})
    back = here.replace("imports", f"bulk/{answer.json()['id']}/undo")
    assert problem(api.post(back)) == (409, "conflict")
    with tenant_context(tools.id):
        done(Job.objects.get(pk=answer.json()["id"]))
        assert {row.plan_tier.key for row in EndUser.objects.filter(pk__in=[ids[0], ids[1], ids[3]])} == {
            "pro"
        }
        operations.set_plan_tier(user_id=ids[3], tier_key="custom", now=timezone.now(), **facts)
        undone = done(Job.objects.get(pk=api.post(back).json()["id"]))
        assert (undone.status, undone.cursor["tally"]) == ("done", {"changed": 3, "since": 1})
        after = {row.pk: row for row in EndUser.objects.filter(tenant=tools)}
        assert after[ids[3]].plan_tier.key == "custom"
    for key in ids[:3]:
        for name in ("status", "suspended_reason", "plan_tier_id"):
            assert getattr(after[key], name) == getattr(was[key], name), name
    assert problem(api.post(back)) == (409, "conflict")


@pytest.mark.parametrize(
    ("content", "status", "why"),
    [
        (b"email,plan_tier\n\xff\xfe,pro\n", 400, "not UTF-8"),
        (b"email,plan_tier\na\x00b,pro\n", 400, "holds NUL"),
        (b"email,name\na@b.example,x\n", 422, "plan_tier or status is missing"),
        (b"email,email,status\na,b,c\n", 422, "twice"),
        (b"", 422, "required"),
        (b"email,status\n" + b"a@b.example,active\n" * 20_001, 422, "At most 20,000 lines"),
        (b"email,status\n" + b"x" * MAX_BODY, 413, "at most"),
    ],
)
def test_a_bad_file_is_refused_with_why(api, here, content, status, why):
    answer = as_file(api, here, content)
    assert answer.status_code == status, answer.content
    assert problem(answer)[0] == status
    assert why in answer.json()["detail"]


def test_statuses_need_the_power_to_suspend(tools, here):
    (person,) = people(tools, 1)
    helper = cast.member(tools, "hal@alex-tools.example")
    cast.bind(tools, cast.role(tools, "Helpers", console=["endusers:update"]), helper)
    api = Api(token_of(helper), tools)
    brought = api.post(here, {"csv": f"user_id,status\n{person},suspended\n"}).json()
    answer = api.post(f"{here}/{brought['id']}/put-into-force", {"reason": "why"})
    assert problem(answer) == (403, "forbidden")
    assert problem(api.get(f"{here}/{uuid4()}")) == (404, "not-found")
    assert problem(api.get(f"{here}/{brought['id']}/lines?cursor=x")) == (400, "invalid-parameter")


def test_an_import_changes_no_status_that_was_not_to_change_when_it_was_allowed(tools, here):
    (person,) = people(tools, 1)
    helper = cast.member(tools, "hal@alex-tools.example")
    cast.bind(tools, cast.role(tools, "Helpers", console=["endusers:update"]), helper)
    api = Api(token_of(helper), tools)
    brought = api.post(here, {"csv": f"user_id,plan_tier,status\n{person},pro,active\n"}).json()
    answer = api.post(f"{here}/{brought['id']}/put-into-force")
    assert answer.status_code == 202, answer.content
    with tenant_context(tools.id):
        facts = {"tenant_id": tools.pk, "actor": SYSTEM, "now": timezone.now()}
        operations.suspend(user_id=person, reason="abuse", **facts)
        job = done(Job.objects.get(pk=answer.json()["id"]))
        assert job.status == "failed"
        assert "Statuses changed since" in job.error
        assert EndUser.objects.get(pk=person).status == "suspended"
