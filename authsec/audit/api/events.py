"""The audit log through the API."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.audit.filters import Filter
from authsec.audit.formats import FORMATS
from authsec.audit.jobs import export
from authsec.audit.models import Event
from authsec.audit.queries import of_tenant
from authsec.jobs.api.jobs import JobItem, job_items
from authsec.web.access import requires
from authsec.web.api import ApiView, Input, Listed, Moment, page_of, read_input
from authsec.web.parameters import moment_parameter, parameters
from authsec.web.problems import not_found


class Someone(serializers.Serializer[Any]):
    kind = serializers.CharField(allow_blank=True)
    id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField(allow_blank=True)


class Actor(Someone):
    capacity = serializers.CharField(allow_blank=True, help_text="As what: the member type.")


class AuditEvent(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    action = serializers.CharField()
    actor = Actor()
    target = Someone()
    reason = serializers.CharField(allow_blank=True)
    ip = serializers.CharField(allow_null=True)
    via = serializers.CharField(allow_blank=True)
    request_id = serializers.CharField(allow_blank=True)
    policies = serializers.ListField(child=serializers.CharField(), help_text="Policies that allowed it.")
    before = serializers.DictField(allow_null=True, help_text="Only what changed.")
    after = serializers.DictField(allow_null=True)


class AuditEventList(Listed):
    items = AuditEvent(many=True)


ABOUT = {
    "action": "Such as end_user.suspended, or end_user.* for all about end users.",
    "actor": "Who did it: an id, or a part of the name.",
    "target": "To whom or what it was done: an id, or a part of the name.",
    "since": "From this moment on (RFC 3339).",
    "until": "Before this moment (RFC 3339).",
}


class ExportInput(Input):
    """What to export: the same filters as the list's, all optional."""

    action = serializers.CharField(required=False, max_length=60, help_text=ABOUT["action"])
    actor = serializers.CharField(required=False, max_length=200, help_text=ABOUT["actor"])
    target = serializers.CharField(required=False, max_length=200, help_text=ABOUT["target"])
    since = Moment(required=False, help_text=ABOUT["since"])
    until = Moment(required=False, help_text=ABOUT["until"])
    format = serializers.ChoiceField(
        choices=list(FORMATS), default="csv", help_text="CSV, CSV with a byte order mark, or JSON Lines."
    )


class AuditEvents(ApiView):
    """Who did what in the tenant."""

    @requires("audit:read")
    @extend_schema(
        operation_id="list_audit_events",
        responses=AuditEventList,
        tags=["audit"],
        parameters=[OpenApiParameter(name, description=text) for name, text in ABOUT.items()],
    )
    def get(self, request: Request) -> Response:
        """Events, newest first. They are never changed or deleted."""
        given = parameters(request, *ABOUT)
        chosen = Filter(
            given.get("action", ""),
            given.get("actor", ""),
            given.get("target", ""),
            moment_parameter(given, "since"),
            moment_parameter(given, "until"),
        )
        return page_of(request, chosen.narrow(of_tenant(self.tenant_id)), event_items, column="at")


class ExportAuditEvents(ApiView):
    """Events as a file."""

    @requires("audit:export")
    @extend_schema(
        operation_id="export_audit_events", request=ExportInput, responses={202: JobItem}, tags=["audit"]
    )
    def post(self, request: Request) -> Response:
        """Write exactly the events that the filters show to a file: a job, to be asked for at `/uflow/v2/jobs/{id}`.

        The file can be fetched for 24 hours from the job's `result_url`. Asked again while it waits or runs, the same
        export is the same job.
        """
        given = read_input(ExportInput, request)
        given.pop("tenant_id", None)
        format = given.pop("format")
        job = export(
            tenant_id=self.tenant_id,
            filter=Filter(**given),
            format=format,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(job_items([job])[0], 202)


class OneAuditEvent(ApiView):
    """One event."""

    @requires("audit:read")
    @extend_schema(operation_id="get_audit_event", responses=AuditEvent, tags=["audit"])
    def get(self, request: Request, event_id: UUID) -> Response:
        """The event with what was before and after."""
        event = of_tenant(self.tenant_id).filter(pk=event_id).first()
        if event is None:
            raise not_found("There is no such event here.")
        return Response(event_items([event])[0])


def event_items(rows: Sequence[Event]) -> list[dict[str, Any]]:
    """Events as the API shows them."""
    return [
        {
            "id": row.pk,
            "at": row.at,
            "action": row.action,
            "actor": {
                "kind": row.actor_kind,
                "id": row.actor_id,
                "name": row.actor_name,
                "capacity": row.actor_capacity,
            },
            "target": {"kind": row.target_kind, "id": row.target_id, "name": row.target_name},
            "reason": row.reason,
            "ip": row.ip,
            "via": row.via,
            "request_id": row.request_id,
            "policies": row.policies,
            "before": row.before,
            "after": row.after,
        }
        for row in rows
    ]
