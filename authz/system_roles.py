"""The system roles: a table, and its seeding into every tenant.

Types are labels (Rule 7): what a member may do comes from the binding of the system role that belongs to the type.
A tenant's row says that the role is there; what it gives stands in this table and in the policies, nowhere else, so
that an action that a later version brings is in every tenant's system roles at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from authz.cedar import engine
from authz.models import Role
from tenants.models import MemberType

OWNER_ROLE = "tenant-owner"
MAKE_OWNERS = "org:make_owners"
OWN = "effective_access:own"


@dataclass(frozen=True)
class SystemRole:
    """``key`` names it in code, claims and policies; ``type`` is the member type whose binding gives it.

    ``tenant_groups``: those that its holders are in; ``listed``: console permissions beyond these.
    """

    key: str
    name: str
    type: MemberType
    description: str
    tenant_groups: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()

    @property
    def permissions(self) -> frozenset[str]:
        """Every action that Cedar allows to a person who holds it."""
        return engine.allowed("user", frozenset({self.key}), self.tenant_groups, self.listed)


TABLE = (
    SystemRole(OWNER_ROLE, "Tenant owner", MemberType.OWNER, "Everything.", frozenset({"admins"})),
    SystemRole(
        "tenant-admin",
        "Tenant admin",
        MemberType.ADMIN,
        "Everything but billing, closing, transfer and making owners.",
        frozenset({"admins"}),
    ),
    SystemRole(
        "member",
        "Member",
        MemberType.MEMBER,
        "Reads everything but Settings and the audit log.",
        frozenset({"readers"}),
    ),
    SystemRole(
        "contractor",
        "Contractor",
        MemberType.CONTRACTOR,
        "Reads Applications and own access.",
        listed=frozenset({"apps:read", OWN}),
    ),
    SystemRole(
        "service-operator",
        "Service operator",
        MemberType.SERVICE_OPERATOR,
        "Manages service accounts, reads Applications.",
        listed=frozenset({"service_accounts:read", "service_accounts:manage", "apps:read", OWN}),
    ),
    SystemRole(
        "readonly-auditor",
        "Read-only auditor",
        MemberType.READONLY_AUDITOR,
        "Reads everything with audit, writes nothing.",
        frozenset({"auditors"}),
    ),
)
BY_KEY = {role.key: role for role in TABLE}


def table() -> tuple[SystemRole, ...]:
    """The system roles in the order of their power."""
    return TABLE


def key_of(member_type: str) -> str:
    """The system role that a member type is bound to."""
    return next(role.key for role in TABLE if role.type == member_type)


def known(keys: Iterable[str]) -> list[SystemRole]:
    """The system roles of these keys; a key that the table doesn't have names none."""
    return [BY_KEY[key] for key in keys if key in BY_KEY]


def seed(*, tenant_id: UUID, now: datetime) -> None:
    """Write the table's roles into a tenant; what stands already stays. Runs inside the tenant's context."""
    standing = set(
        Role.objects.filter(tenant_id=tenant_id).exclude(system_key="").values_list("system_key", flat=True)
    )
    Role.objects.bulk_create(
        Role(
            tenant_id=tenant_id,
            name=role.name,
            description=role.description,
            system_key=role.key,
            created_at=now,
        )
        for role in TABLE
        if role.key not in standing
    )
