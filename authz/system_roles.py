"""The system roles: a table, and its seeding into every tenant.

Types are labels (Rule 7): what a member may do comes from the binding of the system role that belongs to the type.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from authz.cedar import engine
from authz.models import Role, RoleScope
from tenants.models import MemberType

OWNER_ROLE = "tenant-owner"
OWNERS_ONLY = {"org:close", "org:transfer", "org:make_owners", "billing:read", "billing:manage"}
SETTINGS_AND_AUDIT = ("org:", "team:", "billing:", "directory:", "providers:", "plan_tiers:", "audit:")
OWN = "effective_access:own"


@dataclass(frozen=True)
class SystemRole:
    """``key`` names it in code and claims; ``type`` is the member type whose binding gives it."""

    key: str
    name: str
    type: MemberType
    description: str
    permissions: frozenset[str]


def _all() -> frozenset[str]:
    return frozenset(engine.actions())


def _reads(*, without: tuple[str, ...] = ()) -> frozenset[str]:
    return frozenset(
        name for name in _all() if name.endswith(":read") and not name.startswith(without or ("-",))
    )


def table() -> tuple[SystemRole, ...]:
    """The system roles in the order of their power."""
    return (
        SystemRole(OWNER_ROLE, "Tenant owner", MemberType.OWNER, "Everything.", _all()),
        SystemRole(
            "tenant-admin",
            "Tenant admin",
            MemberType.ADMIN,
            "Everything but billing, closing, transfer and making owners.",
            _all() - OWNERS_ONLY,
        ),
        SystemRole(
            "member",
            "Member",
            MemberType.MEMBER,
            "Reads everything but Settings and the audit log.",
            _reads(without=SETTINGS_AND_AUDIT) | {OWN},
        ),
        SystemRole(
            "contractor",
            "Contractor",
            MemberType.CONTRACTOR,
            "Reads Applications and own access.",
            frozenset({"apps:read", OWN}),
        ),
        SystemRole(
            "service-operator",
            "Service operator",
            MemberType.SERVICE_OPERATOR,
            "Manages service accounts, reads Applications.",
            frozenset({"service_accounts:read", "service_accounts:manage", "apps:read", OWN}),
        ),
        SystemRole(
            "readonly-auditor",
            "Read-only auditor",
            MemberType.READONLY_AUDITOR,
            "Reads everything with audit, writes nothing.",
            _reads() | {OWN},
        ),
    )


def key_of(member_type: str) -> str:
    """The system role that a member type is bound to."""
    return next(role.key for role in table() if role.type == member_type)


def seed(*, tenant_id: UUID, now: datetime) -> None:
    """Write the table's roles into a tenant; what stands already stays. Runs inside the tenant's context."""
    standing = dict(
        Role.objects.filter(tenant_id=tenant_id).exclude(system_key="").values_list("system_key", "id")
    )
    missing = [role for role in table() if role.key not in standing]
    rows = Role.objects.bulk_create(
        Role(
            tenant_id=tenant_id,
            name=role.name,
            description=role.description,
            system_key=role.key,
            created_at=now,
        )
        for role in missing
    )
    RoleScope.objects.bulk_create(
        RoleScope(tenant_id=tenant_id, role=row, kind=RoleScope.Kind.CONSOLE, name=name, added_at=now)
        for role, row in zip(missing, rows, strict=True)
        for name in sorted(role.permissions)
    )
