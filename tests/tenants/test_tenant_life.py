"""What becomes of a tenant: its slugs, its owners, its plan, its end and its return."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError
from django.utils import timezone

from authsec import outbox
from authsec.audit.actor import SYSTEM, Actor
from authsec.audit.models import Event
from authsec.database.context import system_context, tenant_context
from authz.models import Binding
from endusers import operations as endusers
from tenants import operations, plans
from tenants.models import Membership, OwnershipTransfer, SlugHistory, Tenant
from tenants.operations.closing import reopens_until
from tenants.operations.naming import SLUGS
from tenants.queries import memberships_of, present_slug
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Tenant:
    return cast.open_tenant()


@pytest.fixture(autouse=True)
def inside(acme: Tenant) -> Iterator[None]:
    with tenant_context(acme.id):
        yield


def by(user: Any, type: str = "owner") -> Actor:
    return Actor("member", user.pk, "Somebody", capacity=type)


def at(acme: Tenant, actor: Actor = SYSTEM, now: Any = None) -> dict[str, Any]:
    return {"tenant_id": acme.pk, "actor": actor, "now": now or timezone.now()}


def actions() -> list[str]:
    return list(Event.objects.order_by("id").values_list("action", flat=True))


def type_of(user: Any) -> tuple[str, str]:
    row = Membership.objects.get(user=user)
    return row.type, row.status


# --- what it is called --------------------------------------------------------------------------------------------


def test_a_new_name_is_recorded_and_the_same_one_is_not(acme: Tenant) -> None:
    operations.rename_tenant(name="  Acme   Works ", **at(acme))
    operations.rename_tenant(name="Acme Works", **at(acme))
    event = Event.objects.get(action="tenant.renamed")
    assert (event.before, event.after) == ({"name": "acme-corp"}, {"name": "Acme Works"})


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x00b", "a\u202eb"])
def test_a_name_that_cannot_be_one_is_refused(acme: Tenant, name: str) -> None:
    with pytest.raises(operations.BadName):
        operations.rename_tenant(name=name, **at(acme))


def test_an_old_slug_leads_members_on_and_nobody_else(acme: Tenant) -> None:
    operations.change_slug(slug="acme", **at(acme))
    olga, stranger = cast.person("olga@acme.example"), cast.person("sid@example.test")
    assert present_slug(olga.pk, "acme-corp") == "acme"
    assert present_slug(stranger.pk, "acme-corp") is None
    assert "tenant.slug_changed" in actions()


def test_an_old_slug_stays_this_tenants_and_comes_back_to_it_alone(acme: Tenant) -> None:
    operations.change_slug(slug="acme", **at(acme))
    with pytest.raises(operations.SlugTaken):
        cast.open_tenant("acme-corp", "sid@example.test")
    tools = cast.open_tenant("alex-tools", "alex@alex-tools.example")
    with tenant_context(tools.pk), pytest.raises(operations.SlugTaken):
        operations.change_slug(slug="acme-corp", **at(tools))
    assert operations.change_slug(slug="acme-corp", **at(acme)).slug == "acme-corp"
    assert set(SlugHistory.objects.values_list("slug", flat=True)) == {"acme-corp", "acme"}


def test_the_database_itself_keeps_old_slugs(acme: Tenant) -> None:
    operations.change_slug(slug="acme", **at(acme))
    with pytest.raises(IntegrityError), system_context():
        Tenant.objects.create(slug="acme-corp", name="Squatter")


def test_nobody_keeps_every_word_from_the_others(acme: Tenant) -> None:
    for number in range(SLUGS - 1):  # the first is the one that the tenant opened with
        operations.change_slug(slug=f"word-{number}", **at(acme))
    with pytest.raises(operations.TooManySlugs) as refused:
        operations.change_slug(slug="one-more", **at(acme))
    assert 29 * 86_400 < refused.value.retry_after <= 30 * 86_400
    assert operations.change_slug(slug="acme-corp", **at(acme)).slug == "acme-corp"  # its own, at any time
    later = timezone.now() + timedelta(seconds=refused.value.retry_after)
    assert operations.change_slug(slug="one-more", **at(acme, now=later)).slug == "one-more"


# --- closing and coming back ----------------------------------------------------------------------------------------


def test_closing_shuts_everybody_out_and_reopening_brings_everything_back(acme: Tenant) -> None:
    alice = cast.member(acme, "alice@acme.example")
    bound = Binding.objects.filter(user=alice, ended_at=None).count()
    operations.close_tenant(reason="over", **at(acme))
    operations.close_tenant(**at(acme))
    (card,) = memberships_of(alice.identity_id)
    assert (card.usable, card.tenant_status, card.status) == (False, "closed", "active")
    with pytest.raises(operations.TenantClosed):
        operations.rename_tenant(name="Other", **at(acme))
    operations.reopen_tenant(**at(acme))
    (card,) = memberships_of(alice.identity_id)
    assert card.usable
    assert Binding.objects.filter(user=alice, ended_at=None).count() == bound
    assert [name for name in actions() if name in ("tenant.closed", "tenant.reopened")] == [
        "tenant.closed",
        "tenant.reopened",
    ]


def test_after_thirty_days_only_the_installation_reopens(acme: Tenant) -> None:
    closed = timezone.now()
    operations.close_tenant(**at(acme, now=closed))
    late = reopens_until(closed) + timedelta(seconds=1)
    with pytest.raises(operations.TooLate):
        operations.reopen_tenant(**at(acme, now=late))
    assert operations.reopen_tenant(at_any_time=True, **at(acme, now=late)).status == "open"


def test_a_closed_tenants_slug_stays_taken(acme: Tenant) -> None:
    operations.close_tenant(**at(acme))
    with pytest.raises(operations.SlugTaken):
        cast.open_tenant("acme-corp", "sid@example.test")


# --- handing it over ------------------------------------------------------------------------------------------------


@pytest.fixture
def adam(acme: Tenant) -> Any:
    return cast.member(acme, "adam@acme.example", "admin")


@pytest.fixture
def olga(acme: Tenant) -> Any:
    return cast.owner_of(acme)


def offer(acme: Tenant, olga: Any, to: Any, now: Any = None) -> OwnershipTransfer:
    return operations.offer_transfer(to_user_id=to.pk, **at(acme, by(olga), now))


def test_nothing_changes_until_the_other_accepts(acme: Tenant, olga: Any, adam: Any) -> None:
    made = offer(acme, olga, adam)
    assert (type_of(olga), type_of(adam)) == (("owner", "active"), ("admin", "active"))
    operations.accept_transfer(transfer_id=made.pk, **at(acme, by(adam, "admin")))
    assert (type_of(olga), type_of(adam)) == (("admin", "active"), ("owner", "active"))
    keys = {
        user: list(
            Binding.objects.filter(user=user, ended_at=None).values_list("role__system_key", flat=True)
        )
        for user in (olga, adam)
    }
    assert keys == {olga: ["tenant-admin"], adam: ["tenant-owner"]}
    written = [name for name in actions() if name.startswith(("transfer", "member.type"))]
    assert written == ["transfer.offered", "member.type_changed", "member.type_changed", "transfer.accepted"]


def test_only_an_owner_offers_and_only_to_another_active_member(acme: Tenant, olga: Any, adam: Any) -> None:
    sue = cast.member(acme, "sue@acme.example")
    operations.suspend_member(user_id=sue.pk, reason="away", **at(acme))
    stranger = cast.user_of(acme, "sid@example.test")
    for actor, to in ((adam, olga), (olga, olga), (olga, sue), (olga, stranger)):
        with pytest.raises(operations.TransferRefused):
            operations.offer_transfer(to_user_id=to.pk, **at(acme, by(actor)))
    assert not OwnershipTransfer.objects.exists()


def test_nobody_accepts_what_was_offered_to_another(acme: Tenant, olga: Any, adam: Any) -> None:
    made, eve = offer(acme, olga, adam), cast.member(acme, "eve@acme.example")
    for verb in (operations.accept_transfer, operations.decline_transfer):
        with pytest.raises(operations.NoTransfer):
            verb(transfer_id=made.pk, **at(acme, by(eve)))
    assert type_of(eve)[0] == "member"


@pytest.mark.parametrize("end", ["declined", "cancelled", "expired"])
def test_an_offer_that_is_over_cannot_be_accepted(acme: Tenant, olga: Any, adam: Any, end: str) -> None:
    made, now = offer(acme, olga, adam), timezone.now()
    if end == "declined":
        operations.decline_transfer(transfer_id=made.pk, **at(acme, by(adam)))
    elif end == "cancelled":
        operations.cancel_transfer(transfer_id=made.pk, **at(acme, by(olga)))
    else:
        now = made.expires_at
    with pytest.raises(operations.NoTransfer, match=end):
        operations.accept_transfer(transfer_id=made.pk, **at(acme, by(adam), now))
    assert (type_of(olga), type_of(adam)) == (("owner", "active"), ("admin", "active"))


@pytest.mark.parametrize("side", ["olga", "adam"])
@pytest.mark.parametrize("loss", ["suspend_member", "remove_member"])
def test_losing_ones_place_ends_the_offer(acme: Tenant, olga: Any, adam: Any, side: str, loss: str) -> None:
    cast.member(acme, "oscar@acme.example", "owner")
    made = offer(acme, olga, adam)
    lost = olga if side == "olga" else adam
    rest = {"reason": "x"} if loss == "suspend_member" else {}
    getattr(operations, loss)(user_id=lost.pk, **rest, **at(acme))
    made.refresh_from_db()
    assert made.status == "cancelled"
    assert "transfer.cancelled" in actions()


def test_an_offerer_who_is_demoted_cannot_hand_over_any_more(acme: Tenant, olga: Any, adam: Any) -> None:
    cast.member(acme, "oscar@acme.example", "owner")
    made = offer(acme, olga, adam)
    operations.change_member_type(user_id=olga.pk, type="member", **at(acme))
    with pytest.raises(operations.NoTransfer):
        operations.accept_transfer(transfer_id=made.pk, **at(acme, by(adam)))
    assert type_of(adam)[0] == "admin"


def test_an_owner_without_an_owners_power_hands_over_none(acme: Tenant, olga: Any, adam: Any) -> None:
    cast.member(acme, "oscar@acme.example", "owner")
    made = offer(acme, olga, adam)
    Binding.objects.filter(user=olga).update(ended_at=timezone.now())
    with pytest.raises(Exception, match="hold"), tenant_context(acme.pk):
        operations.accept_transfer(transfer_id=made.pk, **at(acme, by(adam)))
    assert type_of(adam)[0] == "admin"


def test_a_second_offer_takes_the_place_of_the_first(acme: Tenant, olga: Any, adam: Any) -> None:
    first, eve = offer(acme, olga, adam), cast.member(acme, "eve@acme.example")
    offer(acme, olga, eve)
    first.refresh_from_db()
    assert first.status == "cancelled"
    assert OwnershipTransfer.objects.filter(status="pending").count() == 1


def test_closing_ends_an_offer(acme: Tenant, olga: Any, adam: Any) -> None:
    made = offer(acme, olga, adam)
    operations.close_tenant(**at(acme, by(olga)))
    made.refresh_from_db()
    assert made.status == "cancelled"


def test_both_sides_are_told_by_mail(
    acme: Tenant, olga: Any, adam: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        made = offer(acme, olga, adam)
        operations.accept_transfer(transfer_id=made.pk, **at(acme, by(adam)))
    sent = {mail.to: mail for mail in outbox.messages()}
    assert f"/t/acme-corp/settings/transfer/{made.pk}/" in sent["adam@acme.example"].text
    assert "owns acme-corp now" in sent["olga@acme.example"].subject


# --- what the plan allows -------------------------------------------------------------------------------------------


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


def test_a_command_reopens_after_the_thirty_days(acme: Tenant) -> None:
    operations.close_tenant(**at(acme, now=timezone.now() - timedelta(days=90)))
    call_command("reopen", "acme-corp", reason="they asked")
    assert Tenant.objects.get(pk=acme.pk).status == "open"
    assert Event.objects.get(action="tenant.reopened").reason == "they asked"
