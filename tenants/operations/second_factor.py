"""The verbs with which a tenant asks its team for a second factor. Inside the caller's ``tenant_context(tenant_id)``.

Nobody is locked out unseen: each member has the days of grace from the day of the rule or of their joining, whichever
is later, and whoever makes the rule must have a second factor themselves.
"""

from datetime import datetime
from uuid import UUID

from authsec.audit.actor import Actor
from tenants.models import Tenant
from tenants.operations.naming import record_tenant
from tenants.operations.refusals import TenantError
from tenants.second_factor import enrolled

LONGEST_GRACE = 90  # days


class NotEnrolled(TenantError):
    """Who asks others for a second factor has none themselves."""

    def __init__(self) -> None:
        super().__init__("Set up a second factor of your own first, so that you can’t lock yourself out.")


def require_second_factor(*, tenant_id: UUID, grace_days: int, actor: Actor, now: datetime) -> Tenant:
    """Ask the team for a second factor, due ``grace_days`` (0 to 90) after today or after joining.

    Asked for already: only the grace changes, counted from when the rule began. Raises NotEnrolled, or ValueError
    for other days.
    """
    if not 0 <= grace_days <= LONGEST_GRACE:
        raise ValueError(f"The grace is 0 to {LONGEST_GRACE} days.")
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
    if tenant.second_factor_since and tenant.second_factor_grace_days == grace_days:
        return tenant
    if actor.kind == "member" and actor.id not in enrolled(tenant_id):
        raise NotEnrolled
    before = _rule(tenant)
    tenant.second_factor_since = tenant.second_factor_since or now
    tenant.second_factor_grace_days = grace_days
    return _save(tenant, before, "tenant.second_factor_required", actor, now)


def release_second_factor(*, tenant_id: UUID, actor: Actor, now: datetime) -> Tenant:
    """Ask the team for a second factor no longer. Not asked for: returned unchanged."""
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
    if tenant.second_factor_since is None:
        return tenant
    before = _rule(tenant)
    tenant.second_factor_since = None
    return _save(tenant, before, "tenant.second_factor_released", actor, now)


def _rule(tenant: Tenant) -> dict[str, str | int]:
    if tenant.second_factor_since is None:
        return {"second_factor": "optional"}
    return {
        "second_factor": "required",
        "since": tenant.second_factor_since.isoformat(),
        "grace_days": tenant.second_factor_grace_days,
    }


def _save(tenant: Tenant, before: dict[str, str | int], action: str, actor: Actor, now: datetime) -> Tenant:
    tenant.save(update_fields=["second_factor_since", "second_factor_grace_days"])
    record_tenant(tenant, action, actor, now, before=before, after=_rule(tenant))
    return tenant
