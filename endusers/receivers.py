"""What consumers' rows follow: a new tenant gets its plan tiers, a member's change of status is remembered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.dispatch import receiver

from authsec.audit.actor import Actor
from authsec.jobs.models import Job
from authsec.jobs.operations import ACTIVE
from endusers.models import EndUser, PlanTier, SavedView, StandingChange
from endusers.standing import remember
from tenants.models import Membership, Tenant
from tenants.plans import END_USERS, counts
from tenants.signals import membership_changed, tenant_opened

# key, name, calls a minute (None: no limit), default
TIERS = (("free", "Free", 60, True), ("pro", "Pro", 600, False), ("custom", "Custom", None, False))


@counts(END_USERS)
def people(tenant_id: UUID, now: datetime) -> QuerySet[EndUser]:
    """What counts towards the plan: everybody who ever consented or was listed, suspended ones included."""
    return EndUser.objects.filter(tenant_id=tenant_id)


@receiver(tenant_opened, dispatch_uid="endusers.create_tiers")
def create_tiers(sender: Any, tenant: Tenant, now: datetime, **_: Any) -> None:
    """The plan tiers that every tenant starts with."""
    PlanTier.objects.bulk_create(
        PlanTier(tenant=tenant, key=key, name=name, rate_limit=limit, is_default=default, created_at=now)
        for key, name, limit, default in TIERS
    )


@receiver(membership_changed, dispatch_uid="endusers.remember_standing")
def remember_standing(
    sender: Any, membership: Membership, before: dict[str, str] | None, actor: Actor, now: datetime, **_: Any
) -> None:
    """Keep the history of a member's status and type beside the end users' own."""
    was = {"status": before["status"], "type": before["type"]} if before else {"status": "", "type": ""}
    if was == {"status": membership.status, "type": membership.type}:
        return
    remember(
        tenant_id=membership.tenant_id,
        user_id=membership.user_id,
        capacity=StandingChange.Capacity.MEMBER,
        from_status=was["status"],
        to_status=membership.status,
        from_type=was["type"],
        to_type=membership.type,
        now=now,
        by=actor.id,
        reason=membership.suspended_reason,
    )


@receiver(membership_changed, dispatch_uid="endusers.forget_views")
def forget_views(sender: Any, membership: Membership, **_: Any) -> None:
    """Who left has no views of the list any more."""
    if membership.status == Membership.Status.LEFT:
        SavedView.objects.filter(tenant_id=membership.tenant_id, user_id=membership.user_id).delete()


@receiver(membership_changed, dispatch_uid="endusers.stop_jobs")
def stop_jobs(sender: Any, membership: Membership, now: datetime, **_: Any) -> None:
    """Who is suspended or left acts on nobody any more: what they asked for stops at its next step."""
    if membership.status in (Membership.Status.SUSPENDED, Membership.Status.LEFT):
        theirs = Job.objects.filter(tenant_id=membership.tenant_id, started_by=membership.user_id)
        gone = "was suspended" if membership.status == Membership.Status.SUSPENDED else "left the team"
        theirs.filter(status__in=ACTIVE).update(
            status=Job.Status.CANCELLED, finished_at=now, error=f"Whoever asked for it {gone}."
        )
