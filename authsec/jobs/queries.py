"""Reads of jobs. Tenant first."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from authsec.jobs.kinds import KINDS, kind_of
from authsec.jobs.models import Job


def of_tenant(tenant_id: UUID) -> QuerySet[Job]:
    """All jobs of a tenant."""
    rows: QuerySet[Job] = Job.objects.filter(tenant_id=tenant_id)
    return rows


def permissions_of(powers: Any) -> frozenset[str]:
    """Which of the kinds' permissions somebody holds now; ``powers`` decides about actions (authz.console.Powers)."""
    asked = {kind.permission for kind in KINDS.values()}
    return frozenset(action for action in asked if powers.decide(action).allowed)


def visible(tenant_id: UUID, *, to: UUID, permissions: Collection[str]) -> QuerySet[Job]:
    """The jobs that somebody may see: their own, and those of kinds whose permission they hold."""
    kinds = [kind.key for kind in KINDS.values() if kind.permission in permissions]
    return of_tenant(tenant_id).filter(Q(started_by=to) | Q(kind__in=kinds))


def may_see(job: Job, *, to: UUID | None, powers: Any) -> bool:
    """Whether somebody may see this job and cancel it."""
    return job.started_by == to or may_fetch(job, powers=powers)


def may_fetch(job: Job, *, powers: Any) -> bool:
    """Whether somebody may have the result: having started the job is not enough, power counts as of now.

    What is about one Application, who holds it there may have.
    """
    kind = kind_of(job)
    return bool(powers.decide(kind.permission, application_id=kind.application(job)).allowed)
