"""Giving access beside what takes it away, at the very moment: who gives finds out before, or what they gave ends."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from authsec.audit.actor import SYSTEM, Actor
from authsec.database.context import tenant_context
from authz import bindings, groups, service_accounts
from authz.models import Binding, Group, GroupMember, Role, ServiceAccountOperator
from authz.refusals import Escalation, Refused
from oauth import credentials
from oauth.models import ResourceCredential
from tenants import operations as tenants
from tests import cast
from tests.rivals import Beside, waiting
from tests.servers import eventually


def told(tenant: Any, actor: Actor = SYSTEM) -> dict[str, Any]:
    return {"tenant_id": tenant.pk, "actor": actor, "now": timezone.now()}


def inside(tenant: Any, verb: Callable[..., Any], actor: Actor = SYSTEM, **rest: Any) -> Any:
    """A verb in a transaction of its own, with the moment at which it was asked for."""
    with tenant_context(tenant.pk):
        return verb(**told(tenant, actor), **rest)


def test_who_leaves_at_the_very_moment_keeps_nothing_that_is_given_then(own_database: None) -> None:
    """Rule 9: leaving ends groups, bindings and operator rows, those that somebody else writes meanwhile included."""
    acme = cast.open_tenant()
    role, group = cast.role(acme, "Deployer", ["deploy"]), cast.group(acme, "Crew")
    account = cast.service_account(acme, "ci")
    givers: dict[Any, Callable[[Any], Any]] = {
        Binding: lambda user: inside(acme, bindings.bind, role_id=role.pk, user_id=user.pk),
        GroupMember: lambda user: inside(acme, groups.add_members, group_id=group.pk, user_ids=[user.pk]),
        ServiceAccountOperator: lambda user: inside(
            acme, service_accounts.add_operators, service_account_id=account.pk, user_ids=[user.pk]
        ),
    }

    def leave(user: Any) -> Any:
        return inside(acme, tenants.remove_member, user_id=user.pk)

    def held(model: Any, user: Any) -> bool:
        with tenant_context(acme.pk):
            return model.objects.filter(user_id=user.pk, ended_at=None).exists()

    for number, (model, give) in enumerate(givers.items()):
        first, second = (cast.member(acme, f"{name}{number}@acme.example") for name in ("ann", "bob"))
        with tenant_context(acme.pk):
            tenants.remove_member(**told(acme), user_id=first.pk)
            giving = Beside(give, first).waits()
        assert isinstance(giving.answer, Refused), model
        assert not held(model, first)
        with tenant_context(acme.pk):
            give(second)
            leaving = Beside(leave, second).waits()
        assert leaving.answer.status == "left"
        assert not held(model, second), model

    # Who leaves wants the group behind their own row, and so does who gives: no circle.
    carl = cast.member(acme, "carl@acme.example")
    with tenant_context(acme.pk):
        Group.objects.select_for_update().get(pk=group.pk)
        giving = Beside(givers[GroupMember], carl).waits()
        leaving = Beside(leave, carl)
        eventually(lambda: waiting() == 2, what="both waiting")
    assert len(giving.answer) == 1
    assert leaving.answer.status == "left"
    assert not held(GroupMember, carl)


def test_the_same_given_twice_at_once_is_given_once(own_database: None) -> None:
    """A form that is sent twice: who ends the one binding would believe the access gone."""
    acme = cast.open_tenant()
    role, user = cast.role(acme, "Deployer", ["deploy"]), cast.member(acme, "carl@acme.example")
    with tenant_context(acme.pk):
        Role.objects.select_for_update().get(pk=role.pk)
        twice = [
            Beside(lambda: inside(acme, bindings.bind, role_id=role.pk, user_id=user.pk)) for _ in range(2)
        ]
        eventually(lambda: waiting() == 2, what="both waiting")
    assert len({each.answer.pk for each in twice}) == 1

    app = cast.application(acme, "deploy-mcp", ["deploy"])
    inside(acme, credentials.issue, application_id=app.pk)
    with tenant_context(acme.pk):
        type(app).objects.select_for_update().get(pk=app.pk)
        twice = [Beside(lambda: inside(acme, credentials.rotate, application_id=app.pk)) for _ in range(2)]
        eventually(lambda: waiting() == 2, what="both waiting")
    assert all(isinstance(each.answer, tuple) for each in twice)
    with tenant_context(acme.pk):
        assert ResourceCredential.objects.filter(expires_at=None).count() == 1, (
            "the last one goes on without end"
        )


def test_power_that_ends_while_its_holder_waits_gives_nothing(own_database: None) -> None:
    """Rule 7: whoever asked before they lost it and comes to their turn afterwards does not hold it any more."""
    acme = cast.open_tenant()
    adam, carl = cast.member(acme, "adam@acme.example", "admin"), cast.member(acme, "carl@acme.example")
    his = Actor("member", adam.pk, "Adam", capacity="admin")
    with tenant_context(acme.pk):
        tenants.take_turns(acme.pk)
        raising = Beside(
            lambda: inside(acme, tenants.change_member_type, his, user_id=carl.pk, type="admin")
        ).waits()
        inviting = Beside(
            lambda: inside(acme, tenants.invite, his, emails=["dora@acme.example"], type="admin")
        )
        eventually(lambda: waiting() == 2, what="both waiting")
        tenants.change_member_type(**told(acme), user_id=adam.pk, type="member")
    assert [type(each.answer) for each in (raising, inviting)] == [Escalation, Escalation]


def test_a_bulk_action_into_a_group_holds_up_nobody_who_leaves_it(own_database: None) -> None:
    """It refers to the group's row for as long as a chunk takes, and waits for its own job's at the end."""
    acme = cast.open_tenant()
    group, bob = cast.group(acme, "Crew"), cast.member(acme, "bob@acme.example")
    inside(acme, groups.add_members, group_id=group.pk, user_ids=[bob.pk])
    ed = cast.end_user(acme, "ed@consumer.example")
    with tenant_context(acme.pk):
        GroupMember.objects.create(
            tenant_id=acme.pk, group_id=group.pk, user_id=ed.pk, added_at=timezone.now()
        )
        assert Beside(lambda: inside(acme, tenants.remove_member, user_id=bob.pk)).answer.status == "left"
