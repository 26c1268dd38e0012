"""What Cedar is told about a subject and a resource."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

TYPES = {"user": "User", "service_account": "ServiceAccount"}


def uid(kind: str, key: object) -> dict[str, str]:
    """The structured form of a Cedar entity's name."""
    return {"type": kind, "id": str(key)}


def principal(
    subject_kind: str,
    subject_id: UUID | str,
    *,
    active: bool,
    roles: Iterable[str] = (),
    tenant_groups: Iterable[str] = (),
    permissions: Iterable[str] = (),
) -> dict[str, Any]:
    """The subject, whether Rule 3 lets it act at all, and what live bindings make of it where the request is about.

    ``roles``: keys of system roles; ``tenant_groups``: those of all its roles; ``permissions``: actions that its
    roles list.
    """
    return {
        "uid": uid(TYPES[subject_kind], subject_id),
        "attrs": {
            "active": active,
            "roles": sorted(roles),
            "permissions": [{"__entity": uid("Action", name)} for name in sorted(permissions)],
        },
        "parents": [uid("TenantGroup", name) for name in sorted(tenant_groups)],
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
