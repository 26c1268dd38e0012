"""The verbs about a tenant's plan: changing it, and staying within it."""

from datetime import datetime
from uuid import UUID

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from tenants.models import Tenant
from tenants.operations.refusals import PlanLimit
from tenants.plans import MEMBERS, limit_of, open_invitations, usage


def keep_within_plan(
    *, tenant_id: UUID, what: str, now: datetime, more: int = 1, invited_as: str = ""
) -> None:
    """Raise PlanLimit unless the tenant's plan has room for ``more`` of ``what``.

    Call it in the transaction that adds them, before adding. Two at one moment take turns on the tenant's row, so
    that together they cannot pass the limit; a plan without a limit locks and counts nothing. ``invited_as``: an
    address whose open invitation is being turned into the membership that is asked about, and is not counted twice.
    """
    plans = Tenant.objects.filter(pk=tenant_id).values_list("plan", flat=True)
    if limit_of(plans.get(), what) is None:
        return
    plan = plans.select_for_update(no_key=True).get()
    (use,) = usage(tenant_id=tenant_id, plan=plan, now=now, only=what)
    used = use.used
    if what == MEMBERS and invited_as:
        used -= open_invitations(tenant_id, now).filter(email=invited_as).count()
    if use.limit is not None and used + more > use.limit:
        raise PlanLimit(what=what, limit=use.limit, used=used, plan=plan)


def wait_for_room(*, tenant_id: UUID, what: str) -> None:
    """Take the turn that :func:`keep_within_plan` takes, before the caller locks anything else.

    The verbs of members lock the tenant's row first and people's rows later: who locks them the other way round and
    then asks for room would wait in a circle with them.
    """
    tenants = Tenant.objects.filter(pk=tenant_id)
    if limit_of(tenants.values_list("plan", flat=True).get(), what) is not None:
        tenants.select_for_update(no_key=True).only("id").get()


def has_room(*, tenant_id: UUID, what: str, now: datetime) -> bool:
    """Whether one more would fit at this moment, for a page that asks before anything is written. No lock."""
    plan = Tenant.objects.values_list("plan", flat=True).get(pk=tenant_id)
    if limit_of(plan, what) is None:
        return True
    (use,) = usage(tenant_id=tenant_id, plan=plan, now=now, only=what)
    return not use.full


def change_plan(*, tenant_id: UUID, plan: str, actor: Actor, now: datetime, reason: str = "") -> Tenant:
    """Put the tenant on another plan. Nothing that stands is taken away; a smaller plan lets nothing more in.

    For billing and the installation's administrator; no tenant's member may call it. Raises ValueError for an
    unknown plan.
    """
    wanted = Tenant.Plan(plan)
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
    if tenant.plan == wanted:
        return tenant
    before, tenant.plan = tenant.plan, wanted
    tenant.save(update_fields=["plan"])
    record(
        tenant_id=tenant_id,
        actor=actor,
        action="tenant.plan_changed",
        target_kind="tenant",
        target_id=tenant_id,
        target_name=tenant.name,
        now=now,
        reason=reason.strip(),
        before={"plan": str(before)},
        after={"plan": str(wanted)},
    )
    return tenant
