"""The management API of the audit log."""

from django.urls import path

from authsec.audit.api.events import AuditEvents, ExportAuditEvents, OneAuditEvent

app_name = "audit_api"
urlpatterns = [
    path("uflow/v2/audit-events", AuditEvents.as_view(), name="events"),
    path("uflow/v2/audit-events/export", ExportAuditEvents.as_view(), name="export"),
    path("uflow/v2/audit-events/<uuid:event_id>", OneAuditEvent.as_view(), name="event"),
]
