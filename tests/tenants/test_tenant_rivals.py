"""Two at one moment about the tenant itself: the last place of a plan, a slug, an owner, the tenth new tenant."""

from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM, Actor
from authsec.database.context import tenant_context
from authz import applications
from authz.models import Application
from endusers import operations as endusers
from endusers.models import EndUser
from tenants import operations, plans
from tenants.models import Membership, OwnershipTransfer, Tenant
from tenants.operations.opening import OPENINGS
from tenants.queries import memberships_of
from tests import cast
from tests.tenants.test_rivals import at_once

pytestmark = pytest.mark.slow


def at(tenant: Any, actor: Actor = SYSTEM) -> dict[str, Any]:
    return {"tenant_id": tenant.pk, "actor": actor, "now": timezone.now()}


def kinds(answers: list[Any]) -> list[str]:
    """Which exceptions came, by name."""
    return sorted(type(answer).__name__ for answer in answers if isinstance(answer, Exception))


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(plans.ALLOWS, "free", {plans.MEMBERS: 3, plans.APPLICATIONS: 2, plans.END_USERS: 2})


def test_together_they_cannot_pass_a_plans_limit(own_database: None, narrow: None) -> None:
    acme = cast.open_tenant()
    people = [cast.person(f"p{number}@example.test") for number in range(5)]

    def join(person: Any) -> None:
        with tenant_context(acme.pk):
            operations.add_member(identity=person, type="member", source="invite", **at(acme))

    def register(number: int) -> None:
        applications.register(
            name=f"app {number}", kind="api", resource_uri=f"http://localhost:9{number:03}/a", **at(acme)
        )

    def arrive(person: Any) -> None:
        with tenant_context(acme.pk):
            user = operations.ensure_user(tenant_id=acme.pk, identity=person, now=timezone.now())
            endusers.ensure(user_id=user.pk, **at(acme))

    assert kinds(at_once([partial(join, person) for person in people])) == ["PlanLimit"] * 3
    assert kinds(at_once([partial(register, number) for number in range(5)])) == ["PlanLimit"] * 3
    assert kinds(at_once([partial(arrive, person) for person in people])) == ["PlanLimit"] * 3
    with tenant_context(acme.pk):
        assert Membership.objects.filter(status="active").count() == 3
        assert Application.objects.count() == 2
        assert EndUser.objects.count() == 2


def test_of_two_who_want_one_slug_one_gets_it(own_database: None) -> None:
    acme, tools = cast.open_tenant(), cast.open_tenant("alex-tools", "alex@alex-tools.example")

    def take(tenant: Any, slug: str) -> None:
        with tenant_context(tenant.pk):
            operations.change_slug(slug=slug, **at(tenant))

    assert kinds(at_once([partial(take, acme, "best"), partial(take, tools, "best")])) == ["SlugTaken"]
    # One leaves a slug at the moment when somebody opens a tenant with it.
    maja = cast.person("maja@example.test")
    opening = partial(
        operations.open_own_tenant,
        identity=maja,
        name="Acme",
        slug="acme-corp",
        actor=SYSTEM,
        now=timezone.now(),
    )
    with tenant_context(acme.pk):
        operations.change_slug(slug="acme-corp", **at(acme))
    assert kinds(at_once([partial(take, acme, "acme-new"), opening])) == ["SlugTaken"]
    with tenant_context(acme.pk):
        assert Tenant.objects.get(pk=acme.pk).slug == "acme-new"


def test_an_offer_is_accepted_or_taken_back_never_both(own_database: None) -> None:
    acme = cast.open_tenant()
    olga, adam = cast.owner_of(acme), cast.member(acme, "adam@acme.example", "admin")
    owner, heir = (Actor("member", user.pk, "", capacity="owner") for user in (olga, adam))
    for _ in range(5):
        with tenant_context(acme.pk):
            made = operations.offer_transfer(to_user_id=adam.pk, **at(acme, owner))

        def answer(verb: Any, actor: Actor, transfer_id: Any = made.pk) -> None:
            with tenant_context(acme.pk):
                verb(transfer_id=transfer_id, **at(acme, actor))

        def lose_place(user_id: Any = olga.pk) -> None:
            with tenant_context(acme.pk):
                operations.remove_member(user_id=user_id, **at(acme))

        answers = at_once(
            [
                partial(answer, operations.accept_transfer, heir),
                partial(answer, operations.cancel_transfer, owner),
                lose_place,
            ]
        )
        assert set(kinds(answers)) <= {"NoTransfer", "LastOwner"}, answers
        with tenant_context(acme.pk):
            status = OwnershipTransfer.objects.get(pk=made.pk).status
            owners = set(
                Membership.objects.filter(type="owner", status="active").values_list("user_id", flat=True)
            )
            assert owners == ({adam.pk} if status == "accepted" else {olga.pk})
            # Back to the beginning for the next round.
            cast.member(acme, "olga@acme.example", "owner")
            operations.change_member_type(user_id=olga.pk, type="owner", **at(acme))
            operations.change_member_type(user_id=adam.pk, type="admin", **at(acme))


def test_the_limit_on_new_tenants_holds_for_many_at_once(own_database: None) -> None:
    maja = cast.person("maja@example.test")

    def another(number: int) -> None:
        operations.open_own_tenant(identity=maja, name=f"Number {number}", actor=SYSTEM, now=timezone.now())

    answers = at_once([partial(another, number) for number in range(OPENINGS + 3)])
    assert kinds(answers) == ["TooManyTenants"] * 3
    assert len(memberships_of(maja.pk)) == OPENINGS
