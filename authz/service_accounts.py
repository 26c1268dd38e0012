"""The verbs of service accounts: create, name operators, end. Their OAuth clients are made by ``oauth.clients``."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from authsec.audit.actor import Actor
from authsec.audit.operations import record
from authsec.database.context import tenant_context
from authz import people
from authz.bindings import console_permissions_of
from authz.console import forbid_escalation
from authz.models import ServiceAccount, ServiceAccountOperator
from authz.refusals import Findings, Refused


def create(
    *, tenant_id: UUID, name: str, description: str = "", actor: Actor, now: datetime
) -> ServiceAccount:
    """Create a service account without any access. Raises Refused for a blank, long or taken name."""
    findings = Findings()
    facts = {
        "name": findings.text("name", name, 100),
        "description": findings.text("description", description, 300, required=False),
    }
    findings.stop()
    with tenant_context(tenant_id):
        account = ServiceAccount(tenant_id=tenant_id, **facts, created_at=now, created_by=actor.id)
        try:
            with transaction.atomic():
                account.save()
        except IntegrityError as error:
            raise Refused({"name": "Another service account here has this name."}) from error
        _record("service_account.created", account, actor, now, after=facts)
    return account


def add_operator(
    *, tenant_id: UUID, service_account_id: UUID, user_id: UUID, actor: Actor, now: datetime
) -> ServiceAccountOperator:
    """Let a user operate the account: its bindings reach them too. Returns the row that stands already, if any.

    Raises Escalation when the account holds console permissions that the actor does not (Rule 7).
    """
    with tenant_context(tenant_id):
        account = _found(tenant_id, service_account_id)
        if account.ended_at:
            raise Refused({"service_account_id": f"{account.name} has ended."})
        if not people.is_reachable(tenant_id, user_id):
            raise Refused({"user_id": "There is no such person here, or they have left."})
        standing = _operators(account).filter(user_id=user_id).first()
        if standing:
            return standing
        given = console_permissions_of(tenant_id=tenant_id, service_account_id=account.pk)
        forbid_escalation(tenant_id=tenant_id, actor=actor, permissions=given, now=now)
        row = ServiceAccountOperator.objects.create(
            tenant_id=tenant_id, service_account=account, user_id=user_id, added_at=now, added_by=actor.id
        )
        after = {"user": people.name_of(tenant_id, user_id), "user_id": str(user_id)}
        _record("service_account.operator_added", account, actor, now, after=after)
    return row


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
        account = _found(tenant_id, service_account_id)
        row = _operators(account).select_for_update().filter(user_id=user_id).first()
        if row is None:
            return None
        row.ended_at, row.ended_by = now, actor.id
        row.save(update_fields=["ended_at", "ended_by"])
        before = {"user": people.name_of(tenant_id, user_id), "user_id": str(user_id)}
        _record("service_account.operator_removed", account, actor, now, reason=reason, before=before)
    return row


def end(
    *, tenant_id: UUID, service_account_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> ServiceAccount:
    """End the account: it has no standing from now on, and its operators hold nothing through it."""
    with tenant_context(tenant_id):
        account = _found(tenant_id, service_account_id)
        if account.ended_at:
            return account
        account.ended_at, account.ended_by = now, actor.id
        account.save(update_fields=["ended_at", "ended_by"])
        _record("service_account.ended", account, actor, now, reason=reason)
    return account


def _found(tenant_id: UUID, service_account_id: UUID) -> ServiceAccount:
    account = (
        ServiceAccount.objects.select_for_update().filter(tenant_id=tenant_id, pk=service_account_id).first()
    )
    if account is None:
        raise Refused({"service_account_id": "There is no such service account here."})
    return account


def _operators(account: ServiceAccount) -> QuerySet[ServiceAccountOperator]:
    return ServiceAccountOperator.objects.filter(
        tenant_id=account.tenant_id, service_account=account, ended_at=None
    )


def _record(action: str, account: ServiceAccount, actor: Actor, now: datetime, **more: Any) -> None:
    record(
        tenant_id=account.tenant_id,
        actor=actor,
        action=action,
        target_kind="service_account",
        target_id=account.pk,
        target_name=account.name,
        now=now,
        **more,
    )
