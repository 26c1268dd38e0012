"""The verbs about tenants and their members: each keeps the change and its audit event in one transaction.

Every verb runs inside the caller's ``tenant_context(tenant_id)``, but those that open a tenant and those of whoever
holds an invitation's link.
"""

from tenants.operations.acceptance import accept_invitation, decline_invitation
from tenants.operations.closing import close_tenant, reopen_tenant, reopens_until
from tenants.operations.invitation import Invited, invite, resend_invitation, revoke_invitation
from tenants.operations.invitation_refusals import (
    UNKNOWN_LINK,
    AlreadyMember,
    InvitationDeclined,
    InvitationExpired,
    InvitationRevoked,
    InvitationUsed,
    InvitationVoid,
    MemberSuspended,
    NoSuchInvitation,
    NotAnAddress,
    TooManyInvitations,
    WrongAddress,
    refuse,
)
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
from tenants.operations.naming import change_slug, rename_tenant
from tenants.operations.opening import ensure_personal_tenant, open_own_tenant, open_tenant
from tenants.operations.plan import change_plan, has_room, keep_within_plan, wait_for_room
from tenants.operations.refusals import (
    BadName,
    BadSlug,
    LastOwner,
    NotAMember,
    NoTransfer,
    PlanLimit,
    ReasonRequired,
    SlugTaken,
    TenantClosed,
    TenantError,
    TooLate,
    TooManySlugs,
    TooManyTenants,
    TransferRefused,
    UnverifiedEmail,
    WrongStatus,
)
from tenants.operations.second_factor import (
    NotEnrolled,
    release_second_factor,
    require_second_factor,
)
from tenants.operations.transfer import accept_transfer, cancel_transfer, decline_transfer, offer_transfer
from tenants.operations.user import ensure_user

__all__ = [
    "COUNTS_AS_MEMBERSHIP",
    "UNKNOWN_LINK",
    "AlreadyMember",
    "BadName",
    "BadSlug",
    "InvitationDeclined",
    "InvitationExpired",
    "InvitationRevoked",
    "InvitationUsed",
    "InvitationVoid",
    "Invited",
    "LastOwner",
    "MemberSuspended",
    "NoSuchInvitation",
    "NoTransfer",
    "NotAMember",
    "NotAnAddress",
    "NotEnrolled",
    "PlanLimit",
    "ReasonRequired",
    "SlugTaken",
    "TenantClosed",
    "TenantError",
    "TooLate",
    "TooManyInvitations",
    "TooManySlugs",
    "TooManyTenants",
    "TransferRefused",
    "UnverifiedEmail",
    "WrongAddress",
    "WrongStatus",
    "accept_invitation",
    "accept_transfer",
    "add_member",
    "cancel_transfer",
    "change_member",
    "change_member_type",
    "change_plan",
    "change_slug",
    "close_tenant",
    "decline_invitation",
    "decline_transfer",
    "ensure_personal_tenant",
    "ensure_user",
    "has_room",
    "invite",
    "keep_an_owner",
    "keep_within_plan",
    "leave_tenant",
    "note_visit",
    "offer_transfer",
    "open_own_tenant",
    "open_tenant",
    "reactivate_member",
    "refuse",
    "release_second_factor",
    "remove_member",
    "rename_tenant",
    "reopen_tenant",
    "reopens_until",
    "require_second_factor",
    "resend_invitation",
    "revoke_invitation",
    "suspend_member",
    "take_turns",
    "wait_for_room",
]
