"""Small worlds for the tests of authorization: a tenant with people of each type, made by the real verbs."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from authsec.audit.actor import SYSTEM, Actor
from authsec.database.context import app_context, system_context, tenant_context
from authz import applications, bindings, groups, roles, service_accounts
from authz.models import Application, Binding, Group, Role, ServiceAccount
from authz.scopes import ScopeSpec
from endusers.models import EndUser, PlanTier
from tenants.models import Identity, Membership, Profile, Tenant, TenantUser
from tenants.signals import membership_changed, tenant_opened

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class World:
    """One tenant: ``users`` holds users.ids by name; the short methods call the verbs as the system."""

    tenant: Tenant
    users: dict[str, UUID] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        return self.tenant.id

    def person(self, name: str) -> UUID:
        """A TenantUser with a Profile: no membership, no end-user row."""
        with app_context():
            identity = Identity.objects.create_user(
                f"{name}-{uuid4().hex[:8]}@example.test", name=name.title()
            )
        with tenant_context(self.id):
            user = TenantUser.objects.create(tenant=self.tenant, identity=identity)
            Profile.objects.create(
                tenant=self.tenant, user=user, email=identity.email, display_name=name.title()
            )
        self.users[name] = user.pk
        return user.pk

    def member(self, name: str, type: str = "member", actor: Actor = SYSTEM, status: str = "active") -> UUID:
        user_id = self.users.get(name) or self.person(name)
        with tenant_context(self.id):
            row = Membership.objects.create(
                tenant=self.tenant, user_id=user_id, type=type, status=status, joined_at=NOW
            )
            self.changed(row, None, actor)
        return user_id

    def changed(self, row: Membership, before: dict[str, str] | None, actor: Actor = SYSTEM) -> None:
        membership_changed.send(Membership, membership=row, before=before, actor=actor, now=NOW)

    def end_user(self, name: str, tier: str = "free") -> UUID:
        user_id = self.users.get(name) or self.person(name)
        with tenant_context(self.id):
            EndUser.objects.create(
                tenant=self.tenant, user_id=user_id, plan_tier=self.tier(tier), created_at=NOW
            )
        return user_id

    def tier(self, key: str) -> PlanTier:
        with tenant_context(self.id):
            tier, _ = PlanTier.objects.get_or_create(
                tenant=self.tenant, key=key, defaults={"name": key.title(), "is_default": key == "free"}
            )
        return tier

    def actor(self, name: str) -> Actor:
        return Actor(kind="member", id=self.users[name], name=name.title(), via="console")

    def application(self, name: str = "deploy-mcp", *scopes: str, **more: Any) -> Application:
        facts = {
            "kind": "mcp_server",
            "admission": "anyone",
            "resource_uri": f"https://{name}.example.test/mcp",
        }
        specs = [ScopeSpec(scope, scope.replace(":", " ")) for scope in scopes]
        return applications.register(
            tenant_id=self.id, name=name, scopes=specs, actor=SYSTEM, now=NOW, **{**facts, **more}
        )

    def role(
        self,
        name: str,
        *scopes: str,
        console: tuple[str, ...] = (),
        tenant_groups: tuple[str, ...] = (),
        actor: Actor = SYSTEM,
    ) -> Role:
        return roles.create(
            tenant_id=self.id,
            name=name,
            scopes=scopes,
            console_permissions=console,
            tenant_groups=tenant_groups,
            actor=actor,
            now=NOW,
        )

    def system_role(self, key: str) -> Role:
        with tenant_context(self.id):
            return Role.objects.get(tenant=self.tenant, system_key=key)

    def group(self, name: str, *members: str) -> Group:
        group = groups.create(tenant_id=self.id, name=name, actor=SYSTEM, now=NOW)
        if members:
            ids = [self.users[member] for member in members]
            groups.add_members(tenant_id=self.id, group_id=group.pk, user_ids=ids, actor=SYSTEM, now=NOW)
        return group

    def account(self, name: str, *operators: str) -> ServiceAccount:
        account = service_accounts.create(tenant_id=self.id, name=name, actor=SYSTEM, now=NOW)
        for operator in operators:
            service_accounts.add_operator(
                tenant_id=self.id,
                service_account_id=account.pk,
                user_id=self.users[operator],
                actor=SYSTEM,
                now=NOW,
            )
        return account

    def bind(self, role: Role, actor: Actor = SYSTEM, **more: Any) -> Binding:
        return bindings.bind(tenant_id=self.id, role_id=role.pk, actor=actor, now=NOW, **more)


def world(slug: str = "acme") -> World:
    """An open tenant with the system roles and nobody in it."""
    with system_context():
        tenant = Tenant.objects.create(slug=f"{slug}-{uuid4().hex[:8]}", name=slug, created_at=NOW - 30 * DAY)
    with tenant_context(tenant.id):
        tenant_opened.send(Tenant, tenant=tenant, owner=None, actor=SYSTEM, now=NOW - 30 * DAY)
    return World(tenant)
