"""What the hourly cleanup finds, and by which index: rows that are over, requests that nobody came back to."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.console import schedule
from authsec.database.context import system_context, tenant_context
from oauth import cleanup
from oauth.clients import creation as clients
from oauth.models import ClientApproval, ClientPolicy
from tests.oauth.world import ED, World, public_client, world

pytestmark = pytest.mark.django_db
INDEXES = {
    "oauth_grant": "oauth_grant_expires_idx",
    "oauth_accesstoken": "oauth_accesstoken_expires_idx",
    "oauth_refreshtoken": "oauth_refreshtoken_family_end",
    "oauth_devicegrant": "oauth_devicegrant_expires_idx",
    "oauth_usedassertion": "oauth_usedassertion_exp_idx",
    "oauth_introspectioncount": "oauth_count_hour_idx",
    "oauth_callcount": "oauth_callcount_kept_idx",
}


def plan(statement: str, values: Any) -> str:
    """How PostgreSQL goes about it where a table is too large to be read whole."""
    with system_context(), connection.cursor() as cursor:
        # A table that happens to be empty is read by any index: the order that is asked for has to come from this one.
        cursor.execute("set local enable_seqscan = off; set local enable_sort = off")
        cursor.execute(f"explain {statement}", values)
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.parametrize("table", cleanup.KEPT)
def test_what_is_over_is_found_by_an_index(table: str) -> None:
    column, _ = cleanup.KEPT[table]
    found = plan(
        f"select ctid from {table} where {column} < %s order by {column} limit 5000 for update skip locked",
        [timezone.now()],
    )
    assert INDEXES[table] in found
    assert f"Seq Scan on {table}" not in found


def test_requests_and_clients_are_found_by_an_index() -> None:
    values = {"before": timezone.now(), "batch": 100}
    assert "oauth_clientapproval_open_idx" in plan(cleanup.ABANDONED, values)
    assert "oauth_client_unused_idx" in plan(cleanup.UNUSED, values)


# Small: what waits for an answer, and what operators limited by hand.
READ_WHOLE = {"oauth_devicegrant.application_id", "oauth_clientlimit.client_id"}


def test_nothing_that_is_deleted_makes_the_database_read_a_large_table() -> None:
    """Every reference to a table that is cleaned up leads along an index, or is none of the database's."""
    with connection.cursor() as cursor:
        cursor.execute(
            """select c.conrelid::regclass::text || '.' || a.attname from pg_constraint c
                 join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
                where c.contype = 'f' and c.confrelid::regclass::text = any(%s)
                  and not exists (select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1])
            """,
            [[*cleanup.KEPT, "oauth_client"]],
        )
        assert {row[0] for row in cursor.fetchall()} == READ_WHOLE


def test_every_cleanup_is_scheduled() -> None:
    done = {entry.does for entry in schedule.SCHEDULE}
    assert {value for name, value in vars(cleanup).items() if name.startswith("delete_")} <= done


def asked(it: World, name: str) -> ClientApproval:
    """A client that somebody tried to use: it waits for the tenant's word."""
    it.client = public_client(name)
    assert "waits for approval" in it.signed_in(ED).get(it.query()[0]).content.decode()
    found: ClientApproval = ClientApproval.objects.get(tenant_id=it.tenant.pk, client=it.client)
    return found


def test_a_request_that_nobody_repeated_or_decided_is_forgotten_after_a_month() -> None:
    it, now = world(), timezone.now()
    it.tokens(it.signed_in(ED))  # a client that is in use
    with tenant_context(it.tenant.pk):
        ClientPolicy.objects.create(tenant=it.tenant, registration_policy="review")
        rows = {name: asked(it, name) for name in ("forgotten", "again", "approved", "denied")}
        rows["again"].last_seen_at = now + timedelta(days=20)
        rows["again"].save()
        for name, decide in (("approved", clients.approve), ("denied", clients.deny)):
            decide(tenant_id=it.tenant.pk, client_id=rows[name].client_id, actor=SYSTEM, now=now)
        before = ClientApproval.objects.filter(tenant_id=it.tenant.pk).count()
    assert cleanup.delete_abandoned_requests(now=now + timedelta(days=29)) == 0
    assert cleanup.delete_abandoned_requests(now=now + timedelta(days=31), batch=1) == 1
    with tenant_context(it.tenant.pk):
        left = ClientApproval.objects.filter(tenant_id=it.tenant.pk)
        assert left.count() == before - 1
        assert not left.filter(pk=rows["forgotten"].pk).exists()
        assert asked(it, "anew").status == ClientApproval.Status.PENDING
