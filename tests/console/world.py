"""Two tenants and everybody who may knock at their doors; every name inside acme-corp holds the marker."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from authsec.audit.actor import SYSTEM, Actor
from authsec.audit.filters import Filter
from authsec.audit.jobs import export
from authsec.audit.models import Event
from authsec.database.context import system_context, tenant_context
from authz import tool_publication
from authz.models import Binding, Role, RoleScope, ServiceAccountOperator, Tool
from authz.tool_manifest import ToolSpec
from endusers import imports, plan_tiers
from endusers import operations as endusers
from endusers.bulk import jobs as bulk_jobs
from endusers.bulk.selection import Selection
from endusers.bulk.verbs import VERBS
from oauth.models import AccessToken, Client, ClientApproval, Consent, Decision, ResourceCredential
from tenants import operations as tenants
from tenants.models import Invitation, Tenant, TenantUser
from tests import cast
from tests.console.api import account_client, token_of

MARKER = "zanzibar"
API_READ, API_BOTH = ("api:read",), ("api:read", "api:write")


@dataclass
class Side:
    """One tenant with one row of everything that a path can name."""

    tenant: Tenant
    ids: dict[str, Any] = field(default_factory=dict)


@dataclass
class World:
    """``ours`` is acme-corp; ``theirs`` belongs to the stranger. Actors by name; tokens made while all were active."""

    ours: Side
    theirs: Side
    actors: dict[str, TenantUser]
    cookies: dict[str, str]
    tokens: dict[str, str]
    reading: dict[str, str]


def build() -> World:
    """Make both tenants and the actors, through the product's verbs where they exist."""
    ours, theirs = side("acme-corp", MARKER), side("globex", "plain")
    tenant = ours.tenant
    actors = {
        "stranger": cast.owner_of(theirs.tenant),
        "suspended": cast.member(tenant, "sue@people.example"),
        "left": cast.member(tenant, "leo@people.example"),
        "powerless": cast.member(tenant, "pat@people.example"),
        "holder": cast.member(tenant, "hal@people.example"),
    }
    offerer = Actor("member", cast.owner_of(tenant).pk, f"Olga {MARKER}", capacity="owner")
    with tenant_context(tenant.id):
        offer = tenants.offer_transfer(
            tenant_id=tenant.id, to_user_id=actors["powerless"].pk, actor=offerer, now=timezone.now()
        )
    ours.ids["transfer_id"] = offer.pk
    cast.end_user(tenant, "connie@people.example")
    actors["consumer"] = cast.user_of(tenant, "connie@people.example")
    cookies = {
        name: cast.signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
        for name, user in actors.items()
    }
    tokens = {name: token_of(user, API_BOTH) for name, user in actors.items()}
    reading = {name: token_of(user, API_READ) for name, user in actors.items()}
    with tenant_context(tenant.id):
        now = timezone.now()
        taken = [actors["powerless"].pk, actors["holder"].pk]
        Binding.objects.filter(tenant=tenant, user_id__in=taken).update(ended_at=now)
        tenants.suspend_member(
            tenant_id=tenant.id, user_id=actors["suspended"].pk, reason="a test", actor=SYSTEM, now=now
        )
        tenants.remove_member(tenant_id=tenant.id, user_id=actors["left"].pk, actor=SYSTEM, now=now)
    return World(ours, theirs, actors, cookies, tokens, reading)


def side(slug: str, word: str) -> Side:
    """A tenant in which every name, address and reason holds ``word``."""
    tenant = cast.open_tenant(slug, f"owner@{word}.example", name=slug.title())
    user = cast.end_user(tenant, f"ed@{word}.example", name=f"Ed {word}")
    colleague = cast.member(tenant, f"carol@{word}.example", name=f"Carol {word}")
    application = cast.application(tenant, f"{word}-mcp", [f"{word}:read", f"{word}:write"])
    role = cast.role(tenant, f"{word} reader", [f"{word}:read"])
    group = cast.group(tenant, f"{word} crew", [colleague, cast.user_of(tenant, f"ed@{word}.example")])
    account = cast.service_account(tenant, f"{word}-bot")
    account_client(account)
    with tenant_context(tenant.id):
        for operator in (colleague.pk, user.user_id):
            ServiceAccountOperator.objects.create(tenant=tenant, service_account=account, user_id=operator)
    tool = publish(tenant, application.pk, f"{word}_tool", f"{word}:read")
    binding = cast.bind(tenant, role, group, application, reason=f"{word} reason")
    member_binding = cast.bind(tenant, role, colleague, application)
    with system_context():
        client = Client.objects.create(
            tenant=tenant,
            name=f"{word} client",
            client_id=f"{word}-client",
            client_type=Client.CLIENT_PUBLIC,
            authorization_grant_type=Client.GRANT_AUTHORIZATION_CODE,
            redirect_uris="http://127.0.0.1/callback",
        )
    with tenant_context(tenant.id):
        now = timezone.now()
        ClientApproval.objects.create(tenant=tenant, client=client)
        consent = Consent.objects.create(
            tenant=tenant,
            user_id=user.user_id,
            client=client,
            application=application,
            scopes=[f"{word}:read"],
        )
        token = Decision.objects.create(
            tenant=tenant,
            token_id=uuid4(),
            subject=user.user_id,
            client_id=client.pk,
            client_name=client.name,
            application_id=application.pk,
            grant_type="authorization_code",
            granted=[f"{word}:read"],
        )
        AccessToken.objects.create(
            pk=token.token_id,
            tenant=tenant,
            audience=application,
            application=client,
            subject=user.user_id,
            token_checksum=uuid4().hex * 2,
            expires=now + timedelta(hours=1),
            scope=f"{word}:read",
        )
        credential = ResourceCredential.objects.create(
            tenant=tenant, application=application, credential_id=f"rc_{word}", secret_digest="0" * 64
        )
        invitation = Invitation.objects.create(
            tenant=tenant,
            email=f"ivy@{word}.example",
            type="contractor",
            token_digest=uuid4().hex * 2,
            expires_at=now + timedelta(days=7),
        )
        endusers.set_plan_tier(
            tenant_id=tenant.id,
            user_id=user.user_id,
            tier_key="pro",
            actor=SYSTEM,
            now=now,
            reason=f"{word} tier",
        )
        event = Event.objects.get(tenant=tenant, reason=f"{word} tier")
        job = export(
            tenant_id=tenant.id,
            filter=Filter(actor=word),
            format="csv",
            actor=Actor(kind="member", id=colleague.pk, name=f"Carol {word}"),
            now=now,
        )
        bulk = bulk_jobs.ask(
            tenant_id=tenant.id,
            verb=VERBS["set_plan_tier"],
            selection=Selection(user_ids=(user.user_id,)),
            params={"plan_tier": "pro"},
            reason=f"{word} bulk",
            actor=Actor(kind="member", id=colleague.pk, name=f"Carol {word}"),
            now=now,
        )
        tier = plan_tiers.create(
            tenant_id=tenant.id, key=f"{slug}-tier", name=f"{word} tier", actor=SYSTEM, now=now
        )
        upload = imports.bring(
            tenant_id=tenant.id,
            name=f"{word}.csv",
            content=f"user_id,plan_tier\n{user.user_id},free\n".encode(),
            actor=SYSTEM,
            now=now,
        )
    return Side(
        tenant,
        {
            "slug": tenant.slug,
            "tenant_id": tenant.pk,
            "user_id": user.user_id,
            "member_id": colleague.pk,
            "application_id": application.pk,
            "role_id": role.pk,
            "group_id": group.pk,
            "account_id": account.pk,
            "service_account_id": account.pk,
            "binding_id": binding.pk,
            "own_binding_id": member_binding.pk,
            "client_id": client.pk,
            "client_pk": client.pk,
            "event_id": event.pk,
            "job_id": job.pk,
            "bulk_job_id": bulk.pk,
            "upload_id": upload.pk,
            "consent_id": consent.pk,
            "token_id": token.token_id,
            "credential_id": credential.pk,
            "credential_key": credential.credential_id,
            "scope_name": f"{word}:read",
            "tool_id": tool.pk,
            "tool_name": tool.name,
            "invitation_id": invitation.pk,
            "tier_id": cast.tier(tenant, "pro").pk,
            "plan_tier": tier.key,
            "key": tier.key,
            "path": "mcp",
        },
    )


def publish(tenant: Tenant, application_id: Any, name: str, scope: str) -> Tool:
    """A tool that its server published, suggesting a scope, and that nobody decided about."""
    tool_publication.publish(
        tenant_id=tenant.pk,
        application_id=application_id,
        tools=[ToolSpec(name, title=name.title(), suggested_scopes=(scope,))],
        credential_id=f"rc_{name}",
        actor=SYSTEM,
        now=timezone.now(),
    )
    with tenant_context(tenant.id):
        return Tool.objects.get(tenant=tenant, name=name)


def give(world: World, right: str) -> None:
    """Let the holder hold exactly this console permission."""
    tenant = world.ours.tenant
    with tenant_context(tenant.id):
        role = Role.objects.create(tenant=tenant, name=f"only {right}")
        RoleScope.objects.create(tenant=tenant, role=role, kind=RoleScope.Kind.CONSOLE, name=right)
        Binding.objects.create(tenant=tenant, role=role, user=world.actors["holder"])


PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def fill(path: str, ids: dict[str, Any]) -> str:
    """A route's path with the ids of one side. Raises KeyError for a parameter that the world does not know."""
    return "/" + PARAMETER.sub(lambda match: str(ids[match[1]]), path)


def parameters(path: str) -> set[str]:
    """Names of a route's parameters, the tenant's own slug and id left out."""
    return set(PARAMETER.findall(path)) - {"slug", "tenant_id"}
