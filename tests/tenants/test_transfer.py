"""Handing a tenant over: an offer, and what ends it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from authsec import outbox
from authsec.database.context import tenant_context
from authz.models import Binding
from tenants import operations
from tenants.models import OwnershipTransfer, Tenant
from tests import cast
from tests.tenants.deeds import actions, at, by, type_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Tenant:
    return cast.open_tenant()


@pytest.fixture(autouse=True)
def inside(acme: Tenant) -> Iterator[None]:
    with tenant_context(acme.id):
        yield


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
