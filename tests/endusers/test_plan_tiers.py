"""Plan tiers: what a tenant sells, which one is the default, how one is retired, and how billing moves people."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authsec.jobs.models import Job
from endusers import operations, plan_tiers, tier_moves
from endusers.models import EndUser, EndUserTier, PlanTier, TierMove
from endusers.queries import tier_holders
from tests import cast
from tests.console.api import Api, problem, token_of
from tests.endusers.jobs import done

pytestmark = pytest.mark.django_db
TIERS = "/uflow/v2/plan-tiers"


@pytest.fixture
def world() -> SimpleNamespace:
    """alex-tools with Ed on free and Una on pro; ``api`` is the owner's, ``billing`` holds endusers:update alone."""
    tools = cast.open_tenant("alex-tools", "alex@alex-tools.example")
    billing = cast.service_account(tools, "billing")
    cast.bind(tools, cast.role(tools, "Billing", console=["endusers:update"]), billing)
    return SimpleNamespace(
        tools=tools,
        api=Api(token_of(cast.owner_of(tools)), tools),
        billing=Api(token_of(billing), tools),
        ed=cast.end_user(tools, "ed@consumer.example", name="Ed"),
        una=cast.end_user(tools, "una@consumer.example", "pro", name="Una"),
    )


def bill(world: SimpleNamespace, reference: str, tier: str, **more: Any) -> Any:
    path = f"/uflow/v2/tenants/{world.tools.pk}/end-users/{world.ed.pk}/plan-tier"
    return world.billing.post(path, {"plan_tier": tier, "reference": reference, **more})


def tier_of(who: EndUser) -> str:
    with tenant_context(who.tenant_id):
        return EndUser.objects.select_related("plan_tier").get(pk=who.pk).plan_tier.key


def count(world: SimpleNamespace, model: Any, **which: Any) -> int:
    with tenant_context(world.tools.pk):
        return model.objects.filter(tenant=world.tools, **which).count()


def test_a_new_tenant_has_free_pro_and_custom_with_free_as_the_default(world: SimpleNamespace) -> None:
    page = world.api.get(TIERS).json()
    assert [(item["key"], item["is_default"], item["holders"]) for item in page["items"]] == [
        ("free", True, 1),
        ("pro", False, 1),
        ("custom", False, 0),
    ]
    assert [item["rate_limit"] for item in page["items"]] == [
        {"limit": 60, "window_s": 60},
        {"limit": 600, "window_s": 60},
        None,
    ]


def test_a_tier_is_made_renamed_limited_and_found_by_key_or_id(world: SimpleNamespace) -> None:
    made = world.api.post(TIERS, {"key": "team", "name": "Team", "rate_limit": {"limit": 900}})
    assert made.status_code == 201
    assert made.json()["rate_limit"] == {"limit": 900, "window_s": 60}
    changed = world.api("PATCH", f"{TIERS}/team", {"name": "Team seats", "rate_limit": None}).json()
    assert (changed["name"], changed["rate_limit"], changed["key"]) == ("Team seats", None, "team")
    assert world.api.get(f"{TIERS}/{changed['id']}").json() == changed
    assert count(world, Event, action__startswith="plan_tier.") == 2
    world.api("PATCH", f"{TIERS}/team", {"name": "Team seats"})
    assert count(world, Event, action__startswith="plan_tier.") == 2


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({"key": "pro", "name": "Other"}, "key"),
        ({"key": "new", "name": "Other"}, "key"),
        ({"key": "Big", "name": "Other"}, "key"),
        ({"key": "a" * 41, "name": "Other"}, "key"),
        ({"key": "a1b2c3d4-0000-7000-8000-000000000000", "name": "Other"}, "key"),
        ({"key": "other", "name": "pro"}, "name"),
        ({"key": "other", "name": " "}, "name"),
        ({"key": "other", "name": "a\u202eb"}, "name"),
        ({"key": "other", "name": "Other", "rate_limit": {"limit": 0}}, "rate_limit/limit"),
        ({"key": "other", "name": "Other", "colour": "red"}, "colour"),
    ],
)
def test_what_is_no_tier_is_refused_with_its_member(
    body: dict[str, Any], member: str, world: SimpleNamespace
) -> None:
    answer = world.api.post(TIERS, body)
    assert problem(answer) == (422, "invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/{member}"]


def test_there_is_always_exactly_one_default_and_a_stranger_gets_it(world: SimpleNamespace) -> None:
    assert world.api("PATCH", f"{TIERS}/pro", {"is_default": True}).json()["is_default"] is True
    assert [item["key"] for item in world.api.get(TIERS).json()["items"] if item["is_default"]] == ["pro"]
    assert tier_of(world.ed) == "free"
    assert tier_of(cast.end_user(world.tools, "new@consumer.example", "pro")) == "pro"
    with tenant_context(world.tools.pk):
        user = cast.user_of(world.tools, "newer@consumer.example")
        facts = {"tenant_id": world.tools.pk, "actor": SYSTEM, "now": timezone.now()}
        assert operations.ensure(user_id=user.pk, **facts).plan_tier.key == "pro"
    assert problem(world.api("PATCH", f"{TIERS}/pro", {"is_default": False})) == (422, "invalid")
    assert problem(world.api("DELETE", f"{TIERS}/pro?move_to=free")) == (409, "conflict")


def test_a_tier_that_nobody_holds_is_retired_and_its_key_is_never_given_again(world: SimpleNamespace) -> None:
    assert world.api("DELETE", f"{TIERS}/custom").status_code == 204
    assert "custom" not in [item["key"] for item in world.api.get(TIERS).json()["items"]]
    assert world.api.get(f"{TIERS}/custom").json()["ended_at"]
    assert problem(world.api.post(TIERS, {"key": "custom", "name": "Another"})) == (422, "invalid")
    assert problem(world.api("PATCH", f"{TIERS}/custom", {"name": "Back"})) == (409, "conflict")
    assert problem(bill(world, "1", "custom")) == (422, "invalid")
    assert world.api("DELETE", f"{TIERS}/custom").status_code == 204


def test_a_tier_that_is_held_is_retired_only_with_a_place_for_its_holders(world: SimpleNamespace) -> None:
    assert problem(world.api("DELETE", f"{TIERS}/pro")) == (409, "conflict")
    assert problem(world.api("DELETE", f"{TIERS}/pro?move_to=pro")) == (409, "conflict")
    assert problem(world.api("DELETE", f"{TIERS}/pro?move_to=gone")) == (422, "invalid")
    assert count(world, PlanTier, ended_at=None) == 3
    answer = world.api("DELETE", f"{TIERS}/pro?move_to=custom")
    assert answer.status_code == 202
    assert tier_of(world.una) == "pro"  # until the job reaches her
    with tenant_context(world.tools.pk):
        job = Job.objects.get(pk=answer.json()["id"])
    assert done(job).status == "done"
    assert tier_of(world.una) == "custom"


def test_holders_are_counted_and_estimated_beyond_the_cap(world: SimpleNamespace) -> None:
    with tenant_context(world.tools.pk):
        tiers = PlanTier.objects.filter(tenant=world.tools).values_list("pk", flat=True)
        counted = tier_holders(world.tools.pk, tiers)
        assert sorted(str(number) for number in counted.values()) == ["0", "1", "1"]


def test_billing_moves_a_person_once_however_often_it_says_so(world: SimpleNamespace) -> None:
    first = bill(world, "evt_1", "pro")
    assert (first.status_code, first.json()["outcome"], first.json()["was"]) == (200, "moved", "free")
    assert tier_of(world.ed) == "pro"
    before = (count(world, Event), count(world, EndUserTier), count(world, TierMove))
    assert bill(world, "evt_1", "pro").json() == first.json()
    assert (count(world, Event), count(world, EndUserTier), count(world, TierMove)) == before
    assert bill(world, "evt_2", "pro").json()["outcome"] == "already"
    assert problem(bill(world, "evt_1", "free")) == (409, "conflict")
    assert tier_of(world.una) == "pro"


def test_billing_calls_may_come_in_any_order(world: SimpleNamespace) -> None:
    now = timezone.now()
    older, newer = ((now - timedelta(minutes=ago)).isoformat() for ago in (20, 10))
    # Both lie before Ed's row, which a first consent made: nobody decided his tier.
    assert bill(world, "upgrade", "pro", effective_at=newer).json()["outcome"] == "moved"
    late = bill(world, "trial", "custom", effective_at=older).json()
    assert (late["outcome"], late["was"], tier_of(world.ed)) == ("superseded", "pro", "pro")
    assert bill(world, "trial", "custom", effective_at=older).json() == late
    with tenant_context(world.tools.pk):
        operations.set_plan_tier(
            tenant_id=world.tools.pk, user_id=world.ed.pk, tier_key="free", actor=SYSTEM, now=timezone.now()
        )
    assert bill(world, "renewal", "pro", effective_at=now.isoformat()).json()["outcome"] == "superseded"
    assert bill(world, "bought again", "pro").json()["outcome"] == "moved"
    tomorrow = (now + timedelta(days=1)).isoformat()
    assert problem(bill(world, "tomorrow", "free", effective_at=tomorrow)) == (422, "invalid")


def test_of_clocks_that_disagree_the_order_of_the_changes_stands(world: SimpleNamespace) -> None:
    now = timezone.now()
    facts: dict[str, Any] = {"tenant_id": world.tools.pk, "user_id": world.ed.pk, "actor": SYSTEM}

    def billed(reference: str, tier: str, ahead_s: int, **more: Any) -> str:
        moment = now + timedelta(seconds=ahead_s)
        move = tier_moves.move(**facts, tier_key=tier, reference=reference, now=moment, **more)
        return str(move.outcome)

    with tenant_context(world.tools.pk):
        # One clock is a minute ahead of the other. What comes later counts later, whichever clock wrote it.
        assert billed("ahead", "pro", 60) == "moved"
        assert billed("behind", "custom", 0) == "moved"
        operations.set_plan_tier(**facts, tier_key="free", now=now)
        history = EndUserTier.objects.filter(user_id=world.ed.pk).order_by("from_at")
        assert [row.plan_tier.key for row in history] == ["free", "pro", "custom", "free"]
        assert len({row.from_at for row in history}) == 4
        # The operator's word came last: what took effect before it is superseded, though the clock said the same.
        before = now + timedelta(seconds=60)
        assert billed("late", "pro", 0, effective_at=before) == "superseded"
        assert billed("again", "pro", 0) == "moved"


def test_billing_needs_one_permission_and_reaches_end_users_of_its_tenant_alone(
    world: SimpleNamespace,
) -> None:
    assert problem(world.billing.get(TIERS)) == (403, "forbidden")
    assert problem(world.billing("PATCH", f"{TIERS}/pro", {"name": "Mine"})) == (403, "forbidden")
    nobody = f"/uflow/v2/tenants/{world.tools.pk}/end-users/{uuid4()}/plan-tier"
    assert problem(world.billing.post(nobody, {"plan_tier": "pro", "reference": "x"})) == (404, "not-found")
    reader = cast.service_account(world.tools, "reader")
    cast.bind(world.tools, cast.role(world.tools, "Reader", console=["endusers:read"]), reader)
    world.billing = Api(token_of(reader), world.tools)
    assert problem(bill(world, "evt", "pro")) == (403, "forbidden")


def test_a_retired_tier_takes_nobody_in(world: SimpleNamespace) -> None:
    with tenant_context(world.tools.pk):
        facts = {"tenant_id": world.tools.pk, "actor": SYSTEM, "now": timezone.now()}
        plan_tiers.retire(tier_id=cast.tier(world.tools, "custom").pk, **facts)
        with pytest.raises(operations.UnknownTier):
            operations.set_plan_tier(user_id=world.ed.pk, tier_key="custom", **facts)
