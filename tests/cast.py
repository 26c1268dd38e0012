"""The people of the worked example, made through the product's own verbs; what they may reach, as plain rows.

Olga owns acme-corp, Adam administers it, Alice is a member, Carl a contractor, Rita audits; Alex owns alex-tools and
is a contractor of acme-corp; Ed consumes. Every function enters the tenant's context itself. Applications, roles and
bindings are written as rows, so that a test can make worlds that the verbs would refuse to make.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import owner_context, tenant_context
from authz.models import (
    Application,
    Binding,
    Group,
    GroupMember,
    Role,
    RoleScope,
    Scope,
    ServiceAccount,
)
from endusers import operations as endusers
from endusers.models import EndUser, PlanTier
from tenants import operations as tenants
from tenants.models import Identity, Membership, Tenant, TenantUser

PASSWORD = "correct horse battery staple"


def person(email: str, name: str = "", *, verified: bool = True) -> Identity:
    """An identity with PASSWORD and a verified address."""
    identity = Identity.objects.filter(email=email).first()
    if identity is None:
        name = name or email.partition("@")[0].title()
        identity = Identity.objects.create(
            email=email, name=name, password=make_password(PASSWORD, hasher="authsec_fast")
        )
        EmailAddress.objects.create(user=identity, email=email, verified=verified, primary=True)
    return identity


def open_tenant(slug: str = "acme-corp", owner: str = "olga@acme.example", **fields: Any) -> Tenant:
    """A tenant whose name is its slug, with an owner."""
    return tenants.open_tenant(
        name=fields.pop("name", slug),
        slug=slug,
        owner=person(owner),
        actor=SYSTEM,
        now=fields.pop("now", timezone.now()),
        **fields,
    )


def member(tenant: Tenant, email: str, type: str = "member", name: str = "") -> TenantUser:
    """An active member of the type, with the role that comes with it. Returns the user row."""
    identity = person(email, name)
    with tenant_context(tenant.id):
        membership = tenants.add_member(
            tenant_id=tenant.id,
            identity=identity,
            type=type,
            source=Membership.Source.INVITE,
            actor=SYSTEM,
            now=timezone.now(),
        )
        return membership.user


def owner_of(tenant: Tenant) -> TenantUser:
    """The user row of the tenant's first owner."""
    with tenant_context(tenant.id):
        return (
            Membership.objects.select_related("user")
            .filter(tenant=tenant, type="owner")
            .order_by("joined_at")[0]
            .user
        )


def end_user(
    tenant: Tenant, email: str, tier: str = "free", name: str = "", now: datetime | None = None
) -> EndUser:
    """Somebody who consented once. The user row's id is ``user_id``."""
    identity, now = person(email, name), now or timezone.now()
    with tenant_context(tenant.id):
        user = tenants.ensure_user(tenant_id=tenant.id, identity=identity, now=now)
        endusers.ensure(tenant_id=tenant.id, user_id=user.id, actor=SYSTEM, now=now)
        return endusers.set_plan_tier(
            tenant_id=tenant.id, user_id=user.id, tier_key=tier, actor=SYSTEM, now=now
        )


def user_of(tenant: Tenant, email: str) -> TenantUser:
    """The user row of a person in a tenant, made when missing."""
    with tenant_context(tenant.id):
        return tenants.ensure_user(tenant_id=tenant.id, identity=person(email), now=timezone.now())


def signed_in(who: TenantUser | EndUser | Identity) -> Client:
    """A browser in which this person has signed in, with their password, just now."""
    if isinstance(who, EndUser):
        with tenant_context(who.tenant_id):
            who = who.user
    client = Client()
    identity = who if isinstance(who, Identity) else who.identity
    client.force_login(identity)
    session = client.session
    session["account_authentication_methods_user"] = str(identity.pk)
    session["account_authentication_methods"] = [{"method": "password", "at": timezone.now().timestamp()}]
    session.save()
    return client


def application(
    tenant: Tenant, name: str, scopes: Iterable[str] = (), uri: str = "", **fields: Any
) -> Application:
    """A verified MCP server with these scopes; the first is its default."""
    with tenant_context(tenant.id):
        made = Application.objects.create(
            tenant=tenant,
            name=name,
            resource_uri=uri or f"http://localhost:9{len(name):03}/{tenant.slug}/{name}",
            verified_at=timezone.now(),
            **fields,
        )
        for number, scope in enumerate(scopes):
            Scope.objects.create(tenant=tenant, application=made, name=scope, is_default=number == 0)
        return made


def role(tenant: Tenant, name: str, scopes: Iterable[str] = (), console: Iterable[str] = ()) -> Role:
    """A role that gives scopes and console permissions, both by name."""
    with tenant_context(tenant.id):
        made = Role.objects.create(tenant=tenant, name=name)
        for kind, names in (("scope", scopes), ("console", console)):
            for given in names:
                RoleScope.objects.create(tenant=tenant, role=made, kind=kind, name=given)
        return made


def system_role(tenant: Tenant, key: str) -> Role:
    """One of the tenant's system roles, such as tenant-admin."""
    with tenant_context(tenant.id):
        return Role.objects.get(tenant=tenant, system_key=key)


def group(tenant: Tenant, name: str, members: Iterable[TenantUser] = ()) -> Group:
    """A group with these users in it."""
    with tenant_context(tenant.id):
        made = Group.objects.create(tenant=tenant, name=name)
        for user in members:
            GroupMember.objects.create(tenant=tenant, group=made, user=user)
        return made


def service_account(tenant: Tenant, name: str) -> ServiceAccount:
    """A service account without a client."""
    with tenant_context(tenant.id):
        return ServiceAccount.objects.create(tenant=tenant, name=name)


def bind(
    tenant: Tenant,
    role: Role,
    subject: TenantUser | EndUser | Group | ServiceAccount | PlanTier,
    application: Application | None = None,
    **conditions: Any,
) -> Binding:
    """Bind a role to a subject; ``conditions`` are the binding's columns (requires_mfa, expires_at, …)."""
    columns = {
        TenantUser: "user",
        Group: "group",
        ServiceAccount: "service_account",
        PlanTier: "plan_tier",
    }
    with tenant_context(tenant.id):
        if isinstance(subject, EndUser):
            subject = subject.user
        return Binding.objects.create(
            tenant=tenant,
            role=role,
            application=application,
            **{columns[type(subject)]: subject},
            **conditions,
        )


def tier(tenant: Tenant, key: str = "free") -> PlanTier:
    """A plan tier of the tenant."""
    with tenant_context(tenant.id):
        return PlanTier.objects.get(tenant=tenant, key=key)


def next_week() -> datetime:
    """Seven days from now."""
    return timezone.now() + timedelta(days=7)


def analyzed(*tables: str) -> None:
    """Let the planner know what is in the tables, as far as this transaction sees it."""
    with owner_context(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"analyze {connection.ops.quote_name(table)}")
