"""The management API of tenants and of the bearer."""

from django.urls import path

from tenants.api.invitation_links import AcceptInvitation, InvitationByToken
from tenants.api.invitations import Invitations, Invite, OneInvitation, ResendInvitation
from tenants.api.me import Me, MyMembership, MyMemberships
from tenants.api.members import OrgMember, OrgMembers, TenantMembership, TenantMemberships
from tenants.api.orgs import OneTenant, Tenants

app_name = "tenants_api"
urlpatterns = [
    path("api/me", Me.as_view(), name="me"),
    path("api/me/memberships", MyMemberships.as_view(), name="my_memberships"),
    path("api/me/memberships/<uuid:tenant_id>", MyMembership.as_view(), name="my_membership"),
    path("api/orgs/<uuid:tenant_id>/invite", Invite.as_view(), name="invite"),
    path("api/orgs/<uuid:tenant_id>/invitations", Invitations.as_view(), name="invitations"),
    path(
        "api/orgs/<uuid:tenant_id>/invitations/<uuid:invitation_id>",
        OneInvitation.as_view(),
        name="invitation",
    ),
    path(
        "api/orgs/<uuid:tenant_id>/invitations/<uuid:invitation_id>/resend",
        ResendInvitation.as_view(),
        name="resend_invitation",
    ),
    path("api/invitations/<str:token>", InvitationByToken.as_view(), name="invitation_by_token"),
    path("api/invitations/<str:token>/accept", AcceptInvitation.as_view(), name="accept_invitation"),
    path("api/orgs/<uuid:tenant_id>/members", OrgMembers.as_view(), name="org_members"),
    path("api/orgs/<uuid:tenant_id>/members/<uuid:member_id>", OrgMember.as_view(), name="org_member"),
    path("uflow/v2/tenants/<uuid:tenant_id>/memberships", TenantMemberships.as_view(), name="memberships"),
    path(
        "uflow/v2/tenants/<uuid:tenant_id>/memberships/<uuid:member_id>",
        TenantMembership.as_view(),
        name="membership",
    ),
    path("api/orgs", Tenants.as_view(), name="tenants"),
    path("api/orgs/<uuid:tenant_id>", OneTenant.as_view(), name="tenant"),
]
