"""A role in a tenant group has its power: in the console, the API, Effective Access and for Cedar alike."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from authsec.audit.models import Event
from authsec.database.context import tenant_context
from authz import system_roles
from authz.cedar import engine
from authz.console import powers_of
from authz.contents import contents_of
from authz.effective.explanation import explain
from authz.models import Role, RoleScope
from authz.refusals import Refused
from tests import cast
from tests.authz.cast import NOW, World, world

pytestmark = pytest.mark.django_db
ROLES = "/t/acme-corp/authz/roles/"
TEAM = "/t/acme-corp/settings/team/"


@pytest.fixture
def adam(acme: SimpleNamespace) -> Client:
    return cast.signed_in(acme.adam)


def captain(acme: SimpleNamespace) -> Role:
    with tenant_context(acme.id):
        return Role.objects.get(tenant_id=acme.id, name="Release captain")


def edit(client: Client, role: Role, answers: dict[str, Any]) -> None:
    """Save a role's answers: shown first what they do, as every browser is."""
    shown = client.post(f"{ROLES}{role.pk}/edit/", answers)
    assert shown.status_code == 200
    seen = {"seen": shown.context["form"].digest}
    assert client.post(f"{ROLES}{role.pk}/edit/", answers | seen).status_code == 302


def test_a_role_put_into_admins_gains_their_power_and_loses_it_again(
    acme: SimpleNamespace, adam: Client
) -> None:
    facts = {"name": "Release captain", "description": "Ships it"}
    assert adam.post(f"{ROLES}new/", facts | {"console_permissions": ["apps:read"]}).status_code == 302
    role = captain(acme)
    cast.bind(acme.tenant, role, acme.carl)
    carl = cast.signed_in(acme.carl)
    assert carl.get(TEAM).status_code == 403

    edit(adam, role, facts | {"tenant_groups": ["admins"]})
    assert carl.get(TEAM).status_code == 200
    page = adam.get(f"{ROLES}{role.pk}/").content.decode()
    assert "Tenant groups" in page
    assert "group-admins" in page
    assert "Release captain" in adam.get("/t/acme-corp/authz/policies/").content.decode()

    edit(adam, role, facts)
    assert carl.get(TEAM).status_code == 403
    with tenant_context(acme.id):
        row = RoleScope.objects.get(tenant_id=acme.id, role=role, kind="group")
        assert row.ended_at is not None
        events = Event.objects.filter(action="role.edited", target_id=role.pk).order_by("at")
        assert [event.after.get("tenant_groups") for event in events] == [["admins"], []]
        assert all(event.policies == ["group-admins"] for event in events)


def test_nobody_puts_a_role_into_a_group_above_themselves(acme: SimpleNamespace) -> None:
    writer = cast.role(acme.tenant, "Role writer", console=["roles:read", "roles:manage"])
    cast.bind(acme.tenant, writer, acme.carl)
    carl = cast.signed_in(acme.carl)
    facts = {"name": "Release captain", "description": ""}
    assert carl.post(f"{ROLES}new/", facts | {"tenant_groups": ["admins"]}).status_code == 403
    assert carl.post(f"{ROLES}new/", facts | {"tenant_groups": ["superusers"]}).status_code == 422
    assert carl.post(f"{ROLES}new/", facts | {"console_permissions": ["roles:read"]}).status_code == 302


def test_copying_a_system_role_copies_its_groups_and_what_is_beyond_them(
    acme: SimpleNamespace, adam: Client
) -> None:
    owner = cast.system_role(acme.tenant, "tenant-owner")
    form = adam.get(f"{ROLES}new/?copy={owner.pk}").context["form"]
    assert form.initial["tenant_groups"] == ["admins"]
    beyond = {"org:close", "org:transfer", "org:make_owners", "billing:read", "billing:manage"}
    assert set(form.initial["console_permissions"]) == beyond


def everybody(here: World) -> list[tuple[str, UUID, Role]]:
    """A person and a service account for each role: kind, id and role."""
    roles = [here.system_role(role.key) for role in system_roles.table()]
    roles += [here.role(f"in {name}", tenant_groups=(name,)) for name in engine.tenant_groups()]
    roles += [here.role("mixed", console=("billing:read", "org:close"), tenant_groups=("readers",))]
    found = []
    for number, role in enumerate(roles):
        person, account = here.member(f"p{number}"), here.account(f"a{number}").pk
        here.bind(role, user_id=person)
        here.bind(role, service_account_id=account)
        found += [("user", person, role), ("service_account", account, role)]
    return found


def test_sql_effective_access_and_cedar_agree_about_every_action_of_every_role() -> None:
    here = world()
    with tenant_context(here.id):
        member = contents_of([here.system_role("member")])
    for kind, key, role in everybody(here):
        with tenant_context(here.id):
            asked = {
                "tenant_id": here.id,
                "subject_kind": kind,
                "subject_id": key,
                "mfa_at": None,
                "ip": None,
            }
            powers = powers_of(**asked, now=NOW)
            decided = {action for action in engine.actions() if powers.decide(action).allowed}
            explained = explain(**asked, at=NOW)
            assert explained is not None
            assert set(explained.effective_console) == decided == powers.permissions()
            given = contents_of([role])[role.pk].console_permissions
        if kind == "user":  # who is a member too
            assert decided == given | next(iter(member.values())).console_permissions
        else:
            assert decided == given - {"org:close", "org:transfer", "org:make_owners"}


def test_a_plan_tier_gives_no_power_in_the_console() -> None:
    here = world()
    ed = here.member("ed")
    here.end_user("ed", "pro")
    reader = here.role("Reader", "pr:read")
    here.bind(reader, plan_tier_id=here.tier("pro").pk)
    with pytest.raises(Refused):
        here.bind(here.role("Eye", tenant_groups=("auditors",)), plan_tier_id=here.tier("pro").pk)
    with tenant_context(here.id):
        RoleScope.objects.create(tenant=here.tenant, role=reader, kind="group", name="admins", added_at=NOW)
        powers = powers_of(tenant_id=here.id, subject_id=ed, mfa_at=None, ip=None, now=NOW)
    assert not powers.decide("endusers:suspend").allowed
    assert powers.decide("endusers:read").allowed
