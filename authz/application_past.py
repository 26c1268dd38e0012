"""What an Application was before it changed, kept for questions about a past moment."""

from dataclasses import dataclass
from datetime import datetime

from authz.models import Application, ApplicationPast


@dataclass(frozen=True)
class Gate:
    """What of an Application decides who gets a token there at all."""

    status: str
    verified: bool
    admission: str


def gate_of(application: Application) -> Gate:
    """The gate as the row in hand has it."""
    return Gate(str(application.status), application.verified_at is not None, str(application.admission))


def remember(application: Application, before: Gate, now: datetime) -> None:
    """Write down what stood until now, if it changed. The caller holds the Application's lock.

    One whose clock is behind the last change's counts from that one on.
    """
    if gate_of(application) == before:
        return
    rows = ApplicationPast.objects.filter(tenant_id=application.tenant_id, application=application)
    last = rows.order_by("-until").values_list("until", flat=True).first()
    ApplicationPast.objects.create(
        tenant_id=application.tenant_id,
        application=application,
        until=max(now, last) if last else now,
        status=before.status,
        verified=before.verified,
        admission=before.admission,
    )
