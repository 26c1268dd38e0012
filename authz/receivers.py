"""What happens here when a tenant opens or a membership changes. Rows only, in the sender's transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.dispatch import receiver

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authz import bindings, groups, service_accounts, system_roles
from authz.console import forbid_escalation
from authz.models import Application, Binding, GroupMember, Role, ServiceAccountOperator
from authz.refusals import Escalation
from authz.system_roles import MAKE_OWNERS
from tenants.models import Membership, MemberType
from tenants.plans import APPLICATIONS, counts
from tenants.signals import membership_changed, tenant_opened

JUDGED_BEFORE = (Membership.Source.INVITE, Membership.Source.SIGNUP)
HAD_BEEN_IN = (Membership.Status.ACTIVE, Membership.Status.SUSPENDED)


@counts(APPLICATIONS)
def applications_that_stand(tenant_id: UUID, now: datetime) -> QuerySet[Application]:
    """What counts towards the plan: every Application that is not archived."""
    return Application.objects.filter(tenant_id=tenant_id, ended_at=None)


@receiver(tenant_opened)
def write_system_roles(*, tenant: Any, now: datetime, **_: Any) -> None:
    """A new tenant gets the system roles."""
    with tenant_context(tenant.id):
        system_roles.seed(tenant_id=tenant.id, now=now)


@receiver(membership_changed)
def follow_membership(
    *, membership: Membership, before: dict[str, Any] | None, actor: Actor, now: datetime, **_: Any
) -> None:
    """Keep the system-role binding in step with the type, and take everything from whoever left (Rules 7 and 9)."""
    tenant_id, user_id = membership.tenant_id, membership.user_id
    with tenant_context(tenant_id):
        _leave_owners_to_owners(membership, before, actor, now)
        _keep_an_owner_with_power(membership, before)
        _bring_in_no_more_than_held(membership, before, actor, now)
        if membership.status == Membership.Status.LEFT:
            take_everything(tenant_id, user_id, actor.consequence(), now)
        elif membership.status in HAD_BEEN_IN:
            old = before["type"] if before and before["status"] in HAD_BEEN_IN else None
            if old != membership.type:
                answers = _answerable(actor, membership, old is None)
                _swap(tenant_id, user_id, old, membership.type, answers, now)


def _leave_owners_to_owners(
    membership: Membership, before: dict[str, Any] | None, actor: Actor, now: datetime
) -> None:
    """Unmaking an owner (suspending, demoting, removing) and bringing one back is for whoever may make owners.

    Rule 7 keeps making owners from an admin; an admin who could suspend the owners would be the owner. Leaving is
    everybody's own.
    """
    if before is None or before["type"] != MemberType.OWNER or before["status"] not in HAD_BEEN_IN:
        return
    leaves = membership.status == Membership.Status.LEFT and actor.id == membership.user_id
    if leaves or actor.kind not in ("member", "service_account"):
        return
    try:
        forbid_escalation(
            tenant_id=membership.tenant_id, actor=actor, permissions=[(MAKE_OWNERS, None)], now=now
        )
    except Escalation as error:
        raise PermissionDenied("Only who may make owners may change, suspend or remove one.") from error


def _keep_an_owner_with_power(membership: Membership, before: dict[str, Any] | None) -> None:
    """Raise LastOwner if the owners that stay are owners by label only: nobody could give the power back (Rule 6)."""
    if before is None or (before["type"], before["status"]) != (MemberType.OWNER, Membership.Status.ACTIVE):
        return
    for binding in _type_bindings(membership.tenant_id, membership.user_id, MemberType.OWNER):
        bindings.keep_an_owner(binding)


def _bring_in_no_more_than_held(
    membership: Membership, before: dict[str, Any] | None, actor: Actor, now: datetime
) -> None:
    """Whoever reactivates or adds somebody gives them the power that waits for them, so must hold it (Rule 7).

    Who suspended them may take that back: it gives no more than they took.
    """
    joins = before is None or before["status"] not in HAD_BEEN_IN
    was_in = not joins and before is not None and before["status"] == Membership.Status.ACTIVE
    answers = _answerable(actor, membership, joins)
    if was_in or membership.status != Membership.Status.ACTIVE or answers.kind == "system":
        return
    if answers.id == membership.user_id:
        # By now they count as active: what waits for them would vouch for itself.
        raise PermissionDenied("Nobody brings themselves in: ask for an invitation, or to be reactivated.")
    if before and answers.id is not None and before.get("suspended_by") == str(answers.id):
        return
    forbid_escalation(
        tenant_id=membership.tenant_id,
        actor=answers,
        permissions=bindings.console_permissions_reaching(membership.tenant_id, membership.user_id),
        now=now,
    )


def _answerable(actor: Actor, membership: Membership, joins: bool) -> Actor:
    """Who answers for what a membership gives: nobody raises another, or themselves, above what they hold.

    Whoever accepts answers for nothing: the invitation was judged when it was made and just now (offers.py). Nor
    does a tenant's first owner.
    """
    by_somebody = actor.kind in ("member", "service_account")
    accepts = joins and actor.id == membership.user_id and membership.source in JUDGED_BEFORE
    return actor.consequence() if not by_somebody or accepts else actor


def _swap(tenant_id: UUID, user_id: UUID, old: str | None, new: str, actor: Actor, now: datetime) -> None:
    role = Role.objects.get(tenant_id=tenant_id, system_key=system_roles.key_of(new))
    bindings.bind(
        tenant_id=tenant_id,
        role_id=role.pk,
        user_id=user_id,
        reason=f"Member type {MemberType(new).label}.",
        actor=actor,
        now=now,
    )
    # After giving: an actor who changes their own type is judged by what they still hold.
    for binding in _type_bindings(tenant_id, user_id, old) if old else ():
        bindings.close(binding, actor=actor, now=now, reason="The member type changed.")


def _type_bindings(tenant_id: UUID, user_id: UUID, member_type: str) -> list[Binding]:
    """The direct, tenant-wide bindings of the type's system role."""
    key = system_roles.key_of(member_type)
    return list(
        Binding.objects.filter(
            tenant_id=tenant_id,
            user_id=user_id,
            role__system_key=key,
            application=None,
            ended_at=None,
        ).select_for_update(of=("self",))
    )


def take_everything(tenant_id: UUID, user_id: UUID, actor: Actor, now: datetime) -> None:
    """Leaving ends group memberships, direct bindings and operator rows, each with its event."""
    left = "Left the tenant."
    live = {"tenant_id": tenant_id, "user_id": user_id, "ended_at": None}
    for binding in Binding.objects.filter(**live).select_for_update():
        bindings.close(binding, actor=actor, now=now, reason=left)
    for group_id in GroupMember.objects.filter(**live).values_list("group_id", flat=True):
        groups.remove_member(
            tenant_id=tenant_id, group_id=group_id, user_id=user_id, actor=actor, now=now, reason=left
        )
    for account_id in ServiceAccountOperator.objects.filter(**live).values_list(
        "service_account_id", flat=True
    ):
        service_accounts.remove_operator(
            tenant_id=tenant_id,
            service_account_id=account_id,
            user_id=user_id,
            actor=actor,
            now=now,
            reason=left,
        )
