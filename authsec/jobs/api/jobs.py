"""Jobs through the API: how they come along, cancelling, and their results."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import FileResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.jobs import queries, results
from authsec.jobs.kinds import kind_of
from authsec.jobs.models import Job
from authsec.jobs.operations import cancel
from authsec.web.access import member
from authsec.web.api import ApiView, Listed, page_of
from authsec.web.problems import Problem, not_found


class JobItem(serializers.Serializer[Any]):
    """A piece of long work."""

    id = serializers.UUIDField()
    kind = serializers.CharField(help_text="Such as audit.export.")
    status = serializers.ChoiceField(choices=Job.Status.values)
    total = serializers.IntegerField(allow_null=True, help_text="Items to do; null until it is counted.")
    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    result_url = serializers.URLField(
        required=False, help_text="Where the file is, until expires_at; with the same bearer token."
    )
    error = serializers.CharField(required=False, help_text="Why it failed.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class JobList(Listed):
    items = JobItem(many=True)


class JobView(ApiView):
    """Loads a job that the caller may see: one of their own, or of a kind whose permission they hold."""

    def load(self, job_id: UUID) -> Job:
        """The job of the path. Raises a Problem: 404 when it is not there, 403 when it is another's."""
        found = queries.of_tenant(self.tenant_id).filter(pk=job_id).first()
        if found is None:
            raise not_found("There is no such job here.")
        if not queries.may_see(found, to=self.actor.id, powers=self.powers):
            raise Problem(403, "forbidden", f"Another one's job: it needs {kind_of(found).permission}.")
        return found


class Jobs(ApiView):
    """Long work of the tenant."""

    @member
    @extend_schema(operation_id="list_jobs", responses=JobList, tags=["jobs"])
    def get(self, request: Request) -> Response:
        """Your own jobs, and those of kinds whose permission you hold, newest first."""
        assert self.actor.id is not None  # noqa: S101 - a member or a service account
        rows = queries.visible(
            self.tenant_id, to=self.actor.id, permissions=queries.permissions_of(self.powers)
        )
        return page_of(request, rows, job_items)


class OneJob(JobView):
    """One job."""

    @member
    @extend_schema(operation_id="get_job", responses=JobItem, tags=["jobs"])
    def get(self, request: Request, job_id: UUID) -> Response:
        """How far the job is. `result_url` is there when it is done and left a file."""
        return Response(job_items([self.load(job_id)])[0])


class CancelJob(JobView):
    """Stopping a job."""

    @member
    @extend_schema(operation_id="cancel_job", request=None, responses=JobItem, tags=["jobs"])
    def post(self, request: Request, job_id: UUID) -> Response:
        """Cancel it: what waits never starts, what runs stops soon and keeps what it did. Over: 409."""
        self.load(job_id)
        job = cancel(tenant_id=self.tenant_id, job_id=job_id, actor=self.actor, now=timezone.now())
        return Response(job_items([job])[0])


class JobResult(JobView):
    """The file that a job wrote."""

    also = (409, 410)  # what it answers besides, for the reference

    @member
    @extend_schema(
        operation_id="get_job_result",
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, "application/jsonl"): OpenApiTypes.STR},
        tags=["jobs"],
    )
    def get(self, request: Request, job_id: UUID) -> FileResponse:
        """The file, for who holds the permission of the job's kind now. Not done: 409; deleted: 410."""
        job = self.load(job_id)
        if not queries.may_fetch(job, powers=self.powers):
            raise Problem(403, "forbidden", f"The result needs {kind_of(job).permission}.")
        return results.fetch(job, actor=self.actor, now=timezone.now())


def job_items(rows: Sequence[Job]) -> list[dict[str, Any]]:
    """Jobs as the API shows them."""
    return [_item(row) for row in rows]


def _item(row: Job) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": row.pk,
        "kind": row.kind,
        "status": row.status,
        "total": row.total,
        "done": row.done,
        "failed": row.failed,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "expires_at": row.expires_at,
    }
    if row.has_result:
        item["result_url"] = settings.ISSUER + reverse("jobs_api:result", kwargs={"job_id": row.pk})
    if row.error:
        item["error"] = row.error
    return item
