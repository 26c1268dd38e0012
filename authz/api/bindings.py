"""Bindings as the API shows, makes and ends them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.audit.actor import Actor
from authz import bindings, conditions
from authz.api.rows import found
from authz.models import Application, Binding, Role


def binding_items(rows: Sequence[Binding]) -> list[dict[str, Any]]:
    """Bindings as the API shows them; ``rows`` come with role, application and plan_tier selected."""
    return [binding_item(row) for row in rows]


def binding_item(row: Binding) -> dict[str, Any]:
    """One binding as the API shows it."""
    return {
        "id": row.pk,
        "role_id": row.role_id,
        "role_name": row.role.name,
        "user_id": row.user_id,
        "group_id": row.group_id,
        "service_account_id": row.service_account_id,
        "plan_tier": row.plan_tier.key if row.plan_tier else None,
        "application_id": row.application_id,
        "application_name": row.application.name if row.application else None,
        "conditions": conditions.as_json(row),
        "expires_at": row.expires_at,
        "reason": row.reason,
        "created_at": row.created_at,
        "created_by": row.created_by,
        "ended_at": row.ended_at,
    }


def bind_as_asked(
    *, tenant_id: UUID, given: dict[str, Any], actor: Actor, now: datetime, **subject: UUID | None
) -> tuple[Binding, bool]:
    """Make the binding that a body asks for. Returns it, and whether it is new."""
    found(Role, tenant_id, given["role_id"], "role_id")
    if given["application_id"]:
        found(Application, tenant_id, given["application_id"], "application_id")
    binding = bindings.bind(
        tenant_id=tenant_id,
        role_id=given["role_id"],
        application_id=given["application_id"],
        conditions=conditions.from_json(given["conditions"]),
        expires_at=given["expires_at"],
        reason=given["reason"],
        actor=actor,
        now=now,
        **subject,
    )
    return binding, binding.created_at == now
