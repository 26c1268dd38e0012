"""After delivery the fast path never accepts what the database would refuse: random losses, each compared (Rule 10)."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.console import feed as feeds
from authsec.database.context import system_context, tenant_context
from authz import bindings, groups, service_accounts
from authz.models import Binding, GroupMember, Role, RoleScope, ServiceAccountOperator
from oauth.models import Client
from tenants import operations as tenants
from tenants.models import Identity, Membership, Tenant, TenantUser
from tests import cast
from tests.chance import seed as chance_seed
from tests.console.api import Api, account_client, cli, token_of
from tests.console.fast_path import listening
from tests.servers import eventually

pytestmark = [pytest.mark.usefixtures("own_database"), pytest.mark.slow]
READS = ("/uflow/v2/groups", "/uflow/v2/audit-events", "/uflow/v2/applications", "/uflow/v2/service-accounts")
STEPS = 25


class World:
    """Five members whose admin power comes by every road that a claim can hold, and a service account."""

    def __init__(self) -> None:
        self.acme = cast.open_tenant()
        admin = cast.system_role(self.acme, "tenant-admin")
        contractors = [cast.member(self.acme, f"p{n}@acme.example", "contractor") for n in range(4)]
        self.people: list[TenantUser] = [cast.member(self.acme, "adam@acme.example", "admin"), *contractors]
        self.bot = cast.service_account(self.acme, "release-bot")
        account_client(self.bot)
        cli()
        cast.bind(self.acme, admin, self.bot)
        cast.bind(self.acme, admin, self.people[1])
        self.group = cast.group(self.acme, "crew", [self.people[2], self.people[3]])
        cast.bind(self.acme, admin, self.group)
        with tenant_context(self.acme.pk):
            ServiceAccountOperator.objects.create(
                tenant=self.acme, service_account=self.bot, user=self.people[4]
            )

    def verb(self, verb: Callable[..., Any], **arguments: Any) -> None:
        with tenant_context(self.acme.pk):
            verb(tenant_id=self.acme.pk, actor=SYSTEM, now=timezone.now(), **arguments)

    def losses(self) -> list[Callable[[random.Random], None]]:
        """What may happen; each takes something away, or gives it back so that there is more to take."""
        return [
            self.suspend,
            self.reactivate,
            self.end_a_binding,
            self.leave_the_group,
            self.lose_an_operator,
            self.shorten_a_binding,
            self.bind_again,
            self.retype,
        ]

    def suspend(self, chance: random.Random) -> None:
        self.verb(tenants.suspend_member, user_id=chance.choice(self.people).pk, reason="a test")

    def reactivate(self, chance: random.Random) -> None:
        for person in self.people:
            self.verb(tenants.reactivate_member, user_id=person.pk)

    def retype(self, chance: random.Random) -> None:
        active = Membership.objects.filter(tenant=self.acme, status="active", user__in=self.people)
        with tenant_context(self.acme.pk):
            ids = list(active.values_list("user_id", flat=True))
        if ids:
            kind = chance.choice(["admin", "contractor", "readonly_auditor"])
            self.verb(tenants.change_member_type, user_id=chance.choice(ids), type=kind)

    def end_a_binding(self, chance: random.Random) -> None:
        self._change_a_binding(chance, ended_at=timezone.now())

    def shorten_a_binding(self, chance: random.Random) -> None:
        self._change_a_binding(chance, requires_mfa=True)

    def bind_again(self, chance: random.Random) -> None:
        admin = cast.system_role(self.acme, "tenant-admin")
        cast.bind(self.acme, admin, chance.choice([*self.people, self.group, self.bot]))

    def leave_the_group(self, chance: random.Random) -> None:
        with tenant_context(self.acme.pk):
            GroupMember.objects.filter(tenant=self.acme, user=chance.choice(self.people[2:4])).update(
                ended_at=timezone.now()
            )

    def lose_an_operator(self, chance: random.Random) -> None:
        with tenant_context(self.acme.pk):
            ServiceAccountOperator.objects.filter(tenant=self.acme).update(ended_at=timezone.now())

    def _change_a_binding(self, chance: random.Random, **columns: Any) -> None:
        with tenant_context(self.acme.pk):
            live = Binding.objects.filter(tenant=self.acme, ended_at=None, role__system_key="tenant-admin")
            ids = sorted(live.values_list("id", flat=True))
            if ids:
                Binding.objects.filter(tenant=self.acme, pk=chance.choice(ids)).update(**columns)


def answers(apis: list[Api]) -> list[int]:
    return [api.get(path).status_code for api in apis for path in READS]


def test_after_delivery_the_claim_opens_nothing_that_the_database_keeps_shut() -> None:
    world, seed = World(), chance_seed(22)
    chance = random.Random(seed)
    with listening() as feed:
        apis = [Api(token_of(who), world.acme) for who in (*world.people, world.bot)]
        assert set(answers(apis)) == {200}
        for step in range(STEPS):
            chance.choice(world.losses())(chance)
            delivered = feeds.clock()
            eventually(lambda at=delivered: feed.heard_until() >= at, what="delivery")
            by_claim = answers(apis)
            before = feeds.use(None)
            try:
                by_database = answers(apis)
            finally:
                feeds.use(before)
            more = [(claim, base) for claim, base in zip(by_claim, by_database, strict=True) if claim < base]
            assert more == [], f"seed {seed}, step {step}"


def rolled_back(world: World) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        Binding.objects.filter(tenant=world.acme).update(ended_at=timezone.now())
        raise RuntimeError


OTHERS: dict[str, Callable[[World], object]] = {
    "a group is archived": lambda w: w.verb(groups.archive, group_id=w.group.pk),
    "a role of power loses a permission": lambda w: RoleScope.objects.filter(
        tenant=w.acme, kind="console", role__name="Own"
    ).update(ended_at=timezone.now()),
    "a role of power is archived": lambda w: Role.objects.filter(tenant=w.acme, name="Own").update(
        ended_at=timezone.now()
    ),
    "a binding is ended by its verb": lambda w: w.verb(
        bindings.end, binding_id=Binding.objects.filter(tenant=w.acme, user=w.people[1], ended_at=None)[0].pk
    ),
    "an operator is removed by the verb": lambda w: w.verb(
        service_accounts.remove_operator, service_account_id=w.bot.pk, user_id=w.people[4].pk
    ),
    "the tenant is closed": lambda w: Tenant.objects.filter(pk=w.acme.pk).update(status="closed"),
    "an identity is switched off": lambda w: Identity.objects.filter(email="p1@acme.example").update(
        is_active=False
    ),
    "the client loses the API": lambda w: Client.objects.filter(client_id="authsec-cli").update(
        api_access=False
    ),
}
QUIET: dict[str, Callable[[World], object]] = {
    "a visit is noted": lambda w: Membership.objects.filter(tenant=w.acme).update(
        last_seen_at=timezone.now()
    ),
    "a group without power changes": lambda w: cast.group(w.acme, "readers", [w.people[1]]),
    "a sign-in": lambda w: Identity.objects.filter(email="p1@acme.example").update(last_login=timezone.now()),
    "the client is used": lambda w: Client.objects.update(last_used_at=timezone.now()),
    "what was closed is deleted": lambda w: cast.bind(
        w.acme, Role.objects.get(tenant=w.acme, name="Own"), w.people[2], ended_at=timezone.now()
    ).delete(),
    "what is rolled back": rolled_back,
}


@pytest.fixture
def heard_of() -> Callable[[Callable[[World], object]], int]:
    """How many changes the feed hears of when something happens."""

    def count(happens: Callable[[World], object]) -> int:
        world = World()
        cast.bind(world.acme, cast.role(world.acme, "Own", console=["audit:read"]), world.people[1])
        with listening() as feed:
            with system_context():
                happens(world)
            at = feeds.clock()
            eventually(lambda: feed.heard_until() >= at, what="delivery")
            return len(feed.changes)

    return count


@pytest.mark.parametrize("what", OTHERS)
def test_each_loss_is_announced(what: str, heard_of: Callable[..., int]) -> None:
    assert heard_of(OTHERS[what]) >= 1


@pytest.mark.parametrize("what", QUIET)
def test_what_takes_nothing_away_is_not_announced(what: str, heard_of: Callable[..., int]) -> None:
    assert heard_of(QUIET[what]) == 0
