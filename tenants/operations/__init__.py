"""The verbs about tenants and their members: each keeps the change and its audit event in one transaction.

Every verb but :func:`open_tenant` and :func:`ensure_personal_tenant` runs inside the caller's
``tenant_context(tenant_id)``.
"""

from tenants.operations.last_owner import keep_an_owner, take_turns
from tenants.operations.member import (
    COUNTS_AS_MEMBERSHIP,
    add_member,
    change_member,
    change_member_type,
    leave_tenant,
    note_visit,
    reactivate_member,
    remove_member,
    suspend_member,
)
from tenants.operations.opening import ensure_personal_tenant, open_tenant
from tenants.operations.refusals import (
    LastOwner,
    NotAMember,
    ReasonRequired,
    SlugTaken,
    TenantError,
    WrongStatus,
)
from tenants.operations.second_factor import (
    NotEnrolled,
    release_second_factor,
    require_second_factor,
)
from tenants.operations.user import ensure_user

__all__ = [
    "COUNTS_AS_MEMBERSHIP",
    "LastOwner",
    "NotAMember",
    "NotEnrolled",
    "ReasonRequired",
    "SlugTaken",
    "TenantError",
    "WrongStatus",
    "add_member",
    "change_member",
    "change_member_type",
    "ensure_personal_tenant",
    "ensure_user",
    "keep_an_owner",
    "leave_tenant",
    "note_visit",
    "open_tenant",
    "reactivate_member",
    "release_second_factor",
    "remove_member",
    "require_second_factor",
    "suspend_member",
    "take_turns",
]
