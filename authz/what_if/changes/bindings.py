"""Changes of bindings: give a role, end that, change its terms."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from authsec.audit.actor import Actor
from authz import binding_changes, bindings
from authz.conditions import Conditions
from authz.models import Binding
from authz.what_if.changes.base import Change
from authz.what_if.reach import Roots, roots_of


@dataclass(frozen=True, kw_only=True)
class Bind(Change):
    """Give a role to exactly one subject, on one Application or (None) tenant-wide."""

    kind: ClassVar[str] = "bind"
    permission: ClassVar[str] = "bindings:create"
    role_id: UUID
    user_id: UUID | None = None
    group_id: UUID | None = None
    service_account_id: UUID | None = None
    plan_tier_id: UUID | None = None
    application_id: UUID | None = None
    conditions: Conditions = field(default_factory=Conditions)
    expires_at: datetime | None = None
    reason: str = ""

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        return bindings.bind(
            tenant_id=tenant_id,
            role_id=self.role_id,
            user_id=self.user_id,
            group_id=self.group_id,
            service_account_id=self.service_account_id,
            plan_tier_id=self.plan_tier_id,
            application_id=self.application_id,
            conditions=self.conditions,
            expires_at=self.expires_at,
            reason=self.reason,
            actor=actor,
            now=now,
        )

    def roots(self, tenant_id: UUID) -> Roots:
        keys = (self.user_id, self.group_id, self.service_account_id, self.plan_tier_id)
        return Roots(*(frozenset([key] if key else []) for key in keys))


@dataclass(frozen=True, kw_only=True)
class EndBinding(Change):
    kind: ClassVar[str] = "end_binding"
    permission: ClassVar[str] = "bindings:end"
    binding_id: UUID

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        return bindings.end(tenant_id=tenant_id, binding_id=self.binding_id, actor=actor, now=now)

    def roots(self, tenant_id: UUID) -> Roots:
        return roots_of(Binding.objects.filter(tenant_id=tenant_id, pk=self.binding_id))


@dataclass(frozen=True, kw_only=True)
class ChangeBinding(Change):
    """Other terms. ``given``: what changes of ``conditions`` (Conditions), ``expires_at`` and ``reason``."""

    kind: ClassVar[str] = "change_binding"
    permission: ClassVar[str] = "bindings:create"
    binding_id: UUID
    given: dict[str, Any]

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        return binding_changes.change(
            tenant_id=tenant_id, binding_id=self.binding_id, actor=actor, now=now, **self.given
        )

    def roots(self, tenant_id: UUID) -> Roots:
        return roots_of(Binding.objects.filter(tenant_id=tenant_id, pk=self.binding_id))
