"""Bulk verbs that touch tokens and groups: on real tokens, asked through the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authsec.jobs import runner
from authsec.jobs.models import Job
from authz.models import GroupMember
from endusers.bulk import jobs
from oauth.models import AccessToken, ClientSession, RefreshToken
from tests import cast
from tests.console.api import Api, problem, token_of
from tests.endusers.jobs import done
from tests.oauth.world import World, world

pytestmark = pytest.mark.django_db

NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"action": "fly", "filter": {}}, "#/action"),
    ({"action": "reactivate"}, "#/filter"),
    ({"action": "reactivate", "filter": {}, "user_ids": []}, "#/filter"),
    ({"action": "reactivate", "user_ids": []}, "#/user_ids"),
    ({"action": "reactivate", "user_ids": ["1"]}, "#/user_ids/0"),
    ({"action": "reactivate", "filter": {"email": "x"}}, "#/filter/email"),
    ({"action": "reactivate", "filter": {"status": "gone"}}, "#/filter/status"),
    ({"action": "reactivate", "filter": {"q": "nobody at all"}}, "#/filter"),
    ({"action": "suspend", "filter": {"q": "ed@"}}, "#/reason"),
    ({"action": "set_plan_tier", "filter": {}}, "#/params/plan_tier"),
    ({"action": "set_plan_tier", "filter": {}, "params": {"plan_tier": ["pro"]}}, "#/params/plan_tier"),
    ({"action": "suspend", "filter": {}, "reason": "x", "params": {"how": 1}}, "#/params/how"),
    ({"action": "set_rate_limit", "filter": {}, "params": {"limit": 0, "window_s": 60}}, "#/params/limit"),
    (
        {
            "action": "set_rate_limit",
            "filter": {},
            "params": {"limit": 1, "window_s": 60, "until": "2020-01-01T00:00:00Z"},
        },
        "#/params/until",
    ),
    (
        {
            "action": "set_rate_limit",
            "filter": {},
            "params": {"limit": 1, "window_s": 60, "until": "9999-12-31T23:59:59-01:00"},
        },
        "#/params/until",
    ),
    ({"action": "add_to_group", "filter": {}, "params": {"group_id": "x"}}, "#/params/group_id"),
]


@pytest.fixture
def it(tmp_path: Any, settings: Any) -> World:
    settings.VAR = tmp_path
    return world()


def consumer(it: World, email: str) -> tuple[Any, dict[str, Any]]:
    """An end user who connected a client, and the tokens."""
    issued = it.tokens(it.signed_in(email))
    with tenant_context(it.tenant.id):
        return cast.Identity.objects.get(email=email), issued


def users(it: World) -> list[str]:
    found = call(it).get(path(it)).json()["items"]
    return [item["user_id"] for item in sorted(found, key=lambda item: item["email"])]


def call(it: World, who: Any = None) -> Api:
    return Api(token_of(who or cast.owner_of(it.tenant)), it.tenant)


def path(it: World, rest: str = "") -> str:
    return f"/uflow/v2/tenants/{it.tenant.pk}/end-users{rest}"


def asked(it: World, action: str, who: Any = None, **body: Any) -> Any:
    return call(it, who).post(path(it, "/bulk"), {"action": action, **body})


def finished(it: World, answer: Any) -> dict[str, Any]:
    """The job as the API shows it once a worker took it."""
    assert answer.status_code == 202, answer.content
    with tenant_context(it.tenant.id):
        done(Job.objects.get(pk=answer.json()["id"]))
    shown: dict[str, Any] = call(it).get(f"/uflow/v2/jobs/{answer.json()['id']}").json()
    return shown


def test_a_suspended_persons_tokens_stop_and_come_back_and_nobody_elses_do(it: World) -> None:
    _, eds = consumer(it, "ed@consumer.example")
    _, unas = consumer(it, "una@consumer.example")
    dry = asked(it, "suspend", filter={"q": "ed@consumer"}, dry_run=True)
    assert dry.status_code == 200
    assert {name: dry.json()[name] for name in ("matching", "would_change", "undoable")} == {
        "matching": 1,
        "would_change": 1,
        "undoable": True,
    }
    assert dry.json()["stops"] == {"tokens": 2, "connections": 1, "sign_ins": 0}
    assert it.facts(eds["access_token"])["active"]
    job = finished(it, asked(it, "suspend", filter={"q": "ed@consumer"}, reason="leaked"))
    assert {name: job[name] for name in ("kind", "status", "total", "done", "failed")} == {
        "kind": "end_users.suspend",
        "status": "done",
        "total": 1,
        "done": 1,
        "failed": 0,
    }
    assert it.facts(eds["access_token"]) == {"active": False}
    assert it.facts(unas["access_token"])["active"]
    finished(it, asked(it, "reactivate", filter={"status": "suspended"}))
    assert it.facts(eds["access_token"])["active"]


def test_each_persons_status_counts_from_the_moment_their_row_changes(
    it: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "CHUNK", 1)
    tokens = [consumer(it, f"{name}@consumer.example")[1]["access_token"] for name in ("ed", "una", "vic")]
    seen: list[int] = []

    class Between:
        """Asks about everybody's token between two steps of the job."""

        def should_abort(self) -> bool:
            seen.append(sum(it.facts(token)["active"] for token in tokens))
            return False

    answer = asked(it, "suspend", filter={}, reason="leaked")
    runner.run(Between(), tenant_id=str(it.tenant.pk), job_id=answer.json()["id"])
    assert seen == [3, 2, 1, 0]


def test_revoked_tokens_stay_dead_and_who_had_none_is_left_out(it: World) -> None:
    _, eds = consumer(it, "ed@consumer.example")
    cast.end_user(it.tenant, "bare@consumer.example")
    bare, ed = users(it)
    job = finished(it, asked(it, "suspend_and_revoke", user_ids=[ed, bare], reason="abuse"))
    assert (job["done"], job["failed"]) == (2, 0)
    finished(it, asked(it, "reactivate", filter={}))
    assert it.facts(eds["access_token"]) == {"active": False}
    assert it.refresh(eds["refresh_token"]).json()["error"] == "invalid_grant"
    with tenant_context(it.tenant.id):
        (event,) = Event.objects.filter(tenant=it.tenant, action="tokens.revoked")
        assert (str(event.target_id), event.after, event.reason) == (
            ed,
            {"tokens": 2, "job": job["id"]},
            "abuse",
        )
        assert Event.objects.filter(tenant=it.tenant, action="end_user.suspended").count() == 2
        assert not AccessToken.objects.filter(tenant=it.tenant).exists()
        assert not RefreshToken.objects.filter(tenant=it.tenant, revoked=None).exists()
    again = finished(it, asked(it, "revoke_tokens", filter={}))
    left = call(it).get(path(it, f"/bulk/{again['id']}/left-out")).json()
    assert {(item["user_id"], item["why"]) for item in left["items"]} == {
        (bare, "held no tokens"),
        (ed, "held no tokens"),
    }


def test_clients_hear_that_many_were_suspended(it: World) -> None:
    consumer(it, "ed@consumer.example")
    (ed,) = users(it)
    with tenant_context(it.tenant.id):
        ClientSession.objects.create(
            tenant=it.tenant,
            user_id=ed,
            client=it.client,
            session=it.tenant.pk,
            created_at=timezone.now() - timedelta(minutes=1),
        )
    finished(it, asked(it, "suspend", user_ids=[ed], reason="abuse"))
    with tenant_context(it.tenant.id):
        assert not ClientSession.objects.filter(tenant=it.tenant, ended_at=None).exists()


def test_many_are_added_to_a_group_unless_it_gives_more_than_the_actor_holds(it: World) -> None:
    people = [cast.end_user(it.tenant, f"p{n}@consumer.example") for n in range(3)]
    group = cast.group(it.tenant, "beta")
    with tenant_context(it.tenant.id):
        GroupMember.objects.create(tenant=it.tenant, group=group, user_id=people[0].pk)
    dry = asked(it, "add_to_group", filter={}, params={"group_id": str(group.pk)}, dry_run=True).json()
    assert (dry["matching"], dry["would_change"]) == (3, 2)
    finished(it, asked(it, "add_to_group", filter={}, params={"group_id": str(group.pk)}))
    with tenant_context(it.tenant.id):
        assert GroupMember.objects.filter(tenant=it.tenant, group=group, ended_at=None).count() == 3
        events = Event.objects.filter(tenant=it.tenant, action="group.member_added")
        assert {event.about_id for event in events} == {person.pk for person in people[1:]}
    helper = cast.member(it.tenant, "hal@acme.example")
    cast.bind(it.tenant, cast.role(it.tenant, "Helpers", console=["groups:manage"]), helper)
    cast.bind(it.tenant, cast.system_role(it.tenant, "tenant-admin"), group)
    answer = asked(it, "add_to_group", helper, filter={}, params={"group_id": str(group.pk)})
    assert problem(answer) == (403, "escalation")


def test_taking_people_into_a_group_back_ends_only_the_memberships_that_the_job_made(it: World) -> None:
    people = [cast.end_user(it.tenant, f"p{n}@consumer.example") for n in range(4)]
    group = cast.group(it.tenant, "beta")

    def inside() -> set[Any]:
        with tenant_context(it.tenant.id):
            rows = GroupMember.objects.filter(tenant=it.tenant, group=group, ended_at=None)
            return set(rows.values_list("user_id", flat=True))

    with tenant_context(it.tenant.id):
        GroupMember.objects.create(tenant=it.tenant, group=group, user_id=people[0].pk)
    job = finished(it, asked(it, "add_to_group", filter={}, params={"group_id": str(group.pk)}))
    with tenant_context(it.tenant.id):  # one was taken out and put in again by hand since
        rows = GroupMember.objects.filter(tenant=it.tenant, group=group, user_id=people[1].pk)
        rows.update(ended_at=timezone.now())
        GroupMember.objects.create(tenant=it.tenant, group=group, user_id=people[1].pk)
    undo = path(it, f"/bulk/{job['id']}/undo")
    undone = finished(it, call(it).post(undo, {"reason": "the wrong group"}))
    assert inside() == {people[0].pk, people[1].pk}
    left = call(it).get(path(it, f"/bulk/{undone['id']}/left-out")).json()["items"]
    assert [(item["user_id"], item["fate"]) for item in left] == [(str(people[1].pk), "since")]
    with tenant_context(it.tenant.id):
        events = Event.objects.filter(tenant=it.tenant, action="group.member_removed")
        assert {(event.about_id, event.reason) for event in events} == {
            (person.pk, "the wrong group") for person in people[2:]
        }
    assert problem(call(it).post(path(it, f"/bulk/{undone['id']}/undo"))) == (409, "conflict")


def test_a_group_archived_in_the_middle_stops_the_job_with_its_reason(it: World) -> None:
    cast.end_user(it.tenant, "ed@consumer.example")
    group = cast.group(it.tenant, "beta")
    answer = asked(it, "add_to_group", filter={}, params={"group_id": str(group.pk)})
    with tenant_context(it.tenant.id):
        type(group).objects.filter(pk=group.pk).update(ended_at=timezone.now())
    job = finished(it, answer)
    assert (job["status"], job["error"]) == ("failed", "The group is archived.")


def test_a_body_that_means_nothing_is_refused_by_its_member(it: World) -> None:
    cast.end_user(it.tenant, "ed@consumer.example")
    for body, wrong in NONSENSE:
        answer = call(it).post(path(it, "/bulk"), body)
        assert problem(answer) == (422, "invalid"), body
        assert wrong in [error["pointer"] for error in answer.json()["errors"]], body


def test_each_action_needs_the_permission_of_the_single_verb(it: World) -> None:
    cast.end_user(it.tenant, "ed@consumer.example")
    helper = cast.member(it.tenant, "hal@acme.example")
    cast.bind(it.tenant, cast.role(it.tenant, "Helpers", console=["endusers:suspend"]), helper)
    assert asked(it, "suspend", helper, filter={}, reason="x", dry_run=True).status_code == 200
    for action in ("suspend_and_revoke", "revoke_tokens", "set_plan_tier", "add_to_group", "export"):
        answer = asked(it, action, helper, filter={}, reason="x")
        assert problem(answer) == (403, "forbidden"), action


def test_nothing_of_it_opens_with_a_session(it: World) -> None:
    browser: Browser = cast.signed_in(cast.owner_of(it.tenant))
    assert browser.post(path(it, "/bulk"), {}, content_type="application/json").status_code == 401
