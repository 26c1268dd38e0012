"""Whom a binding gives its role to: a user, a group, a service account or a plan tier."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Model

from authz.models import SUBJECTS, Binding, Group, ServiceAccount
from authz.people import is_reachable, name_of
from authz.refusals import Findings
from endusers.models import PlanTier

MODELS: dict[str, type[Model]] = {
    "group_id": Group,
    "service_account_id": ServiceAccount,
    "plan_tier_id": PlanTier,
}
Holder = Mapping[str, UUID | None]  # bind's four subject arguments, of which one is not None


def holder_of(binding: Binding) -> dict[str, UUID | None]:
    """The binding's subject as the arguments of :func:`authz.bindings.bind`."""
    return {f"{subject}_id": getattr(binding, f"{subject}_id") for subject in SUBJECTS}


def kind_of(binding: Binding) -> str:
    """user, group, service_account or plan_tier."""
    return next(name for name in SUBJECTS if getattr(binding, f"{name}_id"))


def subject_of(binding: Binding) -> str:
    """What people call the binding's subject, whether it still stands or not. One statement."""
    return name_of_holder(binding.tenant_id, holder_of(binding))


def name_of_holder(tenant_id: UUID, holder: Holder) -> str:
    """What people call a subject, whether it still stands or not; its id where it is unknown here."""
    [(field, key)] = [(field, key) for field, key in holder.items() if key is not None]
    if field == "user_id":
        return name_of(tenant_id, key)
    row = MODELS[field]._default_manager.filter(tenant_id=tenant_id, pk=key).first()
    return str(row or key)


def checked_holder(tenant_id: UUID, holder: Holder, findings: Findings) -> str:
    """Note unless exactly one subject is named, is of this tenant and stands. Returns what people call it."""
    given = {field: key for field, key in holder.items() if key is not None}
    if len(given) != 1:
        message = "Exactly one of a user, a group, a service account and a plan tier."
        for field in given or ["user_id"]:
            findings.add(field, message)
        return ""
    [(field, key)] = given.items()
    if field == "user_id":
        if not is_reachable(tenant_id, key):
            findings.add("user_id", "There is no such person here, or they have left.")
        return name_of(tenant_id, key)
    return str(checked(MODELS[field], tenant_id, field, key, findings) or "")


def checked(
    model: type[Model],
    tenant_id: UUID,
    field: str,
    key: UUID | None,
    findings: Findings,
    *,
    alone: bool = False,
) -> Any:
    """The tenant's row, or None, noting when there is none or it is archived. ``alone``: no two callers at once."""
    words = model._meta.verbose_name
    rows = model._default_manager.filter(tenant_id=tenant_id, pk=key)
    row = key and (rows.select_for_update(no_key=True) if alone else rows).first()
    if not row:
        findings.add(field, f"There is no such {words} here.")
    elif getattr(row, "ended_at", None):
        findings.add(field, f"{row} is {'retired' if model is PlanTier else 'archived'}.")
    return row
