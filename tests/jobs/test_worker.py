"""Jobs by a real worker: to the end, cancelled, killed half-way, and without a way into another tenant."""

import csv
import io
import json
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from authsec.audit.actor import Actor
from authsec.audit.filters import Filter
from authsec.audit.jobs import CHUNK, export
from authsec.audit.models import Event
from authsec.console.management.commands.work import run_worker
from authsec.database.context import app_context, system_context, tenant_context
from authsec.jobs import operations
from authsec.jobs.models import Job
from tenants.models import Session, Tenant
from tests import cast, databases
from tests.console.api import Api, token_of
from tests.servers import eventually
from tests.workers import as_owner, dawdling, stop, working

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_database")]
MANY = 20_000
FILL = """
insert into audit_event (id, tenant_id, at, actor_kind, actor_id, actor_name, actor_capacity, action, target_kind,
    target_name, reason, via, request_id, policies)
select gen_random_uuid(), %s, now() - n * interval '1 second', 'member', %s, 'Olga', 'owner', 'group.created', 'group',
    'group ' || n, repeat('because ', 10), 'console', '', '{}'
  from generate_series(1, %s) n
"""


@pytest.fixture
def acme() -> Tenant:
    return cast.open_tenant()


@pytest.fixture
def var(tmp_path: Path, settings: Any) -> Path:
    """Where this process and the workers find the same files."""
    settings.VAR = tmp_path
    return tmp_path


@pytest.fixture
def worker(var: Path) -> Iterator[subprocess.Popen[bytes]]:
    with working(here(), var) as process:
        yield process


def here() -> str:
    """The address of the database that this test speaks to."""
    return databases.address(connection.settings_dict["NAME"])


def fill(tenant: Tenant, events: int = MANY) -> None:
    with tenant_context(tenant.id), connection.cursor() as cursor:
        cursor.execute(FILL, [tenant.id, cast.owner_of(tenant).pk, events])


def start(tenant: Tenant, **filters: Any) -> Job:
    owner = cast.owner_of(tenant)
    actor = Actor(kind="member", id=owner.pk, name="Olga", capacity="owner", via="console")
    with tenant_context(tenant.id):
        return export(
            tenant_id=tenant.id, filter=Filter(**filters), format="csv", actor=actor, now=timezone.now()
        )


def now_of(job: Job) -> Job:
    with tenant_context(job.tenant_id):
        return Job.objects.get(pk=job.pk)


def over(job: Job) -> Job:
    """The job when it is over."""
    eventually(lambda: not now_of(job).active, within_s=60, what="the job's end")
    return now_of(job)


def begun(job: Job) -> Job:
    """The job when it did something and is not over."""
    found = eventually(lambda: (job_now := now_of(job)).done and job_now, within_s=60, what="progress")
    assert found.status == Job.Status.RUNNING, "it was too quick for this test"
    return found


def rows_of(var: Path, job: Job) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((var / "exports" / job.file).read_text())))


def exports_recorded(tenant: Tenant) -> int:
    with tenant_context(tenant.id):
        return Event.objects.filter(tenant=tenant, action="audit.exported").count()


def test_an_export_through_the_api_from_asking_to_the_file(
    acme: Tenant, var: Path, worker: subprocess.Popen[bytes]
) -> None:
    fill(acme, 2_500)
    call = Api(token_of(cast.owner_of(acme)), acme)
    asked = call.post("/uflow/v2/audit-events/export", {"action": "group.created"})
    assert asked.status_code == 202, asked.content
    path = f"/uflow/v2/jobs/{asked.json()['id']}"
    assert "result_url" not in asked.json()

    done = eventually(
        lambda: (found := call.get(path).json())["status"] == "done" and found, within_s=60, what="the export"
    )
    assert (done["total"], done["done"], done["failed"]) == (2_500, 2_500, 0)
    file = call.get(done["result_url"].partition("8000")[2] or f"{path}/result")
    assert file.status_code == 200
    assert file["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode())))
    with tenant_context(acme.id):
        wanted = Event.objects.filter(action="group.created").order_by("-at", "-id")
        assert [row["id"] for row in rows] == [str(event.pk) for event in wanted]
        recorded = list(Event.objects.filter(action__startswith="audit.").order_by("at"))
    assert [event.action for event in recorded] == ["audit.exported", "audit.downloaded"]
    assert recorded[0].after == {"events": 2500, "filter": {"action": "group.created"}, "format": "csv"}
    assert recorded[0].policies
    assert recorded[0].via == "api"
    (written,) = (var / "exports").iterdir()
    assert written.stat().st_mode & 0o777 == 0o600


def test_a_cancelled_job_stops_and_leaves_no_file(
    acme: Tenant, var: Path, worker: subprocess.Popen[bytes]
) -> None:
    fill(acme)
    dawdling()
    job = begun(start(acme))
    with tenant_context(acme.id):
        operations.cancel(
            tenant_id=acme.id, job_id=job.pk, actor=Actor("member", None, ""), now=timezone.now()
        )
    eventually(lambda: not list((var / "exports").iterdir()), what="the file's end")
    ended = now_of(job)
    assert ended.status == Job.Status.CANCELLED
    assert 0 < ended.done < MANY
    assert exports_recorded(acme) == 0
    assert over(start(acme, action="tenant.opened")).status == Job.Status.DONE, (
        "the worker goes on with others"
    )


def test_a_killed_workers_job_is_finished_once_by_the_next(acme: Tenant, var: Path) -> None:
    fill(acme)
    dawdling()
    with working(here(), var) as first:
        job = begun(start(acme))
        first.send_signal(signal.SIGKILL)
        first.wait()
    kept = now_of(job)
    assert kept.status == Job.Status.RUNNING
    with working(here(), var):
        ended = over(job)
    assert (ended.status, ended.attempt) == (Job.Status.DONE, 2)
    rows = rows_of(var, ended)
    assert len(rows) == len({row["id"] for row in rows}) == ended.done == ended.total
    assert rows == sorted(rows, key=lambda row: row["at"], reverse=True)
    assert exports_recorded(acme) == 1
    assert [path.name for path in (var / "exports").iterdir()] == [ended.file]


def test_a_worker_that_is_asked_to_end_leaves_its_job_to_the_next(acme: Tenant, var: Path) -> None:
    fill(acme)
    dawdling()
    with working(here(), var) as first:
        job = begun(start(acme))
        assert stop(first) == 0
    kept = now_of(job)
    assert kept.active
    assert CHUNK <= kept.done < MANY
    with working(here(), var):
        ended = over(job)
    assert (ended.status, ended.attempt, ended.tries) == (Job.Status.DONE, 2, 0)
    assert len(rows_of(var, ended)) == ended.total


def test_a_lost_file_is_written_anew(acme: Tenant, var: Path) -> None:
    fill(acme, 6_000)
    dawdling()
    with working(here(), var) as first:
        job = begun(start(acme))
        assert stop(first) == 0
    for path in (var / "exports").iterdir():
        path.unlink()
    with working(here(), var):
        ended = over(job)
    assert len(rows_of(var, ended)) == ended.done == ended.total


def test_a_worker_survives_the_loss_of_its_connections(
    acme: Tenant, var: Path, worker: subprocess.Popen[bytes]
) -> None:
    assert over(start(acme)).status == Job.Status.DONE
    name = connection.settings_dict["NAME"]
    cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = %s and application_name = %s"
    # Nobody may come while they are cut, so that the listener's own second try fails as well.
    as_owner(f'alter database "{name}" connection limit 0')
    try:
        assert as_owner(cut, name, "authsec work") > 0
        eventually(
            lambda: "lost the database" in (var / "work.log").read_text(), within_s=60, what="the loss"
        )
    finally:
        as_owner(f'alter database "{name}" connection limit -1')
    assert over(start(acme, action="tenant.opened")).status == Job.Status.DONE
    assert worker.poll() is None


def test_the_queues_payload_opens_no_other_tenant(acme: Tenant, worker: subprocess.Popen[bytes]) -> None:
    other = cast.open_tenant("globex", "gus@globex.example")
    with tenant_context(acme.id):
        job = Job.objects.create(
            tenant=acme,
            kind="audit.export",
            params={"filter": {}, "format": "csv"},
            started_by=acme.id,
            actor={},
        )
    mixed = {"tenant_id": str(other.id), "job_id": str(job.pk)}
    with app_context():
        app.configure_task(operations.TASK, allow_unknown=True).defer(**mixed)
    assert over(start(other)).status == Job.Status.DONE
    eventually(lambda: not queued(), what="an empty queue")
    assert now_of(job).status == Job.Status.QUEUED


def queued() -> list[Any]:
    with system_context(), connection.cursor() as cursor:
        cursor.execute("select args from procrastinate_jobs")
        return [json.loads(args) for (args,) in cursor.fetchall()]


def test_a_scheduled_task_is_done_by_the_worker(acme: Tenant, worker: subprocess.Popen[bytes]) -> None:
    with app_context():
        Session.objects.create(session_key="a" * 40, expire_date=timezone.now())
        Session.objects.create(session_key="b" * 40, expire_date=cast.next_week())
        task = app.configure_task("delete expired sessions", allow_unknown=True)
        task.defer(timestamp=int(timezone.now().timestamp()) + 1)

    def left() -> list[str]:
        with app_context():
            return [session.session_key[0] for session in Session.objects.all()]

    eventually(lambda: left() == ["b"], within_s=60, what="the clean-up")


def peak_bytes(process: subprocess.Popen[bytes]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) * 1024


def test_memory_stays_flat_however_long_the_log_is(
    acme: Tenant, var: Path, worker: subprocess.Popen[bytes]
) -> None:
    fill(acme, 50_000)
    since = timezone.now() - timedelta(seconds=2 * CHUNK)
    small = over(start(acme, since=since))
    assert small.done > CHUNK
    before = peak_bytes(worker)
    large = over(start(acme))
    assert large.done > 50_000
    assert large.size > 10_000_000
    assert peak_bytes(worker) - before < 12_000_000


def test_an_unsafe_login_does_no_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.management.base import CommandError

    from authsec.database import checks

    monkeypatch.setattr(checks, "login_problems", lambda: ["a superuser"])
    with pytest.raises(CommandError, match="superuser"):
        run_worker(concurrency=1, heartbeat_s=1)


def test_ids_alone_stand_in_the_queue(acme: Tenant) -> None:
    job = start(acme, actor="Adam Lindqvist")
    assert queued() == [{"tenant_id": str(acme.id), "job_id": str(job.pk)}]
