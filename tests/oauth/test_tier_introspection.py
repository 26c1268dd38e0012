"""What billing changes, introspection says at once: of one person, of a tier, and of nobody besides."""

from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from endusers import plan_tiers, tier_moves
from tests import cast
from tests.oauth.world import ED, World, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def it() -> World:
    """Who is on pro may read only."""
    it = world()
    cast.bind(it.tenant, cast.role(it.tenant, "Only reads", ["read"]), cast.tier(it.tenant, "pro"))
    return it


def facts_of(it: World) -> dict[str, Any]:
    return {"tenant_id": it.tenant.pk, "actor": SYSTEM, "now": timezone.now()}


def test_changing_one_persons_tier_changes_their_next_introspection_and_no_others(it: World) -> None:
    una = "una@consumer.example"
    eds, unas = (it.tokens(it.signed_in(who), scope="read write")["access_token"] for who in (ED, una))
    before, others = it.facts(eds), it.facts(unas)
    assert (before["plan_tier"], before["scope"].split()) == ("free", ["read", "write"])
    with tenant_context(it.tenant.pk):
        user = cast.user_of(it.tenant, ED)
        tier_moves.move(user_id=user.pk, tier_key="pro", reference="evt_1", **facts_of(it))
    after = it.facts(eds)
    assert (after["plan_tier"], after["scope"], after["scope_filtered"]) == ("pro", "read", True)
    assert after["rate_limit"] == {"limit": 600, "window_s": 60, "source": "tier"}
    assert it.facts(unas) == others


def test_another_limit_of_a_tier_is_in_each_holders_next_answer_and_another_default_in_nobodys(
    it: World,
) -> None:
    token = it.tokens(it.signed_in(ED))["access_token"]
    free, custom = cast.tier(it.tenant), cast.tier(it.tenant, "custom")
    with tenant_context(it.tenant.pk):
        limit = plan_tiers.TierLimit(5, 3600)
        plan_tiers.edit(tier_id=free.pk, rate_limit=limit, **facts_of(it))
        plan_tiers.make_default(tier_id=custom.pk, **facts_of(it))
    told = it.facts(token)
    assert told["rate_limit"] == {"limit": 5, "window_s": 3600, "source": "tier"}
    assert told["plan_tier"] == "free"
