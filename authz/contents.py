"""What a role gives: scopes by name, and power in the console."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from authz import system_roles
from authz.console import HeldRole, Powers, power_of
from authz.models import Role, RoleScope

SCOPE, CONSOLE, TENANT_GROUP = (
    RoleScope.Kind.SCOPE.value,
    RoleScope.Kind.CONSOLE.value,
    RoleScope.Kind.TENANT_GROUP.value,
)

NOWHERE = UUID(int=0)  # policies name no tenant and no subject


@dataclass
class Contents:
    """``scopes``, ``listed`` console permissions and ``tenant_groups``, each by name: an own role's live rows, a system
    role's line in its table.
    """

    name: str
    system_key: str
    scopes: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    tenant_groups: list[str] = field(default_factory=list)

    @property
    def console_permissions(self) -> frozenset[str]:
        """Every action that the policies allow to a person who holds the role."""
        return power_of("user", [self._held])

    def decided_by(self, action: str) -> tuple[str, ...]:
        """The ids of the policies by which the role gives this action to a person."""
        return Powers(NOWHERE, "user", NOWHERE, True, (self._held,)).decide(action).policies

    @property
    def _held(self) -> HeldRole:
        return HeldRole(
            self.name,
            self.system_key,
            tenant_groups=frozenset(self.tenant_groups),
            permissions=frozenset(self.listed),
        )

    @property
    def beyond_tenant_groups(self) -> list[str]:
        """Console permissions that an own role must list to give as much: all that its tenant groups don't bring."""
        brought = Contents("", "", tenant_groups=self.tenant_groups).console_permissions
        return sorted({*self.listed, *(self.console_permissions - brought)})


def contents_of(roles: Iterable[Role]) -> dict[UUID, Contents]:
    """Role id → contents, for roles of one tenant or of several. One statement."""
    roles = list(roles)
    found = {role.pk: Contents(role.name, role.system_key) for role in roles}
    for contents in found.values():
        for system in system_roles.known([contents.system_key]):
            contents.tenant_groups = sorted(system.tenant_groups)
            contents.listed = sorted(system.listed)
    own = [role for role in roles if not role.system_key]
    rows = RoleScope.objects.filter(
        tenant_id__in={role.tenant_id for role in own}, role__in=own, ended_at=None
    )
    for role_id, kind, name in rows.order_by("name").values_list("role_id", "kind", "name"):
        contents = found[role_id]
        kinds = {SCOPE: contents.scopes, CONSOLE: contents.listed, TENANT_GROUP: contents.tenant_groups}
        kinds[kind].append(name)
    return found
