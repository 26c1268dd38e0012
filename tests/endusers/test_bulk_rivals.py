"""A bulk action beside a verb of one person, at the very moment."""

from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from endusers import operations
from endusers.bulk import changes
from endusers.bulk.verbs import Run
from endusers.models import EndUser, EndUserTier
from tests import cast
from tests.endusers.jobs import actor_of
from tests.rivals import Beside


def test_who_is_moved_while_a_bulk_statement_waits_is_judged_by_where_they_are_then(
    own_database: None,
) -> None:
    """The statement sees what stood when it began, but for the rows that it locks: their history would be torn."""
    tools = cast.open_tenant("alex-tools", "alex@alex-tools.example")
    ed = cast.end_user(tools, "ed@consumer.example").pk
    alex = actor_of(cast.owner_of(tools))

    def bulk(tier: str, undoes: UUID | None = None, job: UUID | None = None) -> Any:
        with tenant_context(tools.pk):
            run = Run(tools.pk, job or uuid4(), alex, timezone.now(), {"plan_tier": tier}, undoes=undoes)
            return changes.set_plan_tier(run, [ed])

    def move(tier: str) -> None:
        operations.set_plan_tier(
            tenant_id=tools.pk, user_id=ed, tier_key=tier, actor=SYSTEM, now=timezone.now()
        )

    def held() -> tuple[str, list[str]]:
        with tenant_context(tools.pk):
            tier = EndUser.objects.get(pk=ed).plan_tier.key
            history = EndUserTier.objects.filter(user_id=ed, to_at=None).values_list(
                "plan_tier__key", flat=True
            )
            return tier, list(history)

    with tenant_context(tools.pk):
        move("pro")
        chosen = Beside(lambda: bulk("custom")).waits()
    assert chosen.answer == [(ed, "changed")]
    assert held() == ("custom", ["custom"])

    bulk("pro", job=(job := uuid4()))
    with tenant_context(tools.pk):
        move("free")
        back = Beside(lambda: bulk("pro", undoes=job)).waits()
    assert back.answer == [(ed, "since")], "whom somebody moved since stays where they are"
    assert held() == ("free", ["free"])
