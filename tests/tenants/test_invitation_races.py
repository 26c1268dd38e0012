"""Where two people use one invitation, or make one, at the same moment: real connections, real requests."""

from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.actor import Actor
from authsec.audit.models import Event
from authsec.database.context import tenant_context
from tenants import operations
from tenants.models import Invitation, Membership, Tenant
from tests import cast
from tests.console.api import Api, token_of
from tests.tenants.browser import link_to
from tests.tenants.test_rivals import at_once

pytestmark = pytest.mark.slow


def owner_actor(tenant: Tenant) -> Actor:
    return Actor(kind="member", id=cast.owner_of(tenant).pk, name="Olga", via="api")


def invite(tenant: Tenant, *emails: str) -> Any:
    with tenant_context(tenant.id):
        return operations.invite(
            tenant_id=tenant.id,
            emails=emails,
            type="member",
            actor=owner_actor(tenant),
            now=timezone.now(),
        )


def test_of_two_accepts_at_one_moment_one_is_200_and_one_409(own_database: None) -> None:
    acme = cast.open_tenant()
    invite(acme, "nina@new.example")
    path = link_to("nina@new.example").rstrip("/")
    token = token_of(cast.person("nina@new.example"))

    def accept() -> Any:
        return Api(token).post(f"/api{path}/accept")

    answers = at_once([accept, accept])
    assert sorted(answer.status_code for answer in answers) == [200, 409], answers
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["type"] == "invitation-used"
    with tenant_context(acme.id):
        assert Membership.objects.filter(type="member", status="active").count() == 1
        assert Event.objects.filter(action="invitation.accepted").count() == 1
        assert Event.objects.filter(action="member.added").count() == 2  # the owner's and this one


def test_a_revocation_and_an_acceptance_at_one_moment_agree(own_database: None) -> None:
    acme = cast.open_tenant()
    for turn in range(6):
        address = f"n{turn}@new.example"
        (answer,) = invite(acme, address)
        nina = cast.person(address)

        def accept(address: str, nina: Any) -> Any:
            token = link_to(address).removeprefix("/invitations/").rstrip("/")
            return operations.accept_invitation(
                token=token,
                identity=nina,
                actor=Actor(kind="identity", id=nina.pk, name="Nina"),
                now=timezone.now(),
            )

        def revoke(invitation_id: Any) -> Any:
            with tenant_context(acme.id):
                return operations.revoke_invitation(
                    tenant_id=acme.id,
                    invitation_id=invitation_id,
                    actor=owner_actor(acme),
                    now=timezone.now(),
                )

        answers = at_once([partial(accept, address, nina), partial(revoke, answer.invitation.pk)])
        refused = [type(each) for each in answers if isinstance(each, Exception)]
        assert len(refused) == 1, answers
        assert refused[0] in (operations.InvitationRevoked, operations.InvitationUsed)


def test_one_address_invited_twice_at_one_moment_has_one_invitation(own_database: None) -> None:
    acme = cast.open_tenant()
    answers = at_once([partial(invite, acme, "nina@new.example")] * 4)
    assert sorted(each[0].outcome for each in answers) == ["resent", "resent", "resent", "sent"]
    with tenant_context(acme.id):
        assert Invitation.objects.filter(email="nina@new.example").count() == 1


def test_the_hourly_limit_cannot_be_passed_together(own_database: None, settings: Any) -> None:
    settings.INVITATIONS_PER_HOUR = 3
    acme = cast.open_tenant()
    answers = at_once([partial(invite, acme, f"n{n}@new.example") for n in range(6)])
    refused = [each for each in answers if isinstance(each, operations.TooManyInvitations)]
    assert len(refused) == 3, answers
    with tenant_context(acme.id):
        assert Invitation.objects.count() == 3
