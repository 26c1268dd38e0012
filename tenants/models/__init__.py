"""Identity and tenant: who there is, and in which tenant."""

from tenants.models.base import TenantRow, same_tenant_target
from tenants.models.browser import TrustedBrowser
from tenants.models.identity import NO_ADDRESS, Identity, IdentityLink
from tenants.models.invitation import Invitation
from tenants.models.membership import Membership, MemberType
from tenants.models.session import Session
from tenants.models.slug import SlugHistory
from tenants.models.tenant import Tenant, TenantClosure
from tenants.models.transfer import OwnershipTransfer
from tenants.models.user import Profile, TenantUser

__all__ = [
    "NO_ADDRESS",
    "Identity",
    "IdentityLink",
    "Invitation",
    "MemberType",
    "Membership",
    "OwnershipTransfer",
    "Profile",
    "Session",
    "SlugHistory",
    "Tenant",
    "TenantClosure",
    "TenantRow",
    "TenantUser",
    "TrustedBrowser",
    "same_tenant_target",
]
