"""A random tenant in which some people conspire: they try every verb, as themselves and as the accounts they take over.

No mark stands before the verbs here: each must keep Rule 7 by itself, whoever calls it.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from random import Random
from uuid import UUID

from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied

from authsec.audit.actor import SYSTEM, Actor
from authsec.database.context import tenant_context
from authsec.secrets import digest, new_secret
from authz import binding_changes, bindings, groups, roles, service_accounts
from authz.cedar import engine
from authz.conditions import Conditions
from authz.console import powers_of
from authz.contents import contents_of
from authz.models import Binding, Role
from authz.refusals import Refused
from endusers import operations as endusers
from oauth.clients import creation as clients
from oauth.models import Client
from tenants import operations as tenants
from tenants.models import MemberType, TenantUser
from tests.authz.cast import DAY, NOW, world

PEOPLE = ("olga", "adam", "alice", "carl", "rita", "sam", "ed", "lea")
CONSOLE = ("audit:read", "endusers:suspend", "bindings:create", "team:update", "billing:read", "org:close")
# What may come true counts as held: a day later, and with a second factor, bindings count that don't yet.
MOMENTS = (NOW, NOW + 5 * DAY)
Power = set[tuple[str, UUID | None]]


class Conspiracy:
    """``people`` are in it from the start; ``accounts`` are those whose secret it got hold of."""

    def __init__(self, pick: Random) -> None:
        self.pick = pick
        self.world = world("plot")
        self.done: list[str] = []
        self._build()
        self.people = pick.sample(PEOPLE[1:], pick.randint(1, 3))
        if pick.random() < 0.1:
            self.people.append("olga")  # who holds everything, and some verbs are for owners
        self.accounts: set[UUID] = set()
        # What was given to somebody before they came waits for them, whoever lets them in.
        self.first = self.power(waiting=("ed", "lea"))

    # --- what there is

    def _build(self) -> None:
        here, pick = self.world, self.pick
        for name, type in zip(PEOPLE, [*MemberType.values, None, None], strict=True):
            if type:
                here.member(name, type)
        here.end_user("ed")
        here.person("lea")
        self.tiers = [here.tier("free").key, here.tier("pro").key]
        self.apps = [here.application("one-mcp").pk, here.application("two-mcp").pk]
        self.roles = [
            here.role(f"Role {n}", console=tuple(pick.sample(CONSOLE, pick.randint(0, 2)))).pk
            for n in range(3)
        ]
        self.roles += [
            here.role("Captain", tenant_groups=("admins",)).pk,
            here.role("Eye", tenant_groups=("auditors",)).pk,
        ]
        with tenant_context(here.id):
            self.roles += Role.objects.exclude(system_key="").values_list("pk", flat=True)
        self.groups = [here.group(f"g{n}", *pick.sample(PEOPLE, pick.randint(0, 2))).pk for n in range(3)]
        self.robots = [here.account(f"bot{n}", *pick.sample(PEOPLE, pick.randint(0, 1))).pk for n in range(2)]
        with tenant_context(here.id):
            for account in self.robots:
                self._secret_for(account, SYSTEM)
        for _ in range(pick.randint(3, 7)):
            with suppress(Refused):
                self._bind(SYSTEM)
        for name in pick.sample(["alice", "carl", "sam"], pick.randint(0, 2)):
            with tenant_context(here.id):
                tenants.suspend_member(
                    tenant_id=here.id, user_id=here.users[name], reason="away", actor=SYSTEM, now=NOW
                )

    def power(self, waiting: tuple[str, ...] = ()) -> Power:
        """Everything that somebody of the conspiracy holds or will hold, by the product's own decision.

        ``waiting``: people whose power is counted though they are no members.
        """
        counted = {self.world.users[name] for name in waiting}
        held: Power = set()
        subjects = [("user", self.world.users[name]) for name in self.people]
        subjects += [("service_account", key) for key in self.accounts]
        with tenant_context(self.world.id):
            for kind, key in subjects:
                for at in MOMENTS:
                    powers = powers_of(
                        tenant_id=self.world.id, subject_id=key, mfa_at=at, ip=None, now=at, subject_kind=kind
                    )
                    places = [None, *self.apps] if powers.active or key in counted else []
                    held |= {(name, place) for place in places for name in powers.permissions(place)}
        return held

    # --- what they try

    def try_something(self) -> bool:
        """One of them calls a verb; whether it went through."""
        attempt = self.pick.choice(ATTEMPTS)
        try:
            with tenant_context(self.world.id):
                attempt(self, self._somebody())
        except (PermissionDenied, Refused, tenants.TenantError, clients.NoSuchClient, endusers.EndUserError):
            return False
        self.done.append(attempt.__name__)
        return True

    def _somebody(self) -> Actor:
        kind, key = self.pick.choice(
            [("member", self.world.users[name]) for name in self.people]
            + [("service_account", key) for key in sorted(self.accounts)]
        )
        return Actor(kind=kind, id=key, name="one of them", via="console", mfa_at=NOW)

    def _user(self) -> UUID:
        # An accomplice twice as often: what others gain is theirs.
        return self.world.users[self.pick.choice([*PEOPLE, *self.people, *self.people])]

    def _account(self) -> UUID:
        return self.pick.choice([*self.robots, *sorted(self.accounts)])

    def _what(self, actor: Actor) -> dict[str, object]:
        return {"tenant_id": self.world.id, "actor": actor, "now": NOW}

    def _terms(self) -> dict[str, object]:
        soon = Conditions(not_before=NOW + DAY)
        guarded = Conditions(mfa_required=True, mfa_max_age_s=3600)
        return {
            "conditions": self.pick.choice([Conditions(), Conditions(), soon, guarded]),
            "expires_at": self.pick.choice([None, None, NOW + timedelta(days=9)]),
        }

    def _bind(self, actor: Actor) -> None:
        kind = self.pick.choice(["user_id", "user_id", "group_id", "service_account_id", "plan_tier_id"])
        subject = {
            "user_id": self._user()
            if hasattr(self, "people")
            else self.world.users[self.pick.choice(PEOPLE)],
            "group_id": self.pick.choice(self.groups),
            "service_account_id": self.pick.choice(self.robots),
            "plan_tier_id": self.world.tier(self.pick.choice(self.tiers)).pk,
        }[kind]
        bindings.bind(
            **self._what(actor),
            role_id=self.pick.choice(self.roles),
            application_id=self.pick.choice([None, None, *self.apps]),
            **{kind: subject},
            **self._terms(),
        )

    def _secret_for(self, account: UUID, actor: Actor) -> None:
        clients.create_for_service_account(**self._what(actor), service_account_id=account, name="bot")

    def _gives(self) -> dict[str, object]:
        return {
            "console_permissions": self.pick.sample(list(engine.actions()), self.pick.randint(0, 3)),
            "tenant_groups": [g for g in engine.tenant_groups() if self.pick.random() < 0.3],
        }


def binds(plot: Conspiracy, actor: Actor) -> None:
    plot._bind(actor)


def ends_a_binding(plot: Conspiracy, actor: Actor) -> None:
    bindings.end(**plot._what(actor), binding_id=_any_binding(plot))


def changes_a_bindings_terms(plot: Conspiracy, actor: Actor) -> None:
    binding_changes.change(**plot._what(actor), binding_id=_any_binding(plot), **plot._terms())


def writes_a_role(plot: Conspiracy, actor: Actor) -> None:
    role = roles.create(**plot._what(actor), name=f"New {plot.pick.random()}", **plot._gives())
    plot.roles.append(role.pk)


def edits_a_role(plot: Conspiracy, actor: Actor) -> None:
    role = plot.pick.choice([*plot.roles[:5], *plot.roles])  # the first five are own ones
    roles.edit(**plot._what(actor), role_id=role, **plot._gives())


def copies_a_role(plot: Conspiracy, actor: Actor) -> None:
    role = Role.objects.get(pk=plot.pick.choice(plot.roles))
    gives = contents_of([role])[role.pk]
    copy = roles.create(
        **plot._what(actor),
        name=f"Copy {plot.pick.random()}",
        console_permissions=gives.beyond_tenant_groups,
        tenant_groups=gives.tenant_groups,
    )
    plot.roles.append(copy.pk)


def archives_a_role(plot: Conspiracy, actor: Actor) -> None:
    roles.archive(**plot._what(actor), role_id=plot.pick.choice(plot.roles))


def makes_a_group(plot: Conspiracy, actor: Actor) -> None:
    plot.groups.append(groups.create(**plot._what(actor), name=f"New {plot.pick.random()}").pk)


def fills_a_group(plot: Conspiracy, actor: Actor) -> None:
    groups.add_members(**plot._what(actor), group_id=plot.pick.choice(plot.groups), user_ids=[plot._user()])


def empties_a_group(plot: Conspiracy, actor: Actor) -> None:
    groups.remove_member(**plot._what(actor), group_id=plot.pick.choice(plot.groups), user_id=plot._user())


def archives_a_group(plot: Conspiracy, actor: Actor) -> None:
    groups.archive(**plot._what(actor), group_id=plot.pick.choice(plot.groups))


def names_an_operator(plot: Conspiracy, actor: Actor) -> None:
    service_accounts.add_operator(
        **plot._what(actor), service_account_id=plot._account(), user_id=plot._user()
    )


def makes_an_account(plot: Conspiracy, actor: Actor) -> None:
    account = service_accounts.create(**plot._what(actor), name=f"New {plot.pick.random()}").pk
    plot._secret_for(account, actor)
    plot.robots.append(account)
    plot.accounts.add(account)


def issues_a_secret(plot: Conspiracy, actor: Actor) -> None:
    account = plot._account()
    plot._secret_for(account, actor)
    plot.accounts.add(account)


def rotates_a_secret(plot: Conspiracy, actor: Actor) -> None:
    account = plot._account()
    client = Client.objects.filter(tenant_id=plot.world.id, service_account_id=account).first()
    clients.rotate_secret(**plot._what(actor), client_id=client.pk)
    plot.accounts.add(account)


def changes_a_type(plot: Conspiracy, actor: Actor) -> None:
    type = plot.pick.choice(MemberType.values)
    tenants.change_member_type(**plot._what(actor), user_id=plot._user(), type=type)


def suspends(plot: Conspiracy, actor: Actor) -> None:
    tenants.suspend_member(**plot._what(actor), user_id=plot._user(), reason="because")


def reactivates(plot: Conspiracy, actor: Actor) -> None:
    tenants.reactivate_member(**plot._what(actor), user_id=plot._user())


def removes(plot: Conspiracy, actor: Actor) -> None:
    tenants.remove_member(**plot._what(actor), user_id=plot._user())


def adds_a_member(plot: Conspiracy, actor: Actor) -> None:
    identity = TenantUser.objects.select_related("identity").get(pk=plot._user()).identity
    type = plot.pick.choice(MemberType.values)
    tenants.add_member(**plot._what(actor), identity=identity, type=type, source="api")


def invites(plot: Conspiracy, actor: Actor) -> None:
    """Whoever is invited accepts: here the link's token is one that we know."""
    identity = TenantUser.objects.select_related("identity").get(pk=plot._user()).identity
    type = plot.pick.choice(MemberType.values)
    [answer] = tenants.invite(**plot._what(actor), emails=[identity.email], type=type)
    if answer.invitation is None:
        raise Refused({"": "A member already."})
    token = new_secret()
    answer.invitation.token_digest = digest(token)
    answer.invitation.save(update_fields=["token_digest"])
    EmailAddress.objects.get_or_create(user=identity, email=identity.email, verified=True, primary=True)
    invitee = Actor(kind="identity", id=identity.pk, name="the invitee", via="console")
    tenants.accept_invitation(token=token, identity=identity, actor=invitee, now=NOW)


def hands_over(plot: Conspiracy, actor: Actor) -> None:
    to = plot._user()
    offer = tenants.offer_transfer(**plot._what(actor), to_user_id=to)
    taker = Actor(kind="member", id=to, name="the next owner", via="console", mfa_at=NOW)
    tenants.accept_transfer(**plot._what(taker), transfer_id=offer.pk)


def sells_a_plan(plot: Conspiracy, actor: Actor) -> None:
    endusers.set_plan_tier(
        **plot._what(actor), user_id=plot.world.users["ed"], tier_key=plot.pick.choice(plot.tiers)
    )


ATTEMPTS: list[Callable[[Conspiracy, Actor], None]] = [
    binds,
    binds,
    ends_a_binding,
    changes_a_bindings_terms,
    writes_a_role,
    edits_a_role,
    edits_a_role,
    copies_a_role,
    archives_a_role,
    makes_a_group,
    fills_a_group,
    fills_a_group,
    empties_a_group,
    archives_a_group,
    names_an_operator,
    makes_an_account,
    issues_a_secret,
    rotates_a_secret,
    changes_a_type,
    changes_a_type,
    suspends,
    reactivates,
    removes,
    adds_a_member,
    invites,
    hands_over,
    sells_a_plan,
]


def _any_binding(plot: Conspiracy) -> UUID:
    keys = Binding.objects.filter(tenant_id=plot.world.id).order_by("pk").values_list("pk", flat=True)
    return plot.pick.choice(list(keys))
