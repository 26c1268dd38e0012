"""Where billing, an operator and a stranger act on tiers at one moment: real connections, a thread each."""

from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import tenant_context
from endusers import operations, plan_tiers, tier_moves
from endusers.models import EndUser, EndUserTier, PlanTier, TierMove
from tests import cast
from tests.tenants.test_rivals import at_once

pytestmark = pytest.mark.slow


def in_tenant(tenant: Any, verb: Any, **rest: Any) -> Any:
    with tenant_context(tenant.id):
        return verb(tenant_id=tenant.id, actor=SYSTEM, now=timezone.now(), **rest)


def test_of_rivals_over_tiers_each_outcome_is_one_that_somebody_asked_for(own_database: None) -> None:
    tools = cast.open_tenant("alex-tools", "alex@alex-tools.example")
    people = [cast.end_user(tools, f"p{number}@consumer.example") for number in range(4)]

    # The same call of billing, six times at once: one move, six same answers.
    call = partial(in_tenant, tools, tier_moves.move, user_id=people[0].pk, tier_key="pro", reference="evt_1")
    answers = at_once([call] * 6)
    assert {(answer.pk, answer.outcome) for answer in answers} == {(answers[0].pk, "moved")}
    with tenant_context(tools.pk):
        assert TierMove.objects.filter(tenant=tools).count() == 1
        assert EndUserTier.objects.filter(user_id=people[0].pk).count() == 2
        assert Event.objects.filter(action="end_user.tier_changed", target_id=people[0].pk).count() == 1

    for number in range(5):
        tier = in_tenant(tools, plan_tiers.create, key=f"t{number}", name=f"T{number}")
        # One retires the tier while three are put on it.
        come = [
            partial(in_tenant, tools, operations.set_plan_tier, user_id=who.pk, tier_key=tier.key)
            for who in people[1:]
        ]
        told = at_once([partial(in_tenant, tools, plan_tiers.retire, tier_id=tier.pk), *come])
        refused = [answer for answer in told if isinstance(answer, Exception)]
        assert {type(answer) for answer in refused} <= {plan_tiers.TierInUse, operations.UnknownTier}
        with tenant_context(tools.pk):
            tier.refresh_from_db()
            assert not (tier.ended_at and EndUser.objects.filter(plan_tier=tier).exists())

    # Every tier wants to be the default at once: one is, all the time.
    with tenant_context(tools.pk):
        standing = list(PlanTier.objects.filter(tenant=tools, ended_at=None))
    told = at_once([partial(in_tenant, tools, plan_tiers.make_default, tier_id=tier.pk) for tier in standing])
    assert not [answer for answer in told if isinstance(answer, Exception)]
    with tenant_context(tools.pk):
        assert PlanTier.objects.filter(tenant=tools, is_default=True).count() == 1
