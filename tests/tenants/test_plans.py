"""What a plan allows, counted when something is added."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from endusers import operations as endusers
from tenants import operations, plans
from tenants.models import Membership, Tenant
from tests import cast
from tests.tenants.deeds import at

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Tenant:
    return cast.open_tenant()


@pytest.fixture(autouse=True)
def inside(acme: Tenant) -> Iterator[None]:
    with tenant_context(acme.id):
        yield


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A free plan of three members, two Applications and two end users."""
    monkeypatch.setitem(plans.ALLOWS, "free", {plans.MEMBERS: 3, plans.APPLICATIONS: 2, plans.END_USERS: 2})


def test_open_invitations_count_as_members_and_dead_ones_do_not(acme: Tenant, narrow: None) -> None:
    from tenants.models import Invitation

    now = timezone.now()
    facts = {"tenant": acme, "expires_at": now + timedelta(days=1)}
    Invitation.objects.create(email="a@x.example", token_digest="a", **facts)
    Invitation.objects.create(email="b@x.example", token_digest="b", **facts | {"expires_at": now})
    Invitation.objects.create(email="c@x.example", token_digest="c", revoked_at=now, **facts)
    Invitation.objects.create(email="d@x.example", token_digest="d", declined_at=now, **facts)
    cast.member(acme, "alice@acme.example")
    with pytest.raises(operations.PlanLimit) as refused:
        cast.member(acme, "bob@acme.example")
    assert (refused.value.limit, refused.value.used, refused.value.plan) == (3, 3, "free")
    cast.member(acme, "a@x.example")  # whose invitation it is
    assert Membership.objects.filter(status="active").count() == 3


def test_a_suspended_member_keeps_their_place_and_one_who_left_frees_it(acme: Tenant, narrow: None) -> None:
    alice, bob = cast.member(acme, "alice@acme.example"), cast.member(acme, "bob@acme.example")
    operations.suspend_member(user_id=alice.pk, reason="away", **at(acme))
    with pytest.raises(operations.PlanLimit):
        cast.member(acme, "cleo@acme.example")
    operations.remove_member(user_id=bob.pk, **at(acme))
    cast.member(acme, "cleo@acme.example")
    operations.reactivate_member(user_id=alice.pk, **at(acme))
    with pytest.raises(operations.PlanLimit):
        cast.member(acme, "bob@acme.example")


def test_a_smaller_plan_takes_nothing_away_and_lets_nothing_in(acme: Tenant, narrow: None) -> None:
    operations.change_plan(plan="pro", **at(acme))
    for name in ("ada", "bea", "cleo", "dora"):
        cast.end_user(acme, f"{name}@example.test")
    operations.change_plan(plan="free", reason="unpaid", **at(acme))
    with pytest.raises(operations.PlanLimit, match="allows 2 end users"):
        cast.end_user(acme, "eve@example.test")
    ada = cast.end_user(acme, "ada@example.test")
    assert endusers.suspend(user_id=ada.pk, reason="x", **at(acme)).status == "suspended"
    assert Event.objects.get(action="tenant.plan_changed", reason="unpaid").after == {"plan": "free"}


def test_an_unknown_plan_is_refused(acme: Tenant) -> None:
    with pytest.raises(ValueError, match="emperor"):
        operations.change_plan(plan="emperor", **at(acme))


def test_every_plan_says_something_of_everything() -> None:
    assert set(plans.ALLOWS) == set(Tenant.Plan.values)
    assert {tuple(allows) for allows in plans.ALLOWS.values()} == {tuple(plans.LABELS)}


def test_the_documents_print_the_plans_as_they_are() -> None:
    written = (Path(__file__).resolve().parents[2] / "docs" / "operate.md").read_text()
    for plan, allows in plans.ALLOWS.items():
        cells = [f"{limit:,}" if limit is not None else "no limit" for limit in allows.values()]
        assert f"| {plan} | {' | '.join(cells)} |" in written
