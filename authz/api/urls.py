"""The management API of access."""

from django.urls import path

from authz.api.effective_access import EffectiveAccess
from authz.api.groups import GroupMembers, GroupRoleBindings, Groups, OneGroup, OneGroupMember

app_name = "authz_api"
urlpatterns = [
    path(
        "uflow/v2/users/<uuid:user_id>/effective-access", EffectiveAccess.as_view(), name="effective_access"
    ),
    path("uflow/v2/groups", Groups.as_view(), name="groups"),
    path("uflow/v2/groups/<uuid:group_id>", OneGroup.as_view(), name="group"),
    path("uflow/v2/groups/<uuid:group_id>/members", GroupMembers.as_view(), name="group_members"),
    path(
        "uflow/v2/groups/<uuid:group_id>/members/<uuid:user_id>",
        OneGroupMember.as_view(),
        name="group_member",
    ),
    path(
        "uflow/v2/groups/<uuid:group_id>/role-bindings",
        GroupRoleBindings.as_view(),
        name="group_role_bindings",
    ),
]
