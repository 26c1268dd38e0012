"""One demo tenant while it is being built: every step is a verb, and is left out where its result stands already."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from authsec.audit.actor import SYSTEM, Actor
from authsec.console.demo.handout import Kept
from authsec.database.context import system_context
from authz import applications, bindings, groups, roles, service_accounts, tool_publication, tools
from authz.conditions import Conditions
from authz.models import Application, Binding, Group, GroupMember, Role, ServiceAccount, Tool
from authz.scopes import ScopeSpec
from authz.tool_manifest import ToolSpec
from endusers.models import PlanTier
from oauth.clients import creation as clients
from oauth.models import Client
from tenants import operations as tenants
from tenants.models import Identity, Invitation, Membership, Tenant, TenantUser


class DemoTenant:
    """A tenant, its owner as the actor of what happens in it, and what the handout will say of it.

    ``opened_days`` ago it was opened; everything in it happened at some later day, told as days ago too.
    """

    def __init__(
        self, *, slug: str, name: str, plan: str, owner: Identity, opened_days: int, kept: Kept, now: datetime
    ) -> None:
        self.now, self.kept = now, kept
        self.users: dict[str, TenantUser] = {}
        with system_context():
            tenant = Tenant.objects.filter(slug=slug).first()
        self.tenant = tenant or tenants.open_tenant(
            name=name, slug=slug, owner=owner, plan=plan, actor=SYSTEM, now=self.ago(opened_days)
        )
        self.actor = SYSTEM

    def ago(self, days: float) -> datetime:
        """So many days before the demo is loaded."""
        return self.now - timedelta(days=days)

    @property
    def here(self) -> dict[str, Any]:
        """What every verb and query here begins with."""
        return {"tenant_id": self.tenant.pk}

    def at(self, days: float) -> dict[str, Any]:
        """What every verb here ends with."""
        return {"actor": self.actor, "now": self.ago(days)}

    def owned_by(self, key: str, owner: Identity) -> None:
        """Let the owner act from here on."""
        self.users[key] = TenantUser.objects.get(**self.here, identity=owner)
        name = owner.get_full_name()
        self.actor = Actor("member", self.users[key].pk, name, capacity="owner", via="command")

    def member(self, key: str, identity: Identity, member_type: str, days: float) -> TenantUser:
        """A member of the team since so many days."""
        user = TenantUser.objects.filter(**self.here, identity=identity).first()
        if user is None:
            membership = tenants.add_member(
                **self.here,
                identity=identity,
                type=member_type,
                source=Membership.Source.INVITE,
                actor=self.actor,
                now=self.ago(days),
            )
            user = membership.user
        self.users[key] = user
        return user

    def invited(self, email: str, member_type: str, days: float) -> None:
        """Somebody who was asked into the team so many days ago and has not come yet."""
        if not Invitation.objects.filter(**self.here, email=email).exists():
            tenants.invite(**self.here, emails=[email], type=member_type, **self.at(days))

    def application(
        self, name: str, port: int, scopes: list[ScopeSpec], description: str, days: float
    ) -> Application:
        """A verified MCP server on a loopback port, open to anyone who signs in."""
        here = Application.objects.filter(**self.here, ended_at=None)
        resource_uri = f"http://localhost:{port}/mcp"
        # Whoever plays with the demo may rename it, or move it.
        standing = here.filter(resource_uri=resource_uri).first() or here.filter(name=name).first()
        return standing or applications.register(
            **self.here,
            name=name,
            kind="mcp_server",
            resource_uri=resource_uri,
            admission="anyone",
            scopes=scopes,
            description=description,
            support_contact=f"help@{self.tenant.slug}.example",
            privacy_uri=f"https://{self.tenant.slug}.example/privacy",
            terms_uri=f"https://{self.tenant.slug}.example/terms",
            actor=self.actor,
            now=self.ago(days),
        )

    def tools(
        self, application: Application, days: float, *listed: tuple[ToolSpec, Iterable[str] | None]
    ) -> None:
        """What the Application's server published, and the owner's word on who may call each; None: none yet."""
        if Tool.objects.filter(**self.here, application=application).exists():
            return
        which: dict[str, Any] = {**self.here, "application_id": application.pk}
        server = Actor("application", application.pk, application.name, via="command")
        specs = [spec for spec, _ in listed]
        tool_publication.publish(**which, tools=specs, credential_id="", actor=server, now=self.ago(days))
        for spec, scopes in listed:
            if scopes is not None:
                tools.decide(**which, tool_name=spec.name, required_scopes=scopes, **self.at(days))

    def role(
        self,
        name: str,
        description: str,
        days: float,
        scopes: Iterable[str] = (),
        console: Iterable[str] = (),
    ) -> Role:
        """A role of the tenant's own."""
        standing = Role.objects.filter(**self.here, name=name, ended_at=None).first()
        return standing or roles.create(
            **self.here,
            name=name,
            description=description,
            scopes=scopes,
            console_permissions=console,
            actor=self.actor,
            now=self.ago(days),
        )

    def system_role(self, key: str) -> Role:
        """One that every tenant has."""
        return Role.objects.get(**self.here, system_key=key)

    def group(self, name: str, description: str, members: Iterable[TenantUser], days: float) -> Group:
        """A group; it is filled when it is made, and then left to the people who play with it."""
        group = Group.objects.filter(**self.here, name=name, ended_at=None).first()
        if group is None:
            at = self.at(days)
            group = groups.create(**self.here, name=name, description=description, **at)
            groups.add_members(
                **self.here,
                group_id=group.pk,
                user_ids=[user.pk for user in members],
                source=GroupMember.Source.MANUAL,
                **at,
            )
        return group

    def bind(
        self,
        role: Role,
        subject: TenantUser | Group | ServiceAccount | PlanTier,
        days: float,
        application: Application | None = None,
        *,
        mfa: bool = False,
        ends_in_days: float | None = None,
        reason: str = "",
    ) -> None:
        """A binding; made again only when none like it, ended or not, was ever made (an expired one is renewed)."""
        column = {
            TenantUser: "user_id",
            Group: "group_id",
            ServiceAccount: "service_account_id",
            PlanTier: "plan_tier_id",
        }[type(subject)]
        target = {
            **self.here,
            "role_id": role.pk,
            column: subject.pk,
            "application_id": application and application.pk,
        }
        known = Binding.objects.filter(**target)
        if ends_in_days is not None:
            known = known.filter(expires_at__gt=self.now)
        if not known.exists():
            bindings.bind(
                **target,
                conditions=Conditions(mfa_required=mfa),
                expires_at=None if ends_in_days is None else self.now + timedelta(days=ends_in_days),
                reason=reason,
                actor=self.actor,
                now=self.ago(days),
            )

    def tier(self, key: str) -> PlanTier:
        """A plan tier."""
        return PlanTier.objects.get(**self.here, key=key)

    def service_account(self, name: str, description: str, days: float) -> tuple[ServiceAccount, Client]:
        """A service account with its client."""
        at = self.at(days)
        account = ServiceAccount.objects.filter(**self.here, name=name, ended_at=None).first()
        account = account or service_accounts.create(**self.here, name=name, description=description, **at)
        client: Client | None = Client.objects.filter(**self.here, service_account=account).first()
        if client is None:
            client, secret = clients.create_for_service_account(
                **self.here, service_account_id=account.pk, name=name, **at
            )
            self.kept.remember(client, secret)
        return account, client

    def client(self, name: str, redirect_uri: str, days: float) -> Client:
        """A confidential client of the tenant's own."""
        client: Client | None = Client.objects.filter(**self.here, name=name, service_account=None).first()
        if client is None:
            client, secret = clients.create_for_tenant(
                **self.here,
                name=name,
                redirect_uris=[redirect_uri],
                auth_method="client_secret_basic",
                actor=self.actor,
                now=self.ago(days),
            )
            self.kept.remember(client, secret)
        return client

    # --- what the handout says

    def handed_out(self) -> dict[str, Any]:
        """The tenant's entry."""
        users = {key: str(user.pk) for key, user in self.users.items()}
        return {"slug": self.tenant.slug, "id": str(self.tenant.pk), "users": users}

    def application_entry(self, application: Application) -> dict[str, Any]:
        """An Application's entry, with a credential that works."""
        return {
            "slug": application.name,
            "tenant": self.tenant.slug,
            "id": str(application.pk),
            "resource_uri": application.resource_uri,
            "scopes": list(
                application.scopes.filter(**self.here, ended_at=None)
                .order_by("name")
                .values_list("name", flat=True)
            ),
            "credential": self.kept.credential(
                **self.here, application_id=application.pk, actor=self.actor, now=self.now
            ),
        }

    def service_account_entry(self, account: ServiceAccount, client: Client) -> dict[str, Any]:
        """A service account's entry."""
        return {
            "name": account.name,
            "tenant": self.tenant.slug,
            "id": str(account.pk),
            "client_id": client.client_id,
            "client_secret": self.kept.client_secret(client, actor=self.actor, now=self.now),
        }
