"""The worked example: acme-corp, alex-tools and data-tools-cloud.

Alex stands in all three: owner of alex-tools, contractor of acme-corp, end user of data-tools-cloud.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from authsec.audit.actor import Actor
from authsec.console.demo.crowd import Crowd, fill
from authsec.console.demo.handout import Kept
from authsec.console.demo.people import PASSWORD, PEOPLE, identity_of, totp_secret
from authsec.console.demo.tenant import DemoTenant
from authsec.database.context import app_context, system_context, tenant_context
from authz import service_accounts
from authz.models import Application
from authz.scopes import ScopeSpec
from authz.tool_manifest import ToolSpec
from endusers import operations as endusers
from endusers import rollups
from oauth.clients import creation as clients
from oauth.clients.creation import Registration
from oauth.clients.registration import CODE_GRANTS, GRANTS
from oauth.models import Client, ClientApproval
from tenants import operations as tenants
from tenants.models import Identity, Tenant

CLI = "authsec-cli"
MET_DAYS = 90  # ago, by the assistants of a crowd
CLI_REDIRECTS = ["http://127.0.0.1/callback", "http://localhost/callback"]
DESK_REDIRECT = "http://localhost:9200/callback"
ASSISTANTS = ("Quill", "Tidepool", "Lantern Code")  # clients that registered themselves, for the crowd
SMALL_CROWD = 24


def load(*, now: datetime, end_users: int) -> dict[str, Any]:
    """Build what is missing and return the content of the handout. One transaction holds all of it."""
    with app_context():
        kept = Kept()
        identities = {person.key: identity_of(person, now) for person in PEOPLE}
        cli = _installation_client()
        assistants = [_assistant(name, now) for name in ASSISTANTS]
        loaded: dict[str, list[Any]] = {
            "tenants": [],
            "applications": [],
            "clients": [],
            "service_accounts": [],
        }
        _acme(identities, kept, now, loaded, assistants)
        _alex_tools(identities, kept, now, loaded, assistants, end_users)
        _data_tools(identities, kept, now, loaded, assistants)
        loaded["clients"].insert(
            0, {"name": cli.name, "client_id": cli.client_id, "redirect_uris": cli.redirect_uris.split()}
        )
        return {"base_url": settings.PUBLIC_URL, "users": _users(identities), **loaded}


def _acme(
    who: dict[str, Identity], kept: Kept, now: datetime, loaded: dict[str, list[Any]], assistants: list[UUID]
) -> None:
    demo = DemoTenant(
        slug="acme-corp",
        name="Acme Corp",
        plan=Tenant.Plan.BUSINESS,
        owner=who["olga"],
        opened_days=300,
        kept=kept,
        now=now,
    )
    with tenant_context(demo.tenant.pk):
        demo.owned_by("olga", who["olga"])
        demo.member("adam", who["adam"], "admin", 290)
        alice = demo.member("alice", who["alice"], "member", 240)
        carl = demo.member("carl", who["carl"], "contractor", 120)
        demo.member("rita", who["rita"], "readonly_auditor", 60)
        demo.member("alex", who["alex"], "contractor", 90)
        demo.invited("nadia.berg@acme.example", "member", 0.1)
        demo.invited("j.okonkwo@brightline.example", "contractor", 5.2)

        github = demo.application("github-mcp", 9101, GITHUB, "Pull requests of our repositories", 230)
        deploy = demo.application("deploy-mcp", 9102, DEPLOY, "Roll-outs to staging and production", 200)
        demo.tools(github, 30, *GITHUB_TOOLS)
        demo.tools(deploy, 30, *DEPLOY_TOOLS)
        reader = demo.role("PR Reader", "Reads pull requests.", 229, ["pr:read"])
        writer = demo.role(
            "PR Writer", "Reads, opens and changes pull requests.", 229, ["pr:read", "pr:write"]
        )
        operator = demo.role(
            "Deploy Operator", "Starts and watches roll-outs.", 199, ["deploy:run", "deploy:status"]
        )
        auditor = demo.role("Auditor", "Reads the audit log and who has which access.", 50, console=AUDITOR)
        engineering = demo.group("engineering", "Who writes our software", [alice], 228)
        on_call = demo.group("on-call", "Who answers at night", [alice, carl], 110)
        demo.bind(writer, engineering, 228, github)
        demo.bind(operator, on_call, 110, deploy, mfa=True, reason="Roll-outs need a second factor.")
        demo.bind(reader, demo.tier("free"), 227, github)
        demo.bind(auditor, alice, 1, ends_in_days=7, reason="Covers for Rita during the yearly review.")

        bot, bot_client = demo.service_account("release-bot", "Cuts releases and keeps groups in order", 100)
        demo.bind(demo.system_role("tenant-admin"), bot, 100)
        demo.bind(operator, bot, 100, deploy)
        service_accounts.add_operator(
            tenant_id=demo.tenant.pk,
            service_account_id=bot.pk,
            user_id=demo.users["adam"].pk,
            actor=demo.actor,
            now=demo.ago(99),
        )
        desk = demo.client("Acme Desk", DESK_REDIRECT, 80)
        _crowd(demo, "olga", github, ["pr:read"], assistants, SMALL_CROWD)
        loaded["applications"] += [demo.application_entry(github), demo.application_entry(deploy)]
        loaded["service_accounts"].append(demo.service_account_entry(bot, bot_client))
        loaded["clients"].append(
            {
                "name": desk.name,
                "client_id": desk.client_id,
                "client_secret": kept.client_secret(desk, actor=demo.actor, now=now),
                "redirect_uris": desk.redirect_uris.split(),
            }
        )
        loaded["tenants"].append(demo.handed_out())


def _alex_tools(
    who: dict[str, Identity],
    kept: Kept,
    now: datetime,
    loaded: dict[str, list[Any]],
    assistants: list[UUID],
    end_users: int,
) -> None:
    demo = DemoTenant(
        slug="alex-tools",
        name="Alex Tools",
        plan=Tenant.Plan.BUSINESS,  # a million end users fit
        owner=who["alex"],
        opened_days=430,
        kept=kept,
        now=now,
    )
    with tenant_context(demo.tenant.pk):
        demo.owned_by("alex", who["alex"])
        pdf = demo.application("pdf-mcp", 9103, PDF, "Reads and converts documents", 428)
        reader = demo.role("PDF Reader", "Reads documents.", 427, ["pdf:read"])
        converter = demo.role("PDF Converter", "Reads and converts.", 427, ["pdf:read", "pdf:convert"])
        demo.bind(reader, demo.tier("free"), 427, pdf)
        demo.bind(converter, demo.tier("pro"), 427, pdf)
        demo.bind(converter, demo.tier("custom"), 427, pdf)
        bot, bot_client = demo.service_account("support-bot", "Looks after our end users", 200)
        demo.bind(demo.system_role("tenant-admin"), bot, 200)
        _crowd(demo, "alex", pdf, ["pdf:read"], assistants, end_users)
        loaded["applications"].append(demo.application_entry(pdf))
        loaded["service_accounts"].append(demo.service_account_entry(bot, bot_client))
        loaded["tenants"].append(demo.handed_out())


def _data_tools(
    who: dict[str, Identity], kept: Kept, now: datetime, loaded: dict[str, list[Any]], assistants: list[UUID]
) -> None:
    demo = DemoTenant(
        slug="data-tools-cloud",
        name="Data Tools Cloud",
        plan=Tenant.Plan.PRO,
        owner=who["dana"],
        opened_days=350,
        kept=kept,
        now=now,
    )
    with tenant_context(demo.tenant.pk):
        demo.owned_by("dana", who["dana"])
        tables = demo.application("tables-mcp", 9104, TABLES, "Asks questions of your tables", 349)
        reader = demo.role("Analyst", "Queries tables.", 348, ["tables:query"])
        demo.bind(reader, demo.tier("free"), 348, tables)
        alex = tenants.ensure_user(tenant_id=demo.tenant.pk, identity=who["alex"], now=demo.ago(30))
        person = Actor("end_user", alex.pk, who["alex"].get_full_name(), via="oauth")
        endusers.ensure(tenant_id=demo.tenant.pk, user_id=alex.pk, actor=person, now=demo.ago(30))
        demo.users["alex"] = alex
        _crowd(demo, "dana", tables, ["tables:query"], assistants, SMALL_CROWD // 2)
        loaded["applications"].append(demo.application_entry(tables))
        loaded["tenants"].append(demo.handed_out())


def _crowd(
    demo: DemoTenant,
    owner: str,
    application: Application,
    scopes: list[str],
    assistants: list[UUID],
    upto: int,
) -> None:
    crowd = Crowd(
        tenant_id=demo.tenant.pk,
        owner_id=demo.users[owner].pk,
        owner_name=demo.actor.name,
        application_id=application.pk,
        scopes=scopes,
        clients=assistants,
        upto=upto,
    )
    fill([crowd], demo.now)
    # Whoever consents to a client makes the tenant meet it: it stands on the Clients page.
    ClientApproval.objects.bulk_create(
        [
            ClientApproval(
                tenant=demo.tenant, client_id=one, first_seen_at=demo.ago(MET_DAYS), last_seen_at=demo.now
            )
            for one in assistants
        ],
        ignore_conflicts=True,
    )
    rollups.roll_up(tenant_id=demo.tenant.pk, now=demo.now)


def _installation_client() -> Client:
    """The public client of the management API. It belongs to the installation: no tenant could make it."""
    with system_context():
        client: Client = Client.objects.get_or_create(
            client_id=CLI,
            defaults={
                "name": "AuthSec CLI",
                "client_type": Client.CLIENT_PUBLIC,
                "client_secret": "",
                "authorization_grant_type": Client.GRANT_AUTHORIZATION_CODE,
                "token_endpoint_auth_method": "none",
                "grant_types": list(GRANTS),
                "redirect_uris": " ".join(CLI_REDIRECTS),
                "api_access": True,
            },
        )[0]
        if client.grant_types != list(GRANTS):  # loaded before there was a grant for devices
            client.grant_types = list(GRANTS)
            client.save(update_fields=["grant_types", "updated"])
        return client


def _assistant(name: str, now: datetime) -> UUID:
    """A client that registered itself, as AI clients do."""
    with system_context():
        client: Client | None = Client.objects.filter(tenant=None, name=name).first()
        if client is None:
            asked = Registration(name, [DESK_REDIRECT], "none", list(CODE_GRANTS))
            client, _ = clients.register_public(asked, now=now)
        found: UUID = client.pk
        return found


def _users(identities: dict[str, Identity]) -> list[dict[str, Any]]:
    users = []
    for person in PEOPLE:
        identity = identities[person.key]
        entry = {
            "key": person.key,
            "email": identity.email,
            "password": PASSWORD,
            "identity_id": str(identity.pk),
        }
        if secret := totp_secret(identity):
            entry["totp_secret"] = secret
        users.append(entry)
    return users


GITHUB = [
    ScopeSpec("pr:read", "Read pull requests and their comments", "low", is_default=True),
    ScopeSpec("pr:write", "Open, change and comment on pull requests", "medium"),
    ScopeSpec("pr:merge", "Merge pull requests", "high"),
]
DEPLOY = [
    ScopeSpec("deploy:status", "See what runs where", "low", is_default=True),
    ScopeSpec("deploy:run", "Roll a version out to staging or production", "critical"),
]
GITHUB_TOOLS = [
    (
        ToolSpec("list_pull_requests", "List pull requests", "Those of a repository, newest first."),
        ["pr:read", "pr:write"],
    ),
    (ToolSpec("comment", "Comment", "Writes a comment under a pull request."), ["pr:write"]),
    (ToolSpec("open_pull_request", "Open a pull request", "From a branch that is pushed."), ["pr:write"]),
    (ToolSpec("merge", "Merge", "Merges a pull request that was approved."), ["pr:merge"]),
    (ToolSpec("delete_branch", "Delete a branch", "For good.", suggested_scopes=("pr:write",)), None),
]
DEPLOY_TOOLS = [
    (ToolSpec("status", "Status", "What runs where."), ["deploy:status", "deploy:run"]),
    (ToolSpec("roll_out", "Roll out", "Rolls a version out to staging or production."), ["deploy:run"]),
    (ToolSpec("roll_back", "Roll back", "Goes back to the version before."), ["deploy:run"]),
]
PDF = [
    ScopeSpec("pdf:read", "Read the text of your documents", "low", is_default=True),
    ScopeSpec("pdf:convert", "Convert your documents into other formats", "medium"),
]
TABLES = [ScopeSpec("tables:query", "Ask questions of your tables", "low", is_default=True)]
AUDITOR = ("audit:read", "effective_access:read", "bindings:read", "roles:read", "groups:read")
