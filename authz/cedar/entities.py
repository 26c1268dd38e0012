"""What Cedar is told about a subject and a resource."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

TYPES = {"user": "User", "service_account": "ServiceAccount"}


def uid(kind: str, key: object) -> dict[str, str]:
    """The structured form of a Cedar entity's name."""
    return {"type": kind, "id": str(key)}


def action_set(names: Iterable[str]) -> list[dict[str, Any]]:
    """Actions as a Cedar set of entities."""
    return [{"__entity": uid("Action", name)} for name in sorted(names)]


def principal(
    subject_kind: str, subject_id: UUID | str, *, active: bool, permissions: Iterable[str]
) -> dict[str, Any]:
    """The subject, whether Rule 3 lets it act at all, and what it holds tenant-wide."""
    return {
        "uid": uid(TYPES[subject_kind], subject_id),
        "attrs": {"active": active, "permissions": action_set(permissions)},
        "parents": [],
    }


def resources(tenant_id: UUID | str, application_id: UUID | str | None) -> list[dict[str, Any]]:
    """The tenant and, below it, the Application in question; the last one is what the request is about."""
    tenant = {"uid": uid("Tenant", tenant_id), "attrs": {}, "parents": []}
    if application_id is None:
        return [tenant]
    application = {
        "uid": uid("Application", application_id),
        "attrs": {},
        "parents": [uid("Tenant", tenant_id)],
    }
    return [tenant, application]
