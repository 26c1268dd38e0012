"""The verbs of service accounts: create, change, name operators, end. ``oauth.clients`` makes their clients."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authz import people
from authz.bindings import console_permissions_of, leave_owners_to_owners
from authz.console import forbid_escalation
from authz.models import ServiceAccount, ServiceAccountOperator
from authz.named import ACCOUNTS
from authz.refusals import Refused


def create(
    *, tenant_id: UUID, name: str, description: str = "", actor: Actor, now: datetime
) -> ServiceAccount:
    """Create a service account without any access. Raises Refused for a blank, long or taken name."""
    with tenant_context(tenant_id):
        return ACCOUNTS.open(tenant_id, name, description, actor, now)


def edit(
    *,
    tenant_id: UUID,
    service_account_id: UUID,
    name: str | None = None,
    description: str | None = None,
    actor: Actor,
    now: datetime,
) -> ServiceAccount:
    """Rename an account or say anew what it is for; None leaves a part as it is."""
    with tenant_context(tenant_id):
        return ACCOUNTS.change(tenant_id, service_account_id, name, description, actor, now)


def add_operators(
    *, tenant_id: UUID, service_account_id: UUID, user_ids: Iterable[UUID], actor: Actor, now: datetime
) -> list[ServiceAccountOperator]:
    """Let users operate the account: its bindings reach them too. All or none; who operates it already stays.

    Raises Refused, or Escalation when the account holds console permissions that the actor does not (Rule 7). Returns
    the new rows.
    """
    wanted = list(dict.fromkeys(user_ids))
    with tenant_context(tenant_id):
        unknown = set(wanted) - people.reachable(tenant_id, wanted)
        account = ACCOUNTS.standing(tenant_id, service_account_id)
        if unknown:
            raise Refused({"user_ids": "There is no such person here, or they have left."})
        inside = set(_operators(account).filter(user_id__in=wanted).values_list("user_id", flat=True))
        new = [key for key in wanted if key not in inside]
        if not new:
            return []
        given = console_permissions_of(tenant_id=tenant_id, service_account_id=account.pk)
        forbid_escalation(tenant_id=tenant_id, actor=actor, permissions=given, now=now)
        rows = ServiceAccountOperator.objects.bulk_create(
            ServiceAccountOperator(
                tenant_id=tenant_id, service_account=account, user_id=key, added_at=now, added_by=actor.id
            )
            for key in new
        )
        names = people.names_of(tenant_id, new)
        for key in new:
            after = {"user": names.get(key, str(key)), "user_id": str(key)}
            ACCOUNTS.note("operator_added", account, actor, now, after=after, about_id=key)
    return rows


def add_operator(
    *, tenant_id: UUID, service_account_id: UUID, user_id: UUID, actor: Actor, now: datetime
) -> ServiceAccountOperator:
    """Let one user operate the account, as :func:`add_operators`. Returns their row, new or not."""
    which: dict[str, Any] = {"tenant_id": tenant_id, "service_account_id": service_account_id}
    with tenant_context(tenant_id):
        add_operators(**which, user_ids=[user_id], actor=actor, now=now)
        return ServiceAccountOperator.objects.get(**which, user_id=user_id, ended_at=None)


def remove_operator(
    *,
    tenant_id: UUID,
    service_account_id: UUID,
    user_id: UUID,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> ServiceAccountOperator | None:
    """Take the account out of a user's hands. None when they don't operate it."""
    with tenant_context(tenant_id):
        account = ACCOUNTS.found(tenant_id, service_account_id)
        row = _operators(account).select_for_update().filter(user_id=user_id).first()
        if row is None:
            return None
        leave_owners_to_owners(actor, now, tenant_id=tenant_id, service_account_id=service_account_id)
        row.ended_at, row.ended_by = now, actor.id
        row.save(update_fields=["ended_at", "ended_by"])
        before = {"user": people.name_of(tenant_id, user_id), "user_id": str(user_id)}
        ACCOUNTS.note("operator_removed", account, actor, now, reason=reason, before=before, about_id=user_id)
    return row


def end(
    *, tenant_id: UUID, service_account_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> ServiceAccount:
    """End the account: it has no standing from now on, and its operators hold nothing through it."""
    with tenant_context(tenant_id):
        account = ACCOUNTS.found(tenant_id, service_account_id)
        leave_owners_to_owners(actor, now, tenant_id=tenant_id, service_account_id=service_account_id)
        return ACCOUNTS.close(account, "ended", actor, now, reason)


def _operators(account: ServiceAccount) -> QuerySet[ServiceAccountOperator]:
    return ServiceAccountOperator.objects.filter(
        tenant_id=account.tenant_id, service_account=account, ended_at=None
    )
