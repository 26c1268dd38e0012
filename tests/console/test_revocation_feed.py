"""What is taken away is heard by every serving process, and a claim older than that is asked about (Rule 10)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import system_context, tenant_context
from authz import service_accounts
from oauth.models import Client, ClientApproval
from tenants import operations as tenants
from tenants.models import Identity, Tenant
from tests import cast
from tests.console.api import Api, account_client, cli, problem, token_of
from tests.console.fast_path import listening
from tests.servers import eventually

pytestmark = [pytest.mark.usefixtures("own_database"), pytest.mark.slow]
READ = "/uflow/v2/groups"


class World:
    """acme-corp: Olga owns it, Adam is the one to whom something happens, Bot a service account that administers."""

    def __init__(self) -> None:
        self.acme = cast.open_tenant()
        self.adam = cast.member(self.acme, "adam@acme.example", "admin")
        self.bot = cast.service_account(self.acme, "release-bot")
        self.admin = cast.system_role(self.acme, "tenant-admin")
        cast.bind(self.acme, self.admin, self.bot)
        account_client(self.bot)
        cli()

    def do(self, verb: Callable[..., Any], **arguments: Any) -> None:
        with tenant_context(self.acme.pk):
            verb(tenant_id=self.acme.pk, actor=SYSTEM, now=timezone.now(), **arguments)


def suspend(world: World) -> None:
    world.do(tenants.suspend_member, user_id=world.adam.pk, reason="lost laptop")


def remove(world: World) -> None:
    world.do(tenants.remove_member, user_id=world.adam.pk)


def close(world: World) -> None:
    with system_context():
        Tenant.objects.filter(pk=world.acme.pk).update(status=Tenant.Status.CLOSED)


def deactivate(world: World) -> None:
    with system_context():
        Identity.objects.filter(email="adam@acme.example").update(is_active=False)


def disable_client(world: World) -> None:
    with system_context():
        Client.objects.filter(client_id="authsec-cli").update(disabled_at=timezone.now())


def deny_client(world: World) -> None:
    with tenant_context(world.acme.pk):
        ClientApproval.objects.create(tenant=world.acme, client=cli(), status="denied")


def require_second_factor(world: World) -> None:
    world.do(tenants.require_second_factor, grace_days=0)


def end_account(world: World) -> None:
    world.do(service_accounts.end, service_account_id=world.bot.pk)


PEOPLE: dict[Callable[[World], None], tuple[int, str]] = {
    suspend: (403, "membership-suspended"),
    remove: (403, "membership-left"),
    close: (403, "tenant-closed"),
    deactivate: (401, "invalid-token"),
    disable_client: (401, "invalid-token"),
    deny_client: (403, "client-denied"),
    require_second_factor: (403, "second-factor-required"),
}


@pytest.mark.parametrize("loss", PEOPLE, ids=lambda loss: loss.__name__)
def test_a_read_is_refused_as_soon_as_the_feed_delivers(loss: Callable[[World], None]) -> None:
    world = World()
    with listening() as feed:
        api = Api(token_of(world.adam), world.acme)
        assert api.get(READ).status_code == 200
        heard = len(feed.changes)
        loss(world)
        eventually(lambda: len(feed.changes) > heard, within_s=5, what="the change")
        assert problem(api.get(READ)) == PEOPLE[loss]


def test_an_ended_service_account_is_refused_as_soon_as_the_feed_delivers() -> None:
    world = World()
    with listening():
        api = Api(token_of(world.bot), world.acme)
        assert api.get(READ).status_code == 200
        end_account(world)
        eventually(lambda: api.get(READ).status_code == 403, within_s=5, what="the refusal")
        assert problem(api.get(READ)) == (403, "service-account-ended")
