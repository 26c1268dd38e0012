"""The verbs about tenants and members."""

import pytest
from django.db import IntegrityError
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.audit.models import Event
from authsec.database.context import system_context, tenant_context
from endusers.models import PlanTier, StandingChange
from tenants import operations
from tenants.models import Membership, Profile, Tenant
from tenants.queries import memberships_of
from tenants.slugs import valid_slug
from tests import cast

pytestmark = pytest.mark.django_db


def status_of(tenant, user) -> str:
    with tenant_context(tenant.id):
        return Membership.objects.get(tenant=tenant, user=user).status


def actions(tenant) -> list[str]:
    with tenant_context(tenant.id):
        return list(Event.objects.filter(tenant=tenant).order_by("id").values_list("action", flat=True))


def verb(name: str, tenant, user, **rest):
    with tenant_context(tenant.id):
        return getattr(operations, name)(
            tenant_id=tenant.id, user_id=user.id, actor=SYSTEM, now=timezone.now(), **rest
        )


def test_a_new_tenant_has_an_owner_tiers_and_a_first_page_of_history():
    acme = cast.open_tenant()
    with tenant_context(acme.id):
        membership = Membership.objects.get()
        assert (membership.type, membership.status) == ("owner", "active")
        tiers = dict(PlanTier.objects.values_list("key", "is_default"))
    assert tiers == {"free": True, "pro": False, "custom": False}
    assert actions(acme)[0] == "tenant.opened"
    assert "member.added" in actions(acme)


def test_a_taken_slug_is_refused_and_a_name_gets_another():
    cast.open_tenant("acme")
    with pytest.raises(operations.SlugTaken):
        cast.open_tenant("acme")
    olga = cast.person("olga@acme.example")
    second = operations.open_tenant(name="Acme", owner=olga, actor=SYSTEM, now=timezone.now())
    assert second.slug.startswith("acme-")


@pytest.mark.parametrize(
    "slug", ["", "a", "Acme", "a_b", "-acme", "acme-", "a--b", "ümlaut", "a" * 64, "a\x00b"]
)
def test_what_cannot_be_a_slug(slug):
    assert not valid_slug(slug)


def test_a_verified_person_without_a_tenant_gets_one_of_random_words():
    maja = cast.person("maja.vukovic@example.test")
    tenant = operations.ensure_personal_tenant(identity=maja, actor=SYSTEM, now=timezone.now())
    assert tenant is not None
    assert tenant.personal
    assert "maja" not in tenant.slug
    assert "vukovic" not in tenant.slug
    again = operations.ensure_personal_tenant(identity=maja, actor=SYSTEM, now=timezone.now())
    assert again is None
    assert [card.slug for card in memberships_of(maja.id)] == [tenant.slug]


def test_an_unverified_person_gets_no_tenant():
    maja = cast.person("maja@example.test", verified=False)
    assert operations.ensure_personal_tenant(identity=maja, actor=SYSTEM, now=timezone.now()) is None


def test_suspending_and_reactivating_a_member_write_one_event_each_however_often():
    acme = cast.open_tenant()
    alice = cast.member(acme, "alice@acme.example")
    for _ in range(2):
        verb("suspend_member", acme, alice, reason="lost laptop")
    assert status_of(acme, alice) == "suspended"
    for _ in range(2):
        verb("reactivate_member", acme, alice)
    assert status_of(acme, alice) == "active"
    assert actions(acme).count("member.suspended") == actions(acme).count("member.reactivated") == 1
    with tenant_context(acme.id):
        history = (
            StandingChange.objects.filter(user_id=alice.pk).order_by("at").values_list("to_status", flat=True)
        )
        assert list(history) == ["active", "suspended", "active"]
        event = Event.objects.get(action="member.suspended")
    assert (event.reason, event.before["status"], event.after["status"]) == (
        "lost laptop",
        "active",
        "suspended",
    )


def test_a_suspension_needs_a_reason():
    acme = cast.open_tenant()
    alice = cast.member(acme, "alice@acme.example")
    with pytest.raises(operations.ReasonRequired):
        verb("suspend_member", acme, alice, reason="  ")


@pytest.mark.parametrize(
    ("name", "rest"),
    [("suspend_member", {"reason": "x"}), ("change_member_type", {"type": "member"}), ("remove_member", {})],
)
def test_the_last_active_owner_stays(name, rest):
    acme = cast.open_tenant()
    olga = cast.owner_of(acme)
    before = len(actions(acme))
    with pytest.raises(operations.LastOwner):
        verb(name, acme, olga, **rest)
    with tenant_context(acme.id):
        membership = Membership.objects.get(user=olga)
    assert (membership.type, membership.status) == ("owner", "active")
    assert len(actions(acme)) == before


def test_a_suspended_owner_does_not_count():
    acme = cast.open_tenant()
    second = cast.member(acme, "oscar@acme.example", "owner")
    verb("suspend_member", acme, second, reason="away")
    with pytest.raises(operations.LastOwner):
        verb("remove_member", acme, cast.owner_of(acme))


def test_the_database_itself_keeps_the_last_owner():
    acme = cast.open_tenant()
    with pytest.raises(IntegrityError, match="last active owner"), tenant_context(acme.id):
        Membership.objects.update(type="member")


def test_a_removed_member_keeps_the_user_row_and_may_come_back():
    acme = cast.open_tenant()
    alice = cast.member(acme, "alice@acme.example")
    verb("remove_member", acme, alice, reason="new job")
    assert status_of(acme, alice) == "left"
    with pytest.raises(operations.WrongStatus, match="invitation"):
        verb("suspend_member", acme, alice, reason="x")
    back = cast.member(acme, "alice@acme.example", "contractor")
    assert back.id == alice.id
    with tenant_context(acme.id):
        membership = Membership.objects.get(user=alice)
    assert (membership.status, membership.type, membership.left_at) == ("active", "contractor", None)


def test_adding_a_member_twice_changes_nothing():
    acme = cast.open_tenant()
    cast.member(acme, "alice@acme.example", "admin")
    before = actions(acme)
    alice = cast.member(acme, "alice@acme.example", "member")
    with tenant_context(acme.id):
        assert Membership.objects.get(user=alice).type == "admin"
    assert actions(acme) == before


def test_signing_in_refreshes_the_profile_in_every_tenant():
    acme, tools = cast.open_tenant(), cast.open_tenant("alex-tools", "alex@alex-tools.example")
    alice = cast.member(acme, "alice@acme.example", name="Alice")
    cast.end_user(tools, "alice@acme.example")
    identity = alice.identity
    identity.name = "Alice Moreau"
    identity.save()
    cast.signed_in(identity)
    with system_context():
        names = list(
            Profile.objects.filter(email="alice@acme.example").values_list("display_name", flat=True)
        )
    assert names == ["Alice Moreau", "Alice Moreau"]


def test_a_refused_change_leaves_no_tenant_behind():
    before = []
    with system_context():
        before = list(Tenant.objects.values_list("slug", flat=True))
    with pytest.raises(operations.BadSlug):
        cast.open_tenant("Not A Slug")
    with system_context():
        assert list(Tenant.objects.values_list("slug", flat=True)) == before
