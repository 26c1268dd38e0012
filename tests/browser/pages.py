"""Every page a person can open, from the table of routes, with ids of the demo."""

from functools import lru_cache
from typing import Any

import httpx
import psycopg
import pytest

from tests.console.route_table import CONSOLE, OWN, PUBLIC, ROWS
from tests.console.world import fill
from tests.plain_client import pkce, register
from tests.servers import Service

# One row of each kind of acme-corp, as a path names it.
SAMPLES = {
    "user_id": "select user_id from endusers_enduser where tenant_id = %s order by user_id limit 1",
    "member_id": "select user_id from tenants_membership where tenant_id = %s and type = 'member' limit 1",
    "invitation_id": "select id from tenants_invitation where tenant_id = %s order by email limit 1",
    "application_id": """select a.id from authz_tool t join authz_application a on a.id = t.application_id
        where t.tenant_id = %s and t.ended_at is null order by a.name, t.name limit 1""",
    "tool_id": """select t.id from authz_tool t join authz_application a on a.id = t.application_id
        where t.tenant_id = %s and t.ended_at is null order by a.name, t.name limit 1""",
    "role_id": "select id from authz_role where tenant_id = %s and system_key = '' order by name limit 1",
    "group_id": "select id from authz_group where tenant_id = %s order by name limit 1",
    "service_account_id": "select id from authz_serviceaccount where tenant_id = %s limit 1",
    "account_id": "select id from authz_serviceaccount where tenant_id = %s limit 1",
    "binding_id": "select id from authz_binding where tenant_id = %s and group_id is not null limit 1",
    "client_id": "select id from oauth_client where tenant_id = %s and service_account_id is null limit 1",
    "consent_id": "select id from oauth_consent where tenant_id = %s limit 1",
    "credential_id": "select id from oauth_resourcecredential where tenant_id = %s limit 1",
    # The demo has none: one that nobody works on, so that its page shows progress.
    "transfer_id": """insert into tenants_ownershiptransfer (id, tenant_id, from_user_id, to_user_id, status,
                                    created_at, expires_at)
                 select gen_random_uuid(), a.tenant_id, a.user_id, o.user_id, 'pending', now(), now() + interval '1 day'
                   from tenants_membership a join tenants_membership o on o.tenant_id = a.tenant_id
                  where a.tenant_id = %s and a.type = 'admin' and o.type = 'owner' limit 1
                     on conflict do nothing returning id""",
    "job_id": """insert into jobs_job (id, tenant_id, kind, status, total, done, failed, params, started_by, actor,
        attempt, tries, error, file, size, created_at)
        select gen_random_uuid(), %s, 'audit.export', 'running', 1200, 450, 0,
        '{"filter": {"actor": "Adam"}, "format": "csv"}', gen_random_uuid(), '{"name": "Adam"}', 1, 0, '', '', 0, now()
        returning id""",
    "key": "select key from endusers_plantier where tenant_id = %s and key = 'pro'",
    # What a bulk action did, one person changed and one left out; a file of tiers that nobody has looked at yet.
    "bulk_job_id": """with job as (insert into jobs_job (id, tenant_id, kind, status, total, done, failed, params,
        cursor, started_by, actor, attempt, tries, error, file, size, created_at, finished_at)
        values (gen_random_uuid(), %s, 'end_users.suspend', 'done', 2, 2, 0,
        '{"selection": {"user_ids": []}, "params": {}, "reason": "an audit"}',
        '{"tally": {"changed": 1, "already": 1}}',
        gen_random_uuid(), '{"name": "Adam"}', 1, 0, '', '', 0, now(), now()) returning id, tenant_id),
        people as (insert into endusers_outcome (tenant_id, job_id, user_id, fate, at)
        select j.tenant_id, j.id, e.user_id, (array['changed', 'already'])[row_number() over ()], now()
          from job j join lateral (select user_id from endusers_enduser where tenant_id = j.tenant_id
                                    order by user_id limit 2) e on true)
        select id from job""",
    # A live token of the end user above.
    "token_id": """insert into oauth_accesstoken (id, tenant_id, audience_id, application_id, subject, subject_kind,
        acr, amr, requested, token, token_checksum, expires, scope, resource, created, updated)
        select gen_random_uuid(), e.tenant_id, a.id, k.id, e.user_id, 'user', '', '{}', '{}', '',
               md5(random()::text) || md5(random()::text), now() + interval '1 hour', 'pr:read', '[]', now(), now()
          from (select tenant_id, user_id from endusers_enduser where tenant_id = %s order by user_id limit 1) e
          join lateral (select id from authz_application where tenant_id = e.tenant_id order by name limit 1) a on true
          join lateral (select id from oauth_client order by created limit 1) k on true
        returning id""",
    "upload_id": """with upload as (insert into endusers_upload (id, tenant_id, name, created_at)
        values (gen_random_uuid(), %s, 'tiers.csv', now()) returning id, tenant_id),
        lines as (insert into endusers_uploadline (id, tenant_id, upload_id, number, named, email, plan_tier, status,
        problem) select gen_random_uuid(), tenant_id, id, 2, 'nobody@example.test', 'nobody@example.test', 'pro', '', ''
          from upload) select id from upload""",
}
# What a page must be asked with, to be one.
QUERIES = {"t/<slug:slug>/end-users/bulk/": "?action=suspend&all=1"}
# Pages that answer with something else than a page for a person.
NO_PAGES = {
    "healthz",
    "readyz",
    "api/schema",
    "accounts/2fa/recovery-codes/download/",
    "t/<slug:slug>/jobs/<uuid:job_id>/result/",
    "t/<slug:slug>/authz/effective-access/text/",
    "t/<slug:slug>/authz/effective-access/requests/",  # asks whose
    "t/<slug:slug>/authz/effective-access/ways/",  # asks whose, and to what
}


@lru_cache(maxsize=4)
def _samples(database_url: str, tenant_id: str) -> dict[str, Any]:
    found: dict[str, Any] = {"slug": "acme-corp", "tenant_id": tenant_id}
    with psycopg.connect(database_url) as connection:
        connection.execute("set local role authsec_system")
        for name, question in SAMPLES.items():
            row = connection.execute(question, [tenant_id]).fetchone()
            if row:
                found[name] = row[0]
    return found


def address(service: Service, path: str) -> str:
    """The path of a route's page in acme-corp."""
    row = ROWS[path]
    found = row.url or fill(path, _samples(service.database_url, service.tenant("acme-corp")["id"]))
    return found + QUERIES.get(path, "")


def routes_of(*kinds: str) -> list[str]:
    """Routes of these kinds that answer GET with a page."""
    return [
        path
        for path, row in ROWS.items()
        if row.kind in kinds
        and "GET" in row.methods
        and path not in NO_PAGES
        and row.methods["GET"] not in (400, 404)
    ]


FOR_OPERATORS = routes_of(CONSOLE, OWN)
FOR_ANYBODY = routes_of(PUBLIC)


HUGE = {"api/docs/"}  # as long as the API is wide
PARTS = {"t/<slug:slug>/authz/bindings/ending/"}  # parts of other pages, for who has no JavaScript
# Further tabs of a page of which two are visited anyway.
TABS = {f"t/<slug:slug>/end-users/<uuid:user_id>/{tab}/" for tab in ("access", "activity", "limits", "json")}


def pages_first(paths: list[str]) -> list[Any]:
    """These routes, those that ask before they do something and those of one's own account for the long run: they are
    many, and built alike.
    """
    later = {
        path
        for path in paths
        if path in HUGE | PARTS | TABS
        or "POST" in ROWS[path].methods
        or path.startswith(("account/", "accounts/"))
    }
    return [pytest.param(path, marks=pytest.mark.long) if path in later else path for path in paths]


def consent_url(service: Service, slug: str = "github-mcp", **more: str) -> str:
    """An authorize request of a client that has just registered, for one of the demo's Applications."""
    client = register(service, "Claude Code")
    _, challenge = pkce()
    query = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": client["redirect_uris"][0],
        "resource": service.application(slug)["resource_uri"],
        "state": "a state that the client chose",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **more,
    }
    return str(httpx.URL(f"{service.base_url}/oauth/authorize", params=query))
