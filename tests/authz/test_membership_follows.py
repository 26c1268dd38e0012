"""What a membership's beginning, change and end do to roles, groups and operators."""

import pytest

from authsec.database.context import tenant_context
from authz import service_accounts
from authz.console import decide
from authz.models import Binding, GroupMember, ServiceAccountOperator
from authz.refusals import Escalation
from tenants import operations as tenants
from tenants.models import Membership
from tests.authz.cast import NOW, World, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> World:
    acme = world()
    acme.member("olga", "owner")
    acme.member("adam", "admin")
    acme.member("alice")
    return acme


def allowed(acme: World, name: str, action: str) -> bool:
    with tenant_context(acme.id):
        return decide(
            tenant_id=acme.id, user_id=acme.users[name], action=action, mfa_at=None, ip=None, now=NOW
        ).allowed


def set_type(acme: World, name: str, type: str, by: str) -> None:
    with tenant_context(acme.id):
        row = Membership.objects.get(user_id=acme.users[name])
        before = {"type": row.type, "status": row.status}
        row.type = type
        row.save()
        acme.changed(row, before, acme.actor(by))


def test_a_new_member_can_do_what_their_type_gives(acme: World) -> None:
    assert allowed(acme, "olga", "org:transfer")
    assert allowed(acme, "adam", "endusers:suspend")
    assert not allowed(acme, "adam", "billing:manage")
    assert allowed(acme, "alice", "endusers:read")
    assert not allowed(acme, "alice", "endusers:suspend")


def test_take_the_binding_away_and_an_owner_can_do_nothing(acme: World) -> None:
    with tenant_context(acme.id):
        Binding.objects.filter(user_id=acme.users["olga"]).update(ended_at=NOW)
    assert not allowed(acme, "olga", "endusers:read")


def test_a_type_change_swaps_the_binding(acme: World) -> None:
    set_type(acme, "alice", "admin", by="adam")
    assert allowed(acme, "alice", "endusers:suspend")
    with tenant_context(acme.id):
        live = Binding.objects.filter(user_id=acme.users["alice"], ended_at=None)
        assert [binding.role.system_key for binding in live] == ["tenant-admin"]


def test_an_admin_makes_no_owner_of_another_or_themselves(acme: World) -> None:
    for name in ("alice", "adam"):
        with pytest.raises(Escalation):
            set_type(acme, name, "owner", by="adam")
        assert not allowed(acme, name, "org:transfer")
    set_type(acme, "alice", "owner", by="olga")
    assert allowed(acme, "alice", "org:transfer")


def test_a_suspended_member_keeps_bindings_and_can_do_nothing(acme: World) -> None:
    with tenant_context(acme.id):
        row = Membership.objects.get(user_id=acme.users["adam"])
        row.status, row.suspended_at = "suspended", NOW
        row.save()
        acme.changed(row, {"type": "admin", "status": "active"})
        assert Binding.objects.filter(user_id=acme.users["adam"], ended_at=None).exists()
    assert not allowed(acme, "adam", "endusers:read")


def test_leaving_ends_bindings_group_memberships_and_operator_rows(acme: World) -> None:
    acme.group("on-call", "alice")
    acme.account("release-bot", "alice")
    acme.bind(acme.role("Reader", "pr:read"), user_id=acme.users["alice"])
    with tenant_context(acme.id):
        row = Membership.objects.get(user_id=acme.users["alice"])
        row.status, row.left_at = "left", NOW
        row.save()
        acme.changed(row, {"type": "member", "status": "active"})
        live = {"user_id": acme.users["alice"], "ended_at": None}
        for model in (Binding, GroupMember, ServiceAccountOperator):
            assert model.objects.filter(user_id=acme.users["alice"]).exists()
            assert not model.objects.filter(**live).exists()
        row.status = "active"
        row.save()
        acme.changed(row, {"type": "member", "status": "left"})
        assert [b.role.system_key for b in Binding.objects.filter(**live)] == ["member"]


def test_nobody_names_an_operator_or_fills_a_group_above_themselves(acme: World) -> None:
    from authz import groups

    owner = acme.system_role("tenant-owner")
    bosses, bot = acme.group("bosses"), acme.account("boss-bot")
    acme.bind(owner, group_id=bosses.pk)
    acme.bind(owner, service_account_id=bot.pk)
    adam, alice = acme.actor("adam"), acme.users["alice"]
    with pytest.raises(Escalation):
        groups.add_members(tenant_id=acme.id, group_id=bosses.pk, user_ids=[alice], actor=adam, now=NOW)
    with pytest.raises(Escalation):
        service_accounts.add_operator(
            tenant_id=acme.id, service_account_id=bot.pk, user_id=alice, actor=adam, now=NOW
        )
    olga = acme.actor("olga")
    groups.add_members(tenant_id=acme.id, group_id=bosses.pk, user_ids=[alice], actor=olga, now=NOW)
    assert allowed(acme, "alice", "org:transfer")


def test_a_role_grows_only_by_what_its_author_holds(acme: World) -> None:
    from authz import roles

    mine = acme.role("Helpers", console=("endusers:read",), actor=acme.actor("adam"))
    with pytest.raises(Escalation):
        roles.edit(
            tenant_id=acme.id,
            role_id=mine.pk,
            console_permissions=["endusers:read", "billing:manage"],
            actor=acme.actor("adam"),
            now=NOW,
        )
    edited = roles.edit(
        tenant_id=acme.id, role_id=mine.pk, console_permissions=[], actor=acme.actor("adam"), now=NOW
    )
    assert edited == mine


def test_who_suspended_somebody_with_more_power_may_take_it_back_and_nobody_else_below_them(
    acme: World,
) -> None:
    acme.member("rita", "readonly_auditor")  # sees billing, which no admin does
    acme.member("ada", "admin")
    who = {"tenant_id": acme.id, "user_id": acme.users["rita"], "now": NOW}
    with tenant_context(acme.id):
        tenants.suspend_member(**who, reason="leaked key", actor=acme.actor("adam"))
        with pytest.raises(Escalation):
            tenants.reactivate_member(**who, actor=acme.actor("ada"))
        tenants.reactivate_member(**who, actor=acme.actor("adam"))
    assert allowed(acme, "rita", "billing:read")
