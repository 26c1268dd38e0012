"""The audit log through the API."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.audit.models import Event
from authsec.audit.queries import of_tenant
from authsec.web.access import requires
from authsec.web.api import ApiView, Listed, page_of
from authsec.web.parameters import moment_parameter, parameters, uuid_parameter
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


class AuditEvents(ApiView):
    """Who did what in the tenant."""

    @requires("audit:read", critical=False)
    @extend_schema(
        operation_id="list_audit_events",
        responses=AuditEventList,
        tags=["audit"],
        parameters=[
            OpenApiParameter("action", description="Such as end_user.suspended."),
            OpenApiParameter("actor", description="Who did it, by id."),
            OpenApiParameter("target", description="To whom or what it was done, by id."),
            OpenApiParameter("since", description="From this moment on (RFC 3339)."),
            OpenApiParameter("until", description="Before this moment (RFC 3339)."),
        ],
    )
    def get(self, request: Request) -> Response:
        """Events, newest first. They are never changed or deleted."""
        given = parameters(request, "action", "actor", "target", "since", "until")
        narrowed = {
            "action": given.get("action"),
            "actor_id": uuid_parameter(given, "actor"),
            "target_id": uuid_parameter(given, "target"),
            "at__gte": moment_parameter(given, "since"),
            "at__lt": moment_parameter(given, "until"),
        }
        rows = of_tenant(self.tenant_id).filter(**{k: v for k, v in narrowed.items() if v is not None})
        return page_of(request, rows, event_items, column="at")


class OneAuditEvent(ApiView):
    """One event."""

    @requires("audit:read", critical=False)
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
