"""Closing a tenant, with thirty days to come back. Each verb runs inside the caller's ``tenant_context(tenant_id)``.

Whether the tenant is open is the first question of standing (Rule 3): closing flips one status, and from the next
introspection on no token of its Applications is active, on every node. Nothing is revoked, so that reopening brings
everything back.
"""

from datetime import datetime, timedelta
from uuid import UUID

from authsec.audit.actor import Actor
from tenants.models import Tenant, TenantClosure
from tenants.operations.naming import record_tenant
from tenants.operations.refusals import TooLate
from tenants.operations.transfer import cancel_pending
from tenants.queries import DAYS_TO_COME_BACK


def reopens_until(closed_at: datetime) -> datetime:
    """The moment after which owners cannot reopen the tenant themselves."""
    return closed_at + timedelta(days=DAYS_TO_COME_BACK)


def close_tenant(*, tenant_id: UUID, actor: Actor, now: datetime, reason: str = "") -> Tenant:
    """Close the tenant for everybody at once. Its slug stays taken, its data stays. Already closed: unchanged."""
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
    if tenant.status == Tenant.Status.CLOSED:
        return tenant
    tenant.status, tenant.closed_at = Tenant.Status.CLOSED, now
    tenant.save(update_fields=["status", "closed_at"])
    cancel_pending(tenant_id=tenant_id, actor=actor, now=now, reason="The tenant was closed.")
    record_tenant(
        tenant,
        "tenant.closed",
        actor,
        now,
        reason=reason.strip(),
        before={"status": "open"},
        after={"status": "closed", "reopens_until": reopens_until(now).isoformat()},
    )
    return tenant


def reopen_tenant(
    *, tenant_id: UUID, actor: Actor, now: datetime, reason: str = "", at_any_time: bool = False
) -> Tenant:
    """Open the tenant again, with everything as it was. Raises TooLate after thirty days, for all but the
    installation's administrator (``at_any_time``). Already open: unchanged.
    """
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
    if tenant.status == Tenant.Status.OPEN:
        return tenant
    if not at_any_time and tenant.closed_at and now > reopens_until(tenant.closed_at):
        raise TooLate(f"{tenant.name} could be reopened for {DAYS_TO_COME_BACK} days after it was closed.")
    TenantClosure.objects.create(
        tenant=tenant, closed_at=tenant.closed_at or now, reopened_at=now, reopened_by=actor.id
    )
    tenant.status, tenant.closed_at = Tenant.Status.OPEN, None
    tenant.save(update_fields=["status", "closed_at"])
    record_tenant(
        tenant,
        "tenant.reopened",
        actor,
        now,
        reason=reason.strip(),
        before={"status": "closed"},
        after={"status": "open"},
    )
    return tenant
