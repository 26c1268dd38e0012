"""Random histories: people join, leave and are suspended, access is given, changed and taken, and what is asked after
each deed is written down, so that it can be asked again about that moment.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authz import applications, binding_changes, bindings, groups, roles, service_accounts
from authz.conditions import Conditions
from authz.effective.explanation import Explanation, explain
from authz.effective.grants import Item
from authz.models import Binding
from authz.refusals import Refused
from authz.scope_changes import set_scopes
from authz.scopes import ScopeSpec
from endusers import operations as endusers
from tenants import operations as tenants
from tenants.models import MemberType, TenantUser
from tests.authz.cast import World, world

SCOPES = ["a:x", "b:x", "c:x"]
PEOPLE = ["ann", "ben", "cleo"]
MOMENT = timedelta(microseconds=1)
REFUSALS = (Refused, PermissionDenied, tenants.TenantError, endusers.EndUserError)


@dataclass(frozen=True)
class Question:
    """Somebody, at a moment, under conditions."""

    kind: str
    subject: UUID
    at: datetime
    mfa_at: datetime | None
    ip: str | None


@dataclass
class History:
    """One tenant through time. ``heard``: what was answered when it was asked, the last answer of each moment."""

    pick: Random
    now: datetime = field(default_factory=lambda: timezone.now() - timedelta(days=90))
    heard: dict[Question, Any] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.here: World = world("past")
        here, does = self.here, self._does()
        for name in PEOPLE:
            here.person(name)
        self.tiers = [here.tier("free"), here.tier("pro")]
        self.apps = [
            applications.register(
                name=name,
                kind="mcp_server",
                resource_uri=f"https://{name}.example.test/mcp",
                scopes=[ScopeSpec(scope, scope) for scope in SCOPES],
                **does,
            ).pk
            for name in ("one", "two")
        ]
        self.roles = [roles.create(name=f"R{n}", **self._contents(), **does).pk for n in range(3)]
        self.groups = [groups.create(name=f"G{n}", **does).pk for n in range(2)]
        self.account = service_accounts.create(name="bot", **does).pk
        self.subjects = [("user", here.users[name]) for name in PEOPLE] + [("service_account", self.account)]
        with tenant_context(here.id):
            while Binding.objects.filter(tenant_id=here.id).count() < 4:
                with suppress(Refused):
                    gives_a_role(self)

    def live(self, deeds: int) -> None:
        """Do so many things, and ask right before and right after each."""
        for _ in range(deeds):
            # Now and then two things happen at one moment.
            self.now += self.pick.choice([timedelta(), MOMENT, timedelta(hours=5), timedelta(days=2)])
            if self.now - MOMENT not in {question.at for question in self.heard}:
                self._ask(self.now - MOMENT, self.pick.sample(self.subjects, 1))
            deed = self.pick.choice(DEEDS)
            with tenant_context(self.here.id), suppress(*REFUSALS):
                deed(self)
                self.done.append(f"{self.now} {deed.__name__}")
            self.heard = {q: said for q, said in self.heard.items() if q.at != self.now}
            self._ask(self.now, self.pick.sample(self.subjects, 3))

    def _ask(self, at: datetime, subjects: list[tuple[str, UUID]]) -> None:
        for kind, key in subjects:
            age = self.pick.choice([None, timedelta(), timedelta(hours=2)])
            mfa_at = None if age is None else at - age
            question = Question(kind, key, at, mfa_at, self.pick.choice([None, "192.0.2.7", "198.51.100.7"]))
            self.heard[question] = self.answer(question)

    def answer(self, question: Question) -> Any:
        """What is answered to a question, as something that can be compared."""
        with tenant_context(self.here.id):
            found = explain(
                tenant_id=self.here.id,
                subject_kind=question.kind,
                subject_id=question.subject,
                at=question.at,
                mfa_at=question.mfa_at,
                ip=question.ip,
            )
        assert found is not None
        return told(found)

    # --- what the deeds need

    def _does(self) -> dict[str, Any]:
        return {"tenant_id": self.here.id, "actor": SYSTEM, "now": self.now}

    def _contents(self) -> dict[str, Any]:
        pick = self.pick
        return {
            "scopes": pick.sample(SCOPES, pick.randint(0, 3)),
            "console_permissions": pick.sample(["audit:read", "bindings:read"], pick.randint(0, 1)),
            "tenant_groups": pick.sample(["readers"], pick.randint(0, 1)),
        }

    def _terms(self) -> dict[str, Any]:
        pick, soon = self.pick, self.now + timedelta(days=3)
        return {
            "conditions": Conditions(
                mfa_required=pick.random() < 0.4,
                allowed_ip_cidrs=pick.choice([(), (), ("192.0.2.0/24",)]),
                not_before=pick.choice([None, None, self.now + timedelta(hours=3)]),
            ),
            "expires_at": pick.choice([None, None, soon]),
            "reason": pick.choice(["", "because"]),
        }

    def _person(self) -> UUID:
        return self.here.users[self.pick.choice(PEOPLE)]

    def _binding(self) -> UUID:
        # The system's own ones too: whose role comes with the member type.
        return self.pick.choice(list(Binding.objects.filter(tenant_id=self.here.id))).pk


def told(found: Explanation) -> Any:
    """Everything that is answered but names. Who had not joined yet was, when it was asked, simply no member."""
    subject = found.subject
    return {
        "standing": [reason.replace("not_there_yet", "no_membership") for reason in found.standing.reasons],
        "is": (subject.member_status, subject.member_status and subject.member_type, subject.end_user_status),
        "why": (subject.member_reason or "", subject.end_user_reason or "", subject.plan_tier),
        "items": sorted(
            (
                str(i.binding_id),
                i.source,
                str(i.source_id),
                i.state,
                str((i.met, i.scopes, i.console_permissions)),
            )
            for i in found.items
        ),
        "terms": {(i.binding_id, i.source_id): terms(i) for i in found.items},
        "scopes": {
            (one.id, row.name, row.entitled, row.supported)
            for one in found.applications
            for row in one.scopes
        },
        "closed": {(one.id, one.closed) for one in found.applications},
        "effective": dict(found.effective),
        "console": found.effective_console,
    }


def terms(item: Item) -> tuple[Any, ...]:
    """What an item says beside its state."""
    ended = item.ended_at, item.ended_by
    return item.conditions, item.expires_at, ended, item.reason, item.since, item.reached_at, item.given_by


def gives_a_role(it: History) -> None:
    kind = it.pick.choice(
        ["user_id", "user_id", "group_id", "group_id", "service_account_id", "plan_tier_id"]
    )
    subject = {
        "user_id": it._person(),
        "group_id": it.pick.choice(it.groups),
        "service_account_id": it.account,
        "plan_tier_id": it.pick.choice(it.tiers).pk,
    }[kind]
    place = it.pick.choice([None, *it.apps])
    bindings.bind(
        role_id=it.pick.choice(it.roles), application_id=place, **{kind: subject}, **it._terms(), **it._does()
    )


def changes_terms(it: History) -> None:
    binding_changes.change(binding_id=it._binding(), **it._terms(), **it._does())


def changes_and_ends(it: History) -> None:
    key = it._binding()
    binding_changes.change(binding_id=key, **it._terms(), **it._does())
    bindings.end(binding_id=key, **it._does())


def ends_a_binding(it: History) -> None:
    bindings.end(binding_id=it._binding(), **it._does())


def adds_to_a_group(it: History) -> None:
    groups.add_members(group_id=it.pick.choice(it.groups), user_ids=[it._person()], **it._does())


def takes_from_a_group(it: History) -> None:
    groups.remove_member(group_id=it.pick.choice(it.groups), user_id=it._person(), **it._does())


def archives_a_group(it: History) -> None:
    groups.archive(group_id=it.groups[1], **it._does())


def edits_a_role(it: History) -> None:
    roles.edit(role_id=it.pick.choice(it.roles), **it._contents(), **it._does())


def archives_a_role(it: History) -> None:
    roles.archive(role_id=it.roles[2], **it._does())


def names_an_operator(it: History) -> None:
    service_accounts.add_operator(service_account_id=it.account, user_id=it._person(), **it._does())


def takes_an_operator(it: History) -> None:
    service_accounts.remove_operator(service_account_id=it.account, user_id=it._person(), **it._does())


def ends_the_account(it: History) -> None:
    if it.pick.random() < 0.2:
        service_accounts.end(service_account_id=it.account, **it._does())


def joins(it: History) -> None:
    user = TenantUser.objects.select_related("identity").get(pk=it._person())
    kind = it.pick.choice([MemberType.MEMBER, MemberType.READONLY_AUDITOR])
    tenants.add_member(identity=user.identity, type=kind, source="invite", **it._does())


def leaves(it: History) -> None:
    tenants.remove_member(user_id=it._person(), **it._does())


def gets_another_type(it: History) -> None:
    kind = it.pick.choice([MemberType.MEMBER, MemberType.ADMIN, MemberType.CONTRACTOR])
    tenants.change_member_type(user_id=it._person(), type=kind, **it._does())


def is_suspended(it: History) -> None:
    tenants.suspend_member(user_id=it._person(), reason=f"why {it.pick.random()}", **it._does())


def is_back(it: History) -> None:
    tenants.reactivate_member(user_id=it._person(), **it._does())


def consents(it: History) -> None:
    endusers.ensure(user_id=it._person(), **it._does())


def buys(it: History) -> None:
    endusers.set_plan_tier(user_id=it._person(), tier_key=it.pick.choice(["free", "pro"]), **it._does())


def is_suspended_as_end_user(it: History) -> None:
    endusers.suspend(user_id=it._person(), reason=f"why {it.pick.random()}", **it._does())


def is_back_as_end_user(it: History) -> None:
    endusers.reactivate(user_id=it._person(), **it._does())


def switches_an_application(it: History) -> None:
    verb = it.pick.choice([applications.disable, applications.enable, applications.enable])
    verb(application_id=it.pick.choice(it.apps), **it._does())


def changes_scopes(it: History) -> None:
    kept = it.pick.sample(SCOPES, it.pick.randint(1, 3))
    specs = [ScopeSpec(scope, scope) for scope in kept]
    set_scopes(application_id=it.pick.choice(it.apps), scopes=specs, **it._does())


def changes_admission(it: History) -> None:
    admission = it.pick.choice(["anyone", "members", "listed"])
    applications.update(application_id=it.pick.choice(it.apps), admission=admission, **it._does())


def closes_or_opens(it: History) -> None:
    if it.pick.random() < 0.5:
        tenants.close_tenant(**it._does())
    else:
        tenants.reopen_tenant(at_any_time=True, **it._does())


def opens(it: History) -> None:
    tenants.reopen_tenant(at_any_time=True, **it._does())


DEEDS: tuple[Callable[[History], None], ...] = (
    *(gives_a_role,) * 4,
    *(changes_terms,) * 3,
    *(adds_to_a_group, joins, consents, buys) * 2,
    changes_and_ends, ends_a_binding, takes_from_a_group, archives_a_group, edits_a_role, archives_a_role,
    names_an_operator, takes_an_operator, ends_the_account, leaves, gets_another_type, is_suspended, is_back,
    is_suspended_as_end_user, is_back_as_end_user, switches_an_application, changes_scopes, changes_admission,
    closes_or_opens, opens,
)  # fmt: skip
