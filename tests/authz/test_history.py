"""What a question about a past moment answers: the terms, people and places as they stood then."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from authsec.database.context import tenant_context
from authz import binding_changes, bindings
from authz.conditions import Conditions
from authz.effective.explanation import Explanation, explain
from authz.models import Binding
from authz.refusals import Refused
from tests.authz.cast import DAY, NOW, World, world

pytestmark = pytest.mark.django_db
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def acme() -> World:
    acme = world()
    acme.member("olga", "owner")
    acme.member("alice")
    return acme


def ask(acme: World, who: UUID, at: datetime, **more: Any) -> Explanation:
    with tenant_context(acme.id):
        answer = explain(
            tenant_id=acme.id,
            subject_kind="user",
            subject_id=who,
            at=at,
            **{"mfa_at": None, "ip": None, **more},
        )
    assert answer is not None
    return answer


def change(acme: World, binding: Binding, now: datetime, **terms: Any) -> Binding:
    return binding_changes.change(
        tenant_id=acme.id, binding_id=binding.pk, actor=acme.actor("olga"), now=now, **terms
    )


def terms_at(acme: World, at: datetime) -> list[tuple[UUID, str, bool, str]]:
    """Alice's bindings by an own role, as they are shown for that moment."""
    items = ask(acme, acme.users["alice"], at).items
    return [(i.binding_id, i.state, i.requires_mfa, i.reason) for i in items if i.role_name == "Reader"]


def test_terms_that_were_changed_answer_for_the_time_in_which_they_stood(acme: World) -> None:
    acme.application("one-mcp", "pr:read")
    one = acme.bind(acme.role("Reader", "pr:read"), user_id=acme.users["alice"], reason="first")
    change(acme, one, NOW + DAY, conditions=Conditions(mfa_required=True), reason="second")
    change(acme, one, NOW + 2 * DAY, conditions=Conditions(), reason="third")
    bindings.end(tenant_id=acme.id, binding_id=one.pk, actor=acme.actor("olga"), now=NOW + 3 * DAY)
    assert terms_at(acme, NOW - MOMENT) == []
    assert terms_at(acme, NOW) == [(one.pk, "active", False, "first")]
    assert terms_at(acme, NOW + DAY - MOMENT) == [(one.pk, "active", False, "first")]
    assert terms_at(acme, NOW + DAY) == [(one.pk, "pending_step_up", True, "second")]
    assert terms_at(acme, NOW + 2 * DAY - MOMENT) == [(one.pk, "pending_step_up", True, "second")]
    assert terms_at(acme, NOW + 2 * DAY) == [(one.pk, "active", False, "third")]
    assert terms_at(acme, NOW + 3 * DAY) == [(one.pk, "ended", False, "third")]


def test_former_terms_are_no_bindings_of_their_own(acme: World) -> None:
    one = acme.bind(acme.role("Reader", "pr:read"), user_id=acme.users["alice"], reason="first")
    change(acme, one, NOW + DAY, reason="second")
    with tenant_context(acme.id):
        mine = Binding.objects.filter(tenant_id=acme.id, role__name="Reader")
        assert list(mine.values_list("pk", "since", "created_at")) == [(one.pk, NOW + DAY, NOW)]
        former = Binding.terms.get(tenant_id=acme.id, superseded_by=one)
    assert (former.since, former.ended_at, former.created_at) == (NOW, NOW + DAY, NOW)
    assert former.ended_by == acme.users["olga"]
    with pytest.raises(Refused, match="no such binding"):
        bindings.end(tenant_id=acme.id, binding_id=former.pk, actor=acme.actor("olga"), now=NOW + 2 * DAY)
    with pytest.raises(Refused, match="no such binding"):
        change(acme, former, NOW + 2 * DAY, reason="third")


@pytest.mark.parametrize("behind", [timedelta(), timedelta(seconds=1)], ids=["same moment", "clock behind"])
def test_terms_that_stood_at_no_moment_leave_no_copy(acme: World, behind: timedelta) -> None:
    acme.application("one-mcp", "pr:read")
    one = acme.bind(acme.role("Reader", "pr:read"), user_id=acme.users["alice"], reason="first")
    change(acme, one, NOW + DAY, reason="second")
    change(acme, one, NOW + DAY - behind, reason="third")
    with tenant_context(acme.id):
        assert Binding.terms.filter(tenant_id=acme.id, superseded_by=one).count() == 1
    assert terms_at(acme, NOW + DAY - MOMENT) == [(one.pk, "active", False, "first")]
    assert terms_at(acme, NOW + DAY) == [(one.pk, "active", False, "third")]
