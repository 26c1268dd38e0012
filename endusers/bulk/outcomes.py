"""Reading what bulk jobs did to whom. Tenant first."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from authsec.jobs.models import Job
from endusers.bulk import jobs
from endusers.bulk.verbs import Fate, why
from endusers.models import Outcome
from tenants.models import Profile


@dataclass(frozen=True)
class Left:
    """Somebody whom a job changed or left out. ``name`` and ``email`` are empty for an id that no end user here has."""

    user_id: UUID
    name: str
    email: str
    fate: str
    why: str


def left_out(job: Job) -> QuerySet[Outcome]:
    """Those whom a job left out."""
    return _of(job).exclude(fate=Fate.CHANGED)


def changed(job: Job) -> QuerySet[Outcome]:
    """Those whom a job changed; in the order of their ids it needs no sorting."""
    return _of(job).filter(fate=Fate.CHANGED)


def _of(job: Job) -> QuerySet[Outcome]:
    rows: QuerySet[Outcome] = Outcome.objects.filter(tenant_id=job.tenant_id, job_id=job.pk)
    return rows


def with_names(job: Job, rows: Sequence[Outcome]) -> list[Left]:
    """The rows for people. One statement."""
    known = [row.user_id for row in rows if row.fate != Fate.UNKNOWN]
    profiles = Profile.objects.filter(tenant_id=job.tenant_id, user_id__in=known)
    people = {
        user_id: (name or email, email)
        for user_id, name, email in profiles.values_list("user_id", "display_name", "email")
    }
    verb = jobs.verb_of(job)
    return [
        Left(row.user_id, *people.get(row.user_id, ("", "")), row.fate, why(verb, row.fate)) for row in rows
    ]
