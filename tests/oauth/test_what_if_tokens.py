"""What if, through the API: the document, the tokens that are out, the job for many."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authsec.jobs.kinds import kind_of
from authsec.jobs.models import Job
from authz import groups
from authz.what_if.changes import KINDS, words
from authz.what_if.changes.wire import from_json, to_json
from endusers import operations as endusers
from oauth.api.simulate_examples import EXAMPLES
from oauth.views import what_if_links
from tests import cast
from tests.console.api import Api, token_of
from tests.oauth.world import ED, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def it() -> Any:
    """The protocol's world, with Ed's token of read and write and an admin's access to the API."""
    it = world()
    bot = cast.service_account(it.tenant, "admin-bot")
    cast.bind(it.tenant, cast.system_role(it.tenant, "tenant-owner"), bot)
    ed = cast.user_of(it.tenant, ED)
    answer = it.tokens(it.signed_in(ED), scope="read write")
    api = Api(token_of(bot), it.tenant)
    return SimpleNamespace(world=it, tenant=it.tenant, api=api, ed=ed, token=answer["access_token"])


def ask(it: Any, kind: str, **members: Any) -> Any:
    more = members.pop("more", {})
    change = {"kind": kind} | {name: str(v) if hasattr(v, "hex") else v for name, v in members.items()}
    return it.api.post("/uflow/v2/simulate", {"change": change} | more)


def test_a_suspension_stops_the_tokens_that_are_out(it: Any) -> None:
    body = ask(it, "suspend_end_user", user_id=it.ed.pk).json()
    assert body["allowed"]
    assert body["tokens"] == {"carry": 1, "narrower": 0, "stopped": 1, "ended": 0, "wider": 0}
    assert {one["scope"] for one in body["items"][0]["lost"]} == {"read", "write"}
    assert it.world.introspect(it.token).json()["active"]


def test_a_dropped_scope_makes_them_narrower_and_was_used(it: Any) -> None:
    body = ask(it, "change_scopes", application_id=it.world.application.pk, withdrawn=["write"]).json()
    assert body["tokens"] == {"carry": 1, "narrower": 1, "stopped": 0, "ended": 0, "wider": 0}
    assert body["items"][0]["unchanged"] == []
    [used] = body["used"]
    assert (used["scope"], used["tokens"], used["people"]) == ("write", 1, 1)


def test_what_comes_back_makes_them_wider(it: Any) -> None:
    with tenant_context(it.tenant.id):
        told = {"tenant_id": it.tenant.id, "user_id": it.ed.pk, "actor": SYSTEM, "now": timezone.now()}
        endusers.suspend(**told, reason="For a while")
    body = ask(it, "reactivate_end_user", user_id=it.ed.pk).json()
    assert body["tokens"]["wider"] == 1
    assert {one["scope"] for one in body["items"][0]["gained"]} == {"read", "write"}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"change": {"kind": "make_coffee"}}, "#/change/kind"),
    ({"change": {"kind": "archive_group"}}, "#/change/group_id"),
    ({"change": {"kind": "archive_group", "group_id": "on-call"}}, "#/change/group_id"),
    ({"change": {"kind": "archive_group", "group_id": str(uuid4())}}, "#/change/group_id"),
    ({"change": {"kind": "archive_group", "group_id": str(uuid4()), "now": 1}}, "#/change/now"),
    ({"change": {"kind": "edit_role", "role_id": str(uuid4()), "scopes": "all"}}, "#/change/scopes"),
    ({"change": ["archive"]}, "#/change"),
    ({}, "#/change"),
    ({"change": {"kind": "archive_group"}, "dry_run": True}, "#/dry_run"),
    ({"change": {"kind": "archive_group", "group_id": str(uuid4())}, "at": "2020-01-01T00:00:00Z"}, "#/at"),
]


def test_what_is_wrong_is_named(it: Any) -> None:
    for body, field in WRONG:
        answer = it.api.post("/uflow/v2/simulate", body)
        assert field in pointers(answer), body


def pointers(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.content
    return [error["pointer"] for error in answer.json()["errors"]]


def test_an_unknown_condition_and_an_unknown_person_are_named(it: Any) -> None:
    role = cast.role(it.tenant, "Team Reader", ["read"])
    team = cast.group(it.tenant, "team")
    answer = ask(it, "bind", role_id=role.pk, group_id=team.pk, conditions={"moon_phase": "full"})
    assert pointers(answer) == ["#/change/conditions/moon_phase"]
    answer = ask(it, "archive_group", group_id=team.pk, more={"users": [str(uuid4())]})
    assert pointers(answer) == ["#/users/0"]


def test_every_kind_has_an_example_and_reads_as_it_writes(it: Any) -> None:
    assert EXAMPLES.keys() == KINDS.keys() == words.VERBS.keys() == what_if_links.VERBS.keys()
    with tenant_context(it.tenant.id):
        for kind, members in EXAMPLES.items():
            change = from_json(it.tenant.id, {"kind": kind} | members)
            assert from_json(it.tenant.id, to_json(change)) == change, kind


def test_many_people_are_a_job_that_sums_up_and_changes_nothing(
    it: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr("authz.what_if.simulate.INLINE", 1)
    monkeypatch.setattr("oauth.what_if.jobs.CHUNK", 1)
    role = cast.role(it.tenant, "Team Reader", ["read", "write"])
    people = [cast.member(it.tenant, f"m{n}@acme.example") for n in range(3)]
    team = cast.group(it.tenant, "team", people)
    cast.bind(it.tenant, role, team, it.world.application)
    answer = ask(it, "archive_group", group_id=team.pk)
    assert answer.status_code == 202, answer.content
    with tenant_context(it.tenant.id):
        job = Job.objects.get(pk=answer.json()["id"])
        kind = kind_of(job)
        assert kind.total(job) == 3
        with (tmp_path / "out").open("wb") as out:
            for _ in range(4):
                step = kind.step(job, out)
                job.cursor, job.done = step.cursor, job.done + step.done
        assert step.finished
        assert job.done == 3
        facts = dict(kind.describe(job))
        assert facts["Change"] == "Archive the group team"
        assert facts["People touched"] == "3"
        assert (tmp_path / "out").read_text().count("lost,active,none") == 6
        assert groups.Group.objects.get(pk=team.pk).ended_at is None
