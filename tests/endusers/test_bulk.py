"""Bulk verbs: whom they reach, what they write, and the way back."""

from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authsec.jobs.models import Job
from authz.models import Binding
from endusers import plan_tiers
from endusers.bulk import jobs, selection
from endusers.bulk.selection import Selection
from endusers.bulk.undo import NoWayBack, take_back
from endusers.bulk.verbs import VERBS
from endusers.models import EndUser, EndUserTier, Outcome, StandingChange
from endusers.queries import Filters
from tenants.operations import suspend_member
from tests import cast
from tests.endusers.jobs import actor_of, asked, done, people
from tests.statements import statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def tools():
    return cast.open_tenant("alex-tools", "alex@alex-tools.example")


@pytest.fixture
def alex(tools):
    return cast.owner_of(tools)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch, tmp_path, settings):
    """So that a few people are several transactions."""
    settings.VAR = tmp_path
    monkeypatch.setattr(jobs, "CHUNK", 3)


def rows(tenant) -> dict[Any, EndUser]:
    with tenant_context(tenant.id):
        return {row.pk: row for row in EndUser.objects.filter(tenant=tenant).select_related("plan_tier")}


def events(tenant, action: str) -> list[Event]:
    with tenant_context(tenant.id):
        return list(Event.objects.filter(tenant=tenant, action=action).order_by("id"))


def fates(job: Job) -> Counter[str]:
    with tenant_context(job.tenant_id):
        return Counter(Outcome.objects.filter(job_id=job.pk).values_list("fate", flat=True))


def back(who, job: Job) -> Job:
    with tenant_context(who.tenant_id):
        return done(
            take_back(
                tenant_id=who.tenant_id,
                job=job,
                reason="",
                actor=actor_of(who),
                now=timezone.now(),
            )
        )


def test_a_bulk_suspension_suspends_who_matches_and_writes_it_down_for_each(tools, alex):
    ids = people(tools, 7)
    done(asked(alex, "suspend", ids=ids[:1], reason="earlier"))
    job = done(asked(alex, "suspend", reason="leaked keys"))
    assert (job.status, job.total, job.done, job.failed) == ("done", 7, 7, 0)
    after = rows(tools)
    assert {after[key].suspended_reason for key in ids[1:]} == {"leaked keys"}
    assert after[ids[0]].suspended_reason == "earlier"
    assert fates(job) == {"changed": 6, "already": 1}
    assert jobs.tally(job) == {"changed": 6, "already": 1}
    with tenant_context(tools.id):
        standing = StandingChange.objects.filter(tenant=tools, to_status="suspended", reason="leaked keys")
        assert {(row.user_id, row.from_status, row.by) for row in standing} == {
            (key, "active", alex.pk) for key in ids[1:]
        }
        assert {row.at for row in standing} == {after[key].suspended_at for key in ids[1:]}
        assert len({row.at for row in standing}) == 3, "each chunk counts from its own moment"
    told = [event for event in events(tools, "end_user.suspended") if event.reason == "leaked keys"]
    assert {event.target_id for event in told} == set(ids[1:])
    assert {event.target_name for event in told} == {f"P {n}" for n in range(1, 7)}
    assert {(event.actor_id, event.actor_name, tuple(event.policies), event.via) for event in told} == {
        (alex.pk, "Alex", ("p",), "console")
    }
    assert told[0].before == {"status": "active"}
    assert told[0].after == {"status": "suspended", "job": str(job.pk)}
    assert told[0].id.version == 7
    one = events(tools, "end_users.bulk_asked")[-1]
    assert (one.target_id, one.target_name, one.reason) == (job.pk, "7 end users", "leaked keys")


def test_an_event_of_many_reads_like_the_event_of_one(tools, alex):
    from endusers import operations

    ids = people(tools, 2)
    done(asked(alex, "set_plan_tier", {"plan_tier": "pro"}, ids=ids[:1], reason="why"))
    with tenant_context(tools.id):
        operations.set_plan_tier(
            tenant_id=tools.id,
            user_id=ids[1],
            tier_key="pro",
            actor=actor_of(alex),
            now=timezone.now(),
            reason="why",
        )
    many, one = [event for event in events(tools, "end_user.tier_changed") if event.reason == "why"]
    for name in ("action", "target_kind", "actor_kind", "actor_capacity", "via", "policies", "before", "ip"):
        assert getattr(many, name) == getattr(one, name), name
    assert {key: value for key, value in many.after.items() if key != "job"} == one.after
    assert many.request_id == one.request_id == ""


def test_a_filter_means_whom_the_list_shows_and_nobody_who_came_later(tools, alex):
    ids = people(tools, 4)
    cast.end_user(tools, "pro@example.test", tier="pro")
    job = asked(alex, "suspend", plan_tier="free", text="example")
    later = cast.end_user(tools, "later@example.test")
    job = done(job)
    suspended = {key for key, row in rows(tools).items() if row.status == "suspended"}
    assert suspended == set(ids)
    assert later.user_id not in suspended
    assert (job.total, job.done) == (4, 4)


def test_strangers_and_members_among_the_ids_are_left_out_by_name(tools, alex):
    other = cast.open_tenant("globex", "gus@globex.example")
    theirs = cast.end_user(other, "ed@globex.example").user_id
    ids = people(tools, 2)
    job = done(asked(alex, "suspend", ids=[*ids, theirs, uuid4(), alex.pk, ids[0]]))
    assert (job.total, job.done, job.failed) == (5, 5, 3)
    assert fates(job) == {"changed": 2, "unknown": 3}
    assert rows(other)[theirs].status == "active"


def test_taking_a_suspension_back_reactivates_exactly_whom_it_suspended(tools, alex):
    ids = people(tools, 5)
    done(asked(alex, "suspend", ids=ids[:1], reason="earlier"))
    job = done(asked(alex, "suspend", reason="by mistake"))
    done(asked(alex, "reactivate", ids=[ids[1]]))
    done(asked(alex, "suspend", ids=[ids[1]], reason="on purpose"))
    undone = back(alex, job)
    after = rows(tools)
    assert [after[key].status for key in ids] == ["suspended", "suspended", "active", "active", "active"]
    assert after[ids[1]].suspended_reason == "on purpose"
    assert fates(undone) == {"changed": 3, "since": 1}
    with tenant_context(tools.id), pytest.raises(NoWayBack):
        take_back(
            tenant_id=tools.id,
            job=job,
            reason="",
            actor=actor_of(alex),
            now=timezone.now(),
        )


def test_taking_a_reactivation_back_gives_each_the_reason_they_had(tools, alex):
    ids = people(tools, 2)
    for number, key in enumerate(ids):
        done(asked(alex, "suspend", ids=[key], reason=f"reason {number}"))
    back(alex, done(asked(alex, "reactivate")))
    assert [rows(tools)[key].suspended_reason for key in ids] == ["reason 0", "reason 1"]


def test_moving_many_to_a_tier_keeps_their_history_and_the_way_back(tools, alex):
    ids = people(tools, 3)
    custom = cast.end_user(tools, "custom@example.test", tier="custom").user_id
    job = done(asked(alex, "set_plan_tier", {"plan_tier": "pro"}))
    assert {row.plan_tier.key for row in rows(tools).values()} == {"pro"}
    undone = back(alex, job)
    after = rows(tools)
    assert {after[key].plan_tier.key for key in ids} == {"free"}
    assert after[custom].plan_tier.key == "custom"
    assert fates(undone) == {"changed": 4}
    with tenant_context(tools.id):
        history = EndUserTier.objects.filter(tenant=tools, user_id=custom).order_by("from_at")
        assert [row.plan_tier.key for row in history] == ["free", "custom", "pro", "custom"]
        spans = [(row.from_at, row.to_at) for row in history]
        assert [end for _, end in spans] == [*(start for start, _ in spans[1:]), None]
    assert events(tools, "end_user.tier_changed")[-1].after["plan_tier"] in ("free", "custom")


def test_a_limit_is_set_and_cleared_for_those_for_whom_it_differs(tools, alex):
    ids = people(tools, 4)
    limit = {"rate_limit": {"limit": 5, "window_s": 60}}
    done(asked(alex, "set_rate_limit", limit, ids=ids[:1]))
    job = done(asked(alex, "set_rate_limit", limit))
    assert fates(job) == {"changed": 3, "already": 1}
    assert {row.rate_limit_override["limit"] for row in rows(tools).values()} == {5}
    assert fates(done(asked(alex, "clear_rate_limit"))) == {"changed": 4}
    assert {row.rate_limit_override for row in rows(tools).values()} == {None}
    assert len(events(tools, "end_user.rate_limit_set")) == len(events(tools, "end_user.rate_limit_cleared"))


def test_taking_a_limit_back_gives_each_the_one_they_had(tools, alex):
    ids = people(tools, 4)
    first, second = ({"rate_limit": {"limit": limit, "window_s": 60}} for limit in (5, 7))
    done(asked(alex, "set_rate_limit", first, ids=ids[:2]))
    job = done(asked(alex, "set_rate_limit", second))
    done(asked(alex, "set_rate_limit", first, ids=ids[3:]))
    undone = back(alex, job)
    limits = [(rows(tools)[key].rate_limit_override or {}).get("limit") for key in ids]
    assert limits == [5, 5, None, 5]
    assert fates(undone) == {"changed": 3, "since": 1}
    told = [event for event in events(tools, "end_user.rate_limit_set") if event.before]
    assert {event.after["limit"] for event in told if event.before["limit"] == 7} == {5}
    (cleared,) = events(tools, "end_user.rate_limit_cleared")
    assert (cleared.target_id, cleared.after) == (ids[2], {"job": str(undone.pk)})
    back(alex, done(asked(alex, "clear_rate_limit")))
    assert [(rows(tools)[key].rate_limit_override or {}).get("limit") for key in ids] == limits


def test_a_dry_run_counts_what_the_job_then_does(tools, alex):
    from endusers.bulk.preview import look

    ids = people(tools, 5)
    done(asked(alex, "suspend", ids=ids[:2]))
    named = Selection(user_ids=(*ids, uuid4()))
    with tenant_context(tools.id):
        for chosen, unknown in ((Selection(Filters(text="example")), 0), (named, 1)):
            seen = look(VERBS["suspend"], chosen, {}, now=timezone.now())
            assert (seen.matching.value, seen.unchanged.value, seen.changing.value) == (5, 2, 3)
            assert seen.unknown == unknown
        assert selection.count(Selection(Filters()), until=timezone.now(), cap=3).is_estimate
    job = done(asked(alex, "suspend", ids=ids))
    assert fates(job) == {"changed": 3, "already": 2}


def test_a_chunk_costs_the_same_statements_however_many_are_in_it(tools, alex, monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 50)
    counts = []
    for number in (2, 20):
        for n in range(number):
            cast.end_user(tools, f"more{number}x{n}@example.test")
        job = asked(alex, "suspend", text=f"more{number}x")
        with statements() as sent:
            done(job)
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_asking_twice_is_one_job_and_one_event(tools, alex):
    people(tools, 1)
    assert asked(alex, "suspend").pk == asked(alex, "suspend").pk
    assert len(events(tools, "end_users.bulk_asked")) == 1


def test_nobody_matching_and_no_reason_are_refused(tools, alex):
    with pytest.raises(jobs.NobodyChosen):
        asked(alex, "suspend", text="nobody")
    people(tools, 1)
    with pytest.raises(jobs.ReasonRequired):
        asked(alex, "suspend", reason="  ")


def test_who_may_not_unmake_owners_can_not_do_it_by_taking_a_job_back(tools, alex):
    ids = people(tools, 1)
    group = cast.group(tools, "Founders")
    cast.bind(tools, cast.system_role(tools, "tenant-owner"), group)
    job = done(asked(alex, "add_to_group", {"group_id": str(group.pk), "group": "Founders"}, ids=ids))
    assert job.status == "done"
    undone = back(cast.member(tools, "rosa@alex-tools.example", "admin"), job)
    assert (undone.status, undone.error) == (
        "failed",
        "Only who may make owners may take the owner’s role from somebody.",
    )
    assert back(alex, job).status == "done"


def test_nobody_is_taken_back_to_a_tier_that_is_retired_since(tools, alex):
    ids = people(tools, 2)
    job = done(asked(alex, "set_plan_tier", {"plan_tier": "pro"}, ids=ids))
    facts = {"tenant_id": tools.id, "actor": actor_of(alex), "now": timezone.now()}
    with tenant_context(tools.id):
        plan_tiers.make_default(tier_id=cast.tier(tools, "pro").pk, **facts)
        plan_tiers.retire(tier_id=cast.tier(tools, "free").pk, **facts)
    undone = back(alex, job)
    assert (undone.status, fates(undone)) == ("done", {"since": 2})
    assert {row.plan_tier.key for row in rows(tools).values()} == {"pro"}


def test_the_jobs_of_somebody_who_is_suspended_stop(tools, alex):
    ids = people(tools, 2)
    rosa = cast.member(tools, "rosa@alex-tools.example", "admin")
    job = asked(rosa, "suspend", ids=ids)
    with tenant_context(tools.id):
        facts = {"tenant_id": tools.id, "actor": actor_of(alex), "now": timezone.now()}
        suspend_member(user_id=rosa.pk, reason="laptop stolen", **facts)
    stopped = done(job)
    assert (stopped.status, stopped.error) == ("cancelled", "Whoever asked for it was suspended.")
    assert {row.status for row in rows(tools).values()} == {"active"}


def test_power_counts_at_each_step_of_a_job(tools, alex, monkeypatch):
    ids = people(tools, 7)
    hal = cast.member(tools, "hal@alex-tools.example")
    role = cast.role(tools, "Helpers", console=["endusers:suspend", "endusers:read"])
    binding = cast.bind(tools, role, hal)
    job = asked(hal, "suspend", ids=ids)

    def once_and_no_more(verb, job, out, step=jobs.step):
        taken = step(verb, job, out)
        Binding.objects.filter(pk=binding.pk).update(ended_at=timezone.now())
        return taken

    monkeypatch.setattr(jobs, "step", once_and_no_more)
    job = done(job)
    assert (job.status, job.done, fates(job)) == ("failed", 3, {"changed": 3})
    assert job.error == "Alex no longer holds endusers:suspend, which “Suspend end users” needs."
    assert Counter(row.status for row in rows(tools).values()) == {"suspended": 3, "active": 4}
    assert back(alex, job).status == "done"
    assert {row.status for row in rows(tools).values()} == {"active"}
