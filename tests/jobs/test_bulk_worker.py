"""A bulk suspension by a real worker that is killed in the middle: each person is done exactly once."""

import signal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from authsec.audit.actor import Actor
from authsec.audit.models import Event
from authsec.database.context import system_context, tenant_context
from authsec.jobs.models import Job
from endusers.bulk import jobs
from endusers.bulk.selection import Selection
from endusers.bulk.verbs import VERBS
from endusers.models import EndUser, Outcome, StandingChange
from endusers.queries import Filters
from tenants.models import Tenant
from tests import cast, databases
from tests.servers import eventually
from tests.workers import dawdling, working

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.usefixtures("own_database")]
MANY = 30_000
FILL = """
with made as (select gen_random_uuid() as id, gen_random_uuid() as identity, n from generate_series(1, %(many)s) n),
identities as (
  insert into tenants_identity (id, email, name, password, is_active, is_installation_admin, created_at)
  select identity, 'p' || n || '@crowd.example', '', '!', true, false, now() from made),
people as (insert into users (id, tenant_id, identity_id) select id, %(tenant)s, identity from made),
profiles as (
  insert into tenants_profile (id, tenant_id, user_id, email, display_name, updated_at)
  select gen_random_uuid(), %(tenant)s, id, 'p' || n || '@crowd.example', '', now() from made)
insert into endusers_enduser (user_id, tenant_id, status, plan_tier_id, created_at, suspended_reason)
select id, %(tenant)s, 'active', %(tier)s, now(), '' from made
"""


def start(tenant: Tenant) -> Job:
    """A suspension of a crowd, asked for by the owner."""
    with system_context(), connection.cursor() as cursor:
        cursor.execute("set constraints all deferred")
        cursor.execute(FILL, {"many": MANY, "tenant": tenant.id, "tier": cast.tier(tenant).pk})
    with tenant_context(tenant.id):
        return jobs.ask(
            tenant_id=tenant.id,
            verb=VERBS["suspend"],
            selection=Selection(Filters(status="active")),
            params={},
            reason="a leak",
            actor=Actor("member", cast.owner_of(tenant).pk, "Alex", "owner", via="console"),
            now=timezone.now(),
        )


def now_of(job: Job) -> Job:
    with tenant_context(job.tenant_id):
        return Job.objects.get(pk=job.pk)


def test_a_worker_killed_in_the_middle_leaves_each_person_done_exactly_once(
    tmp_path: Path, settings: Any
) -> None:
    settings.VAR = tmp_path
    tenant = cast.open_tenant("alex-tools", "alex@alex-tools.example")
    dawdling()
    job, here = start(tenant), databases.address(connection.settings_dict["NAME"])
    with working(here, tmp_path) as first:
        eventually(lambda: now_of(job).done, within_s=60, what="progress")
        first.send_signal(signal.SIGKILL)
        first.wait()
    kept = now_of(job)
    assert kept.status == Job.Status.RUNNING, "it was too quick for this test"
    assert 0 < kept.done < MANY
    with tenant_context(tenant.id):
        assert EndUser.objects.filter(tenant=tenant, status="suspended").count() >= kept.done
    with working(here, tmp_path):
        eventually(lambda: not now_of(job).active, within_s=120, what="the job's end")
    ended = now_of(job)
    assert (ended.status, ended.attempt, ended.total, ended.done) == ("done", 2, MANY, MANY)
    assert jobs.tally(ended) == {"changed": MANY}
    with tenant_context(tenant.id):
        assert EndUser.objects.filter(tenant=tenant, status="suspended").count() == MANY
        for rows, key in (
            (StandingChange.objects.filter(tenant=tenant, to_status="suspended"), "user_id"),
            (Event.objects.filter(tenant=tenant, action="end_user.suspended"), "target_id"),
            (Outcome.objects.filter(tenant=tenant, job_id=job.pk, fate="changed"), "user_id"),
        ):
            assert rows.count() == rows.values(key).distinct().count() == MANY
