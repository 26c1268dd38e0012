"""Changes of what many hold at once: of roles, and of what Applications understand."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q

from authsec.audit.actor import Actor
from authz import applications, roles, scope_changes
from authz.models import Binding, RoleScope, Scope
from authz.scopes import ScopeSpec
from authz.what_if.changes.base import Change
from authz.what_if.reach import Roots, roots_of


@dataclass(frozen=True, kw_only=True)
class OfRole(Change):
    """A change of a role touches everybody whom a live binding of it reaches."""

    permission: ClassVar[str] = "roles:manage"
    role_id: UUID

    def roots(self, tenant_id: UUID) -> Roots:
        return roots_of(Binding.objects.filter(tenant_id=tenant_id, role_id=self.role_id, ended_at=None))


@dataclass(frozen=True, kw_only=True)
class EditRole(OfRole):
    """What is None stays as it is."""

    kind: ClassVar[str] = "edit_role"
    name: str | None = None
    description: str | None = None
    scopes: tuple[str, ...] | None = None
    console_permissions: tuple[str, ...] | None = None
    tenant_groups: tuple[str, ...] | None = None

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        return roles.edit(tenant_id=tenant_id, actor=actor, now=now, **given)


@dataclass(frozen=True, kw_only=True)
class ChangeRoleScopes(OfRole):
    """Some scopes more, some less, the rest of the role as it is."""

    kind: ClassVar[str] = "change_role_scopes"
    added: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        live = RoleScope.objects.filter(
            tenant_id=tenant_id, role_id=self.role_id, kind="scope", ended_at=None
        )
        names = {*live.values_list("name", flat=True), *self.added} - {*self.withdrawn}
        return roles.edit(
            tenant_id=tenant_id, role_id=self.role_id, scopes=sorted(names), actor=actor, now=now
        )


@dataclass(frozen=True, kw_only=True)
class ArchiveRole(OfRole):
    kind: ClassVar[str] = "archive_role"

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        return roles.archive(tenant_id=tenant_id, role_id=self.role_id, actor=actor, now=now)


@dataclass(frozen=True, kw_only=True)
class OfApplication(Change):
    """A change of an Application touches whoever holds a role there that names one of its scopes."""

    permission: ClassVar[str] = "apps:manage"
    application_id: UUID

    def roots(self, tenant_id: UUID) -> Roots:
        live = Scope.objects.filter(tenant_id=tenant_id, application_id=self.application_id, ended_at=None)
        names = {*live.values_list("name", flat=True), *self.new_names()}
        naming = RoleScope.objects.filter(tenant_id=tenant_id, kind="scope", name__in=names, ended_at=None)
        here = Q(application_id=self.application_id) | Q(application=None)
        bound = Binding.objects.filter(here, tenant_id=tenant_id, ended_at=None)
        return roots_of(bound.filter(role_id__in=naming.values("role_id")))

    def new_names(self) -> Iterable[str]:
        """Scopes that the Application would come to understand."""
        return ()


@dataclass(frozen=True, kw_only=True)
class SetScopes(OfApplication):
    """The whole list of the scopes that the Application understands."""

    kind: ClassVar[str] = "set_scopes"
    scopes: tuple[ScopeSpec, ...]

    def new_names(self) -> Iterable[str]:
        return [spec.name for spec in self.scopes]

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        return scope_changes.set_scopes(
            tenant_id=tenant_id,
            application_id=self.application_id,
            scopes=self.scopes,
            actor=actor,
            now=now,
        )


@dataclass(frozen=True, kw_only=True)
class ChangeScopes(OfApplication):
    """Some declared, some withdrawn by name, the rest as it is."""

    kind: ClassVar[str] = "change_scopes"
    declared: tuple[ScopeSpec, ...] = ()
    withdrawn: tuple[str, ...] = ()

    def new_names(self) -> Iterable[str]:
        return [spec.name for spec in self.declared]

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        return scope_changes.change_scopes(
            tenant_id=tenant_id,
            application_id=self.application_id,
            declared=self.declared,
            withdrawn=self.withdrawn,
            actor=actor,
            now=now,
        )


@dataclass(frozen=True, kw_only=True)
class DisableApplication(OfApplication):
    kind: ClassVar[str] = "disable_application"

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        return applications.disable(
            tenant_id=tenant_id, application_id=self.application_id, actor=actor, now=now
        )


@dataclass(frozen=True, kw_only=True)
class EnableApplication(OfApplication):
    kind: ClassVar[str] = "enable_application"

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        return applications.enable(
            tenant_id=tenant_id, application_id=self.application_id, actor=actor, now=now
        )


@dataclass(frozen=True, kw_only=True)
class ArchiveApplication(OfApplication):
    kind: ClassVar[str] = "archive_application"

    def perform(self, *, tenant_id: UUID, actor: Actor, now: datetime) -> Any:
        return applications.archive(
            tenant_id=tenant_id, application_id=self.application_id, actor=actor, now=now
        )
