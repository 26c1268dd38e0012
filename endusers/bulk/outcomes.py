"""Reading what bulk jobs did to whom. Tenant first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

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
    """A job's outcomes, with what each person is called here."""
    profile = Profile.objects.filter(tenant_id=job.tenant_id, user_id=OuterRef("user_id"))
    rows: QuerySet[Outcome] = Outcome.objects.filter(tenant_id=job.tenant_id, job_id=job.pk).annotate(
        name=Subquery(profile.values("display_name")[:1]), email=Subquery(profile.values("email")[:1])
    )
    return rows


def with_names(job: Job, rows: Sequence[Any]) -> list[Left]:
    """The rows of :func:`left_out` or :func:`changed` for people. No statement."""
    verb = jobs.verb_of(job)
    return [
        Left(row.user_id, *_called(row), row.fate, why(verb, row.fate))  # a stranger's name stays theirs
        for row in rows
    ]


def _called(row: Any) -> tuple[str, str]:
    if row.fate == Fate.UNKNOWN:
        return "", ""
    return row.name or row.email or "", row.email or ""
