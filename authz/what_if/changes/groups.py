"""Changes of groups and of service accounts: who is in, who operates, the end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from authsec.audit.actor import Actor
from authz import groups, people, service_accounts
from authz.refusals import Refused
from authz.what_if.changes.base import Change
from authz.what_if.reach import Roots


@dataclass(frozen=True, kw_only=True)
class AddToGroup(Change):
    """``user_ids``, ``emails`` or both."""

    kind: ClassVar[str] = "add_to_group"
    permission: ClassVar[str] = "groups:manage"
    group_id: UUID
    user_ids: tuple[UUID, ...] = ()
    emails: tuple[str, ...] = ()

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        return groups.add_members(
            tenant_id=tenant_id,
            group_id=self.group_id,
            user_ids=self.user_ids,
            emails=self.emails,
            actor=actor,
            now=now,
        )

    def roots(self, tenant_id: UUID) -> Roots:
        named = [email for email in self.emails if "\x00" not in email]
        return Roots(users=frozenset([*self.user_ids, *people.by_email(tenant_id, named).values()]))


@dataclass(frozen=True, kw_only=True)
class RemoveFromGroup(Change):
    """Take somebody out of a group, or leave it."""

    kind: ClassVar[str] = "remove_from_group"
    permission: ClassVar[str] = "groups:manage"
    group_id: UUID
    user_id: UUID

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        removed = groups.remove_member(
            tenant_id=tenant_id, group_id=self.group_id, user_id=self.user_id, actor=actor, now=now
        )
        if removed is None:
            raise Refused({"user_id": "This person is not in the group."})
        return removed

    def roots(self, tenant_id: UUID) -> Roots:
        return Roots(users=frozenset([self.user_id]))


@dataclass(frozen=True, kw_only=True)
class ArchiveGroup(Change):
    kind: ClassVar[str] = "archive_group"
    permission: ClassVar[str] = "groups:manage"
    group_id: UUID

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        return groups.archive(tenant_id=tenant_id, group_id=self.group_id, actor=actor, now=now)

    def roots(self, tenant_id: UUID) -> Roots:
        return Roots(groups=frozenset([self.group_id]))


@dataclass(frozen=True, kw_only=True)
class EndGroupAccess(Change):
    """Every binding of the group ends; its people stay in it."""

    kind: ClassVar[str] = "end_group_access"
    permission: ClassVar[str] = "bindings:end"
    group_id: UUID

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        return groups.end_access(tenant_id=tenant_id, group_id=self.group_id, actor=actor, now=now)

    def roots(self, tenant_id: UUID) -> Roots:
        return Roots(groups=frozenset([self.group_id]))


@dataclass(frozen=True, kw_only=True)
class AddOperators(Change):
    """Let people operate a service account: its bindings reach them too."""

    kind: ClassVar[str] = "add_operators"
    permission: ClassVar[str] = "service_accounts:manage"
    service_account_id: UUID
    user_ids: tuple[UUID, ...]

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        return service_accounts.add_operators(
            tenant_id=tenant_id,
            service_account_id=self.service_account_id,
            user_ids=self.user_ids,
            actor=actor,
            now=now,
        )

    def roots(self, tenant_id: UUID) -> Roots:
        return Roots(users=frozenset(self.user_ids))


@dataclass(frozen=True, kw_only=True)
class RemoveOperator(Change):
    kind: ClassVar[str] = "remove_operator"
    permission: ClassVar[str] = "service_accounts:manage"
    service_account_id: UUID
    user_id: UUID

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        removed = service_accounts.remove_operator(
            tenant_id=tenant_id,
            service_account_id=self.service_account_id,
            user_id=self.user_id,
            actor=actor,
            now=now,
        )
        if removed is None:
            raise Refused({"user_id": "This person does not operate the account."})
        return removed

    def roots(self, tenant_id: UUID) -> Roots:
        return Roots(users=frozenset([self.user_id]))


@dataclass(frozen=True, kw_only=True)
class EndServiceAccount(Change):
    """It has no standing any more, and its operators hold nothing through it."""

    kind: ClassVar[str] = "end_service_account"
    permission: ClassVar[str] = "service_accounts:manage"
    service_account_id: UUID

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        return service_accounts.end(
            tenant_id=tenant_id, service_account_id=self.service_account_id, actor=actor, now=now
        )

    def roots(self, tenant_id: UUID) -> Roots:
        return Roots(accounts=frozenset([self.service_account_id]))
