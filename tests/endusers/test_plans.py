"""What PostgreSQL does for one page of a large tenant: it looks at no more than it has to, and counts nobody off."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from authsec.database.context import system_context, tenant_context
from authsec.web.pagination import Cursor
from endusers import queries
from endusers.models import EndUser
from endusers.queries import Filters
from oauth.models import Client
from tests import cast, databases

pytestmark = [pytest.mark.slow, pytest.mark.long]
LARGE, OTHER = 40_000, 10_000
MOST_READ = 1_500  # to count 10,000 through two tables would be 20,000
FILLED = datetime(2026, 6, 1, tzinfo=UTC)
READ = """
select coalesce(sum(seq_tup_read), 0)::int, coalesce(sum(idx_tup_fetch), 0)::int from pg_stat_xact_user_tables
 where relname in ('endusers_enduser', 'oauth_consent', 'tenants_profile', 'users')
"""
FILL = """
with person as materialized (
  select n, gen_random_uuid() as id, gen_random_uuid() as identity, %(now)s::timestamptz - n * interval '1 minute' as at
    from generate_series(1, %(people)s) n),
identity as (
  insert into tenants_identity (id, email, name, password, is_active, is_installation_admin, created_at)
  select identity, %(slug)s || n || '@example.test', '', '!', true, false, at from person),
projected as (insert into users (id, tenant_id, identity_id) select id, %(tenant)s, identity from person),
profile as (
  insert into tenants_profile (id, tenant_id, user_id, email, display_name, updated_at)
  select gen_random_uuid(), %(tenant)s, id, 'person' || n || '@example.test',
         case when n %% 1000 = 7 then 'Okafor ' || n else 'Person ' || n end, at from person),
consumer as (
  insert into endusers_enduser (user_id, tenant_id, status, plan_tier_id, created_at, first_consent_at, last_seen_at,
                                suspended_at, suspended_reason)
  -- The suspended ones were seen last of all: to walk to them is to look at everybody.
  select id, %(tenant)s, case when n > %(people)s - 100 then 'suspended' else 'active' end,
         case when n %% 300 = 0 then %(rare)s::uuid else %(usual)s::uuid end, at, at, at,
         case when n > %(people)s - 100 then at end, '' from person),
suspension as (
  insert into endusers_standingchange (id, tenant_id, user_id, capacity, from_status, to_status, from_type, to_type, at,
                                       reason)
  select gen_random_uuid(), %(tenant)s, id, 'end_user', 'active', 'suspended', '', '', at, '' from person
   where n > %(people)s - 100)
insert into oauth_consent (id, tenant_id, user_id, client_id, application_id, scopes, created_at, updated_at)
select gen_random_uuid(), %(tenant)s, id, %(client)s, case when n %% 400 = 1 then %(few)s::uuid else %(all)s::uuid end,
       '{x:read}', at, at from person
"""


PAIRS: list[dict[str, Any]] = [
    {},
    {"status": "active"},
    {"status": "suspended"},
    {"plan_tier": "free"},
    {"plan_tier": "pro"},
    {"application": "all"},
    {"application": "few"},
    {"client": "client"},
    {"client": "client", "application": "few"},
    {"client": "client", "status": "suspended"},
    {"plan_tier": "pro", "application": "few"},
    {"text": "okafor"},
    {"text": "nobody"},
    {"text": "example.test"},
    {"text": "person777@example.test"},
    {"text": "okafor", "status": "suspended"},
    {"plan_tier": "pro", "status": "suspended"},
    {"text": "pe"},
    {"text": "okafor", "status": "active"},
    {"seen_to": FILLED - timedelta(days=27, hours=12), "status": "active"},
    {"consent_from": FILLED - timedelta(hours=1), "plan_tier": "free"},
]


@pytest.fixture
def read(own_database: None) -> Iterator[Callable[..., tuple[int, int]]]:
    """Answers how many rows one page reads of the tables that grow with the people: one after the other through a whole
    table, and through an index.
    """
    tenant, known = _fill("large-tools", LARGE)
    _fill("other-tools", OTHER)
    with psycopg.connect(databases.address(connection.settings_dict["NAME"]), autocommit=True) as owner:
        owner.execute("vacuum analyze")

    def counted(cursor: str = "", sort: str = "last_seen", **by: Any) -> tuple[int, int]:
        filters = Filters(**{name: known.get(value, value) for name, value in by.items()})
        with tenant_context(tenant), connection.cursor() as statement:
            statement.execute(READ)
            before = statement.fetchone()
            queries.search(tenant, filters, cursor, sort=sort)
            statement.execute(READ)
            through, by_index = statement.fetchone()
            return through - before[0], by_index - before[1]

    counted.tenant = tenant  # type: ignore[attr-defined]
    yield counted


def _fill(slug: str, people: int) -> tuple[UUID, dict[Any, UUID]]:
    """The tenant, and its Applications and client by name."""
    tenant = cast.open_tenant(slug, f"owner@{slug}.example")
    known = {name: cast.application(tenant, f"{name}-mcp", ["x:read"]).pk for name in ("all", "few")}
    with tenant_context(tenant.pk):
        known["client"] = Client.objects.create(tenant=tenant, client_id=slug, name=slug).pk
    rows = {"people": people, "slug": slug, "tenant": tenant.pk, "now": FILLED, **known}
    rows |= {"usual": cast.tier(tenant).pk, "rare": cast.tier(tenant, "pro").pk}
    with system_context(), connection.cursor() as cursor:
        cursor.execute("set constraints all deferred")
        cursor.execute(FILL, rows)
    return tenant.pk, known


def test_no_page_reads_a_table_through_or_counts_everybody_off(read: Callable[..., tuple[int, int]]) -> None:
    found = {str((by, sort)): read(sort=sort, **by) for by in PAIRS for sort in queries.SORTS}
    assert {name: rows for name, rows in found.items() if rows[0]} == {}
    assert {name: rows for name, rows in found.items() if rows[1] > MOST_READ} == {}
    _same_far_down(read)


def _same_far_down(read: Callable[..., tuple[int, int]]) -> None:
    tenant = read.tenant  # type: ignore[attr-defined]
    with tenant_context(tenant):
        person = EndUser.objects.filter(tenant_id=tenant).order_by("last_seen_at")[1000]
    deep = Cursor("last_seen:desc", False, person.last_seen_at, person.pk).encode()
    for by in ({}, {"status": "active"}, {"application": "all"}):
        (through, far), (_, first) = read(cursor=deep, **by), read(**by)
        assert (through, far <= first + 100) == (0, True), by
