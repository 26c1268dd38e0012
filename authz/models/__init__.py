"""Applications and their tools, roles, groups, service accounts, bindings: access as data."""

from authz.models.application import Application, ApplicationLogo, ApplicationPast, Scope
from authz.models.binding import MFA_MAX_AGE, SUBJECTS, Binding
from authz.models.group import Group, GroupMember
from authz.models.role import Role, RoleScope
from authz.models.service_account import ServiceAccount, ServiceAccountOperator
from authz.models.tool import MAX_SCOPES_A_TOOL, Inventory, Tool, ToolRule

__all__ = [
    "MAX_SCOPES_A_TOOL",
    "MFA_MAX_AGE",
    "SUBJECTS",
    "Application",
    "ApplicationLogo",
    "ApplicationPast",
    "Binding",
    "Group",
    "GroupMember",
    "Inventory",
    "Role",
    "RoleScope",
    "Scope",
    "ServiceAccount",
    "ServiceAccountOperator",
    "Tool",
    "ToolRule",
]
