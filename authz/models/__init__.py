"""Applications, roles, groups, service accounts, bindings: access as data."""

from authz.models.application import Application, ApplicationLogo, Scope
from authz.models.binding import MFA_MAX_AGE, SUBJECTS, Binding
from authz.models.group import Group, GroupMember
from authz.models.role import Role, RoleScope
from authz.models.service_account import ServiceAccount, ServiceAccountOperator

__all__ = [
    "MFA_MAX_AGE",
    "SUBJECTS",
    "Application",
    "ApplicationLogo",
    "Binding",
    "Group",
    "GroupMember",
    "Role",
    "RoleScope",
    "Scope",
    "ServiceAccount",
    "ServiceAccountOperator",
]
