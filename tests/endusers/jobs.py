"""Doing jobs at once, in the test's own transaction: the steps and their order are the worker's."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils import timezone

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authsec.jobs import runner
from authsec.jobs.models import Job
from endusers.bulk import jobs
from endusers.bulk.selection import Selection
from endusers.bulk.verbs import VERBS
from endusers.queries import Filters
from tenants.models import TenantUser
from tests import cast


class NeverStopped:
    """What a worker that nobody asks to stop tells a job."""

    def should_abort(self) -> bool:
        return False


def done(job: Job) -> Job:
    """The job after a worker took it, however it ended."""
    runner.run(NeverStopped(), tenant_id=str(job.tenant_id), job_id=str(job.pk))
    with tenant_context(job.tenant_id):
        return Job.objects.get(pk=job.pk)


def actor_of(who: TenantUser) -> Actor:
    """A member who acts in the console."""
    return Actor(kind="member", id=who.pk, name="Alex", capacity="owner", via="console", policies=("p",))


def asked(
    who: TenantUser,
    key: str,
    params: dict[str, Any] | None = None,
    *,
    ids: Iterable[UUID] | None = None,
    reason: str = "a reason",
    **filters: Any,
) -> Job:
    """A bulk job that this person asked for, over a filter or ids."""
    selection = Selection(Filters(**filters)) if ids is None else Selection(user_ids=tuple(ids))
    with tenant_context(who.tenant_id):
        return jobs.ask(
            tenant_id=who.tenant_id,
            verb=VERBS[key],
            selection=selection,
            params=params or {},
            reason=reason,
            actor=actor_of(who),
            now=timezone.now(),
        )


def people(tenant: Any, number: int) -> list[UUID]:
    """Ids of so many new end users."""
    return [cast.end_user(tenant, f"p{n}@example.test", name=f"P {n}").user_id for n in range(number)]
