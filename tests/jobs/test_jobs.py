"""Jobs without a worker: starting, seeing, cancelling, and the turns of a worker's attempts."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from authsec.audit.actor import Actor
from authsec.audit.filters import Filter
from authsec.audit.jobs import export
from authsec.database.context import system_context, tenant_context
from authsec.jobs import cleanup, files, operations, progress
from authsec.jobs.kinds import Step
from authsec.jobs.models import Job
from tenants.models import Tenant, TenantUser
from tests import cast
from tests.console.api import Api, problem, token_of
from tests.statements import statements

pytestmark = pytest.mark.django_db
Status = Job.Status


@pytest.fixture
def acme() -> Tenant:
    return cast.open_tenant()


@pytest.fixture
def olga(acme: Tenant) -> TenantUser:
    return cast.owner_of(acme)


@pytest.fixture(autouse=True)
def var(tmp_path: Path, settings: Any) -> Path:
    settings.VAR = tmp_path
    return tmp_path


def start(tenant: Tenant, who: TenantUser, **filters: Any) -> Job:
    actor = Actor(kind="member", id=who.pk, name="Somebody", capacity="owner", via="console")
    with tenant_context(tenant.id):
        return export(
            tenant_id=tenant.id, filter=Filter(**filters), format="csv", actor=actor, now=timezone.now()
        )


def finish(job: Job, text: bytes = b"a,b\r\n") -> Job:
    """Make the job done with a file, as a worker does."""
    now = timezone.now()
    with tenant_context(job.tenant_id):
        taken = progress.take(tenant_id=job.tenant_id, job_id=job.pk, now=now)
        assert taken
        with files.writing(taken) as out:
            out.write(text)
        progress.keep(taken, Step(done=1, cursor=None, finished=True), size=len(text))
        name = files.publish(taken, ".csv")
        progress.end(taken, Status.DONE, now=now, file=name, expires_at=now + files.KEPT)
    return taken


def queue_length() -> int:
    with system_context(), connection.cursor() as cursor:
        cursor.execute("select count(*) from procrastinate_jobs")
        return int(cursor.fetchone()[0])


def test_a_job_and_its_place_in_the_queue_are_kept_together_or_not_at_all(
    acme: Tenant, olga: TenantUser
) -> None:
    start(acme, olga)
    assert queue_length() == 1
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        start(acme, olga, action="role.created")
        raise ZeroDivisionError
    assert queue_length() == 1
    with tenant_context(acme.id):
        assert Job.objects.count() == 1


def test_a_request_puts_jobs_in_and_can_read_nobodys(acme: Tenant, olga: TenantUser) -> None:
    start(acme, olga)
    for statement in (
        "select args from procrastinate_jobs",
        "update procrastinate_jobs set status = 'doing'",
        "delete from procrastinate_jobs",
        "select * from procrastinate_workers",
    ):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            tenant_context(acme.id),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_asking_twice_for_the_same_is_one_job(acme: Tenant, olga: TenantUser) -> None:
    first = start(acme, olga)
    assert start(acme, olga) == first
    assert start(acme, olga, action="role.created") != first
    finish(first)
    assert start(acme, olga) != first
    assert start(acme, cast.member(acme, "adam@acme.example", "admin")) != first


def test_one_person_has_only_so_many_jobs_at_one_time(acme: Tenant, olga: TenantUser) -> None:
    for number in range(operations.MOST_ACTIVE):
        start(acme, olga, actor=f"name {number}")
    with pytest.raises(operations.TooManyJobs):
        start(acme, olga, actor="one more")
    answer = Api(token_of(olga), acme).post("/uflow/v2/audit-events/export", {"actor": "one more"})
    assert problem(answer) == (429, "throttled")
    page = cast.signed_in(olga).post("/t/acme-corp/audit/export/?actor=one", {"format": "csv"})
    assert page.status_code == 422
    assert "wait or run already" in page.text


def test_only_the_last_attempt_writes(acme: Tenant, olga: TenantUser) -> None:
    job = start(acme, olga)
    now = timezone.now()
    with tenant_context(acme.id):
        stale = progress.take(tenant_id=acme.id, job_id=job.pk, now=now)
        mine = progress.take(tenant_id=acme.id, job_id=job.pk, now=now)
        assert stale
        assert mine
        step = Step(done=1, cursor=[1], finished=False)
        assert not progress.keep(stale, step, size=0)
        assert progress.keep(mine, step, size=0)
        assert not progress.end(stale, Status.DONE, now=now)
        assert progress.end(mine, Status.DONE, now=now)
        assert progress.take(tenant_id=acme.id, job_id=job.pk, now=now) is None


def test_a_job_that_never_gets_anywhere_is_given_up(acme: Tenant, olga: TenantUser) -> None:
    job = start(acme, olga)
    with tenant_context(acme.id):
        for _ in range(progress.MOST_TRIES):
            assert progress.take(tenant_id=acme.id, job_id=job.pk, now=timezone.now())
        assert progress.take(tenant_id=acme.id, job_id=job.pk, now=timezone.now()) is None
    with tenant_context(acme.id):
        job = Job.objects.get(pk=job.pk)
    assert job.status == Status.FAILED
    assert job.error


def test_an_attempt_goes_on_behind_what_was_kept_and_cuts_off_the_rest(
    acme: Tenant, olga: TenantUser
) -> None:
    job = start(acme, olga)
    with tenant_context(acme.id):
        first = progress.take(tenant_id=acme.id, job_id=job.pk, now=timezone.now())
        assert first
        with files.writing(first) as out:
            out.write(b"kept")
            progress.keep(first, Step(done=1, cursor=[1], finished=False), size=out.tell())
            out.write(b"lost in the crash")
        second = progress.take(tenant_id=acme.id, job_id=job.pk, now=timezone.now())
        assert second
        with files.writing(second) as out:
            out.write(b" and more")
        assert (files.folder() / files.publish(second, ".csv")).read_bytes() == b"kept and more"
    assert len(list(files.folder().iterdir())) == 1


def test_a_waiting_job_is_cancelled_once_and_a_finished_one_not_at_all(
    acme: Tenant, olga: TenantUser
) -> None:
    browser, call = cast.signed_in(olga), Api(token_of(olga), acme)
    job = start(acme, olga)
    for _ in range(2):
        assert call.post(f"/uflow/v2/jobs/{job.pk}/cancel").json()["status"] == "cancelled"
    done = finish(start(acme, olga))
    assert problem(call.post(f"/uflow/v2/jobs/{done.pk}/cancel")) == (409, "conflict")
    page = browser.post(f"/t/acme-corp/jobs/{done.pk}/cancel/", follow=True)
    assert "is over already" in page.text
    with tenant_context(acme.id):
        assert progress.take(tenant_id=acme.id, job_id=job.pk, now=timezone.now()) is None


def test_who_started_it_watches_and_who_holds_the_permission_now_fetches(
    acme: Tenant, olga: TenantUser
) -> None:
    alice = cast.member(acme, "alice@acme.example")
    job = finish(start(acme, alice))
    watcher, owner = cast.signed_in(alice), cast.signed_in(olga)
    address = f"/t/acme-corp/jobs/{job.pk}/"
    assert "Fetching it needs audit:export" in watcher.get(address).text
    assert watcher.get(f"{address}result/").status_code == 403
    assert watcher.post(f"{address}again/").status_code == 403
    assert owner.get(f"{address}result/").getvalue() == b"a,b\r\n"
    carol = cast.signed_in(cast.member(acme, "carol@acme.example"))
    assert carol.get(address).status_code == 403
    assert str(job.pk) not in carol.get("/t/acme-corp/jobs/").text
    assert str(job.pk) in watcher.get("/t/acme-corp/jobs/").text
    call = Api(token_of(alice), acme)
    assert [item["id"] for item in call.get("/uflow/v2/jobs").json()["items"]] == [str(job.pk)]
    assert (
        call.get(f"/uflow/v2/jobs/{job.pk}").json()["result_url"].endswith(f"/uflow/v2/jobs/{job.pk}/result")
    )
    assert problem(call.get(f"/uflow/v2/jobs/{job.pk}/result")) == (403, "forbidden")


def test_another_tenants_job_is_not_there(acme: Tenant, olga: TenantUser) -> None:
    job = finish(start(acme, olga))
    gus = cast.owner_of(cast.open_tenant("globex", "gus@globex.example"))
    browser = cast.signed_in(gus)
    assert browser.get(f"/t/globex/jobs/{job.pk}/").status_code == 404
    assert browser.get(f"/t/globex/jobs/{job.pk}/result/").status_code == 404
    assert browser.post(f"/t/globex/jobs/{job.pk}/cancel/").status_code == 404
    with tenant_context(gus.tenant_id):
        assert progress.take(tenant_id=gus.tenant_id, job_id=job.pk, now=timezone.now()) is None


def test_a_result_can_be_fetched_for_a_day_and_is_then_deleted(acme: Tenant, olga: TenantUser) -> None:
    call, path = Api(token_of(olga), acme), "/uflow/v2/jobs/{}/result"
    waiting = start(acme, olga, action="role.created")
    assert problem(call.get(path.format(waiting.pk))) == (409, "conflict")
    job = finish(start(acme, olga))
    assert call.get(path.format(job.pk)).status_code == 200
    with tenant_context(acme.id):
        Job.objects.filter(pk=job.pk).update(expires_at=timezone.now())
    assert problem(call.get(path.format(job.pk))) == (410, "gone")
    browser, address = cast.signed_in(olga), f"/t/acme-corp/jobs/{job.pk}/"
    page = browser.get(f"{address}result/")
    assert page.status_code == 410
    assert "is deleted" in page.text
    assert "Download" not in page.text
    assert "Export again" in page.text
    anew = browser.get(browser.post(f"{address}again/")["Location"]).context["job"]
    assert (anew.status, anew.params) == ("queued", job.params)
    assert anew.pk != job.pk

    later = timezone.now() + files.KEPT + timedelta(minutes=1)
    assert cleanup.delete_expired(now=later) == {"results": 1, "rows": 0, "queue": 0, "files": 1}
    assert cleanup.delete_expired(now=later) == {"results": 0, "rows": 0, "queue": 0, "files": 0}
    assert list(files.folder().iterdir()) == []
    assert "result_url" not in call.get(f"/uflow/v2/jobs/{job.pk}").json()
    assert cleanup.delete_expired(now=later + cleanup.ROWS_KEPT)["rows"] == 1


def test_an_unfinished_file_is_kept_while_somebody_may_go_on_with_it(acme: Tenant) -> None:
    part = files.folder() / "lost.1.part"
    part.write_bytes(b"half")
    now = timezone.now()
    assert cleanup.delete_expired(now=now + timedelta(hours=30))["files"] == 0
    os.utime(part, (0, 0))
    assert cleanup.delete_expired(now=now)["files"] == 1


def test_the_panel_says_how_far_it_is_and_speaks_at_each_quarter(acme: Tenant, olga: TenantUser) -> None:
    job = start(acme, olga)
    browser, address = cast.signed_in(olga), f"/t/acme-corp/jobs/{job.pk}/"
    assert "It waits for its turn" in browser.get(address).text
    with tenant_context(acme.id):
        Job.objects.filter(pk=job.pk).update(status=Status.RUNNING, total=1000, done=300)
    page = browser.get(address)
    assert 'value="300" max="1000"' in page.text
    htmx = {"HX-Request": "true"}
    assert "hx-swap-oob" not in browser.get(f"{address}?heard=running-1", headers=htmx).text
    assert "hx-swap-oob" in browser.get(f"{address}?heard=running-0", headers=htmx).text
    finish(job)
    over = browser.get(f"{address}?heard=running-1", headers=htmx).text
    assert "hx-trigger" not in over
    assert "hx-swap-oob" in over
    assert "innerHTML:#facts" in over, "what it came to"


def test_a_list_of_jobs_costs_the_same_however_long_it_is(acme: Tenant, olga: TenantUser) -> None:
    browser = cast.signed_in(olga)
    finish(start(acme, olga))
    browser.get("/t/acme-corp/jobs/")
    with statements() as few:
        browser.get("/t/acme-corp/jobs/")
    for _ in range(10):
        finish(start(acme, olga))
    with statements() as many:
        assert browser.get("/t/acme-corp/jobs/").status_code == 200
    assert len(many) == len(few) == 5


def test_the_schedules_verbs_find_nothing_the_second_time(acme: Tenant) -> None:
    from authsec.console.schedule import SCHEDULE

    assert len({entry.name for entry in SCHEDULE}) == len(SCHEDULE)
    for entry in SCHEDULE:
        entry.does(now=timezone.now())
        again = entry.does(now=timezone.now())
        numbers = (
            again.values() if isinstance(again, dict) else again if isinstance(again, tuple) else [again]
        )
        assert not any(numbers), entry.name
