"""The management API of access."""

from django.urls import path

from authz.api.bindings import Bindings, OneBinding
from authz.api.effective_access import EffectiveAccess
from authz.api.groups import GroupAccess, GroupMembers, GroupRoleBindings, Groups, OneGroup, OneGroupMember
from authz.api.roles import OneRole, Roles
from authz.api.tools import ApplicationTools, OneApplicationTool
from authz.api.who_has import WhoHas

app_name = "authz_api"
urlpatterns = [
    path("uflow/v2/roles", Roles.as_view(), name="roles"),
    path("uflow/v2/roles/<uuid:role_id>", OneRole.as_view(), name="role"),
    path("uflow/v2/bindings", Bindings.as_view(), name="bindings"),
    path("uflow/v2/bindings/<uuid:binding_id>", OneBinding.as_view(), name="binding"),
    path(
        "uflow/v2/users/<uuid:user_id>/effective-access", EffectiveAccess.as_view(), name="effective_access"
    ),
    path("uflow/v2/who-has", WhoHas.as_view(), name="who_has"),
    path(
        "uflow/v2/applications/<uuid:application_id>/tools",
        ApplicationTools.as_view(),
        name="application_tools",
    ),
    path(
        "uflow/v2/applications/<uuid:application_id>/tools/<path:tool_name>",
        OneApplicationTool.as_view(),
        name="application_tool",
    ),
    path("uflow/v2/groups", Groups.as_view(), name="groups"),
    path("uflow/v2/groups/<uuid:group_id>", OneGroup.as_view(), name="group"),
    path("uflow/v2/groups/<uuid:group_id>/end-access", GroupAccess.as_view(), name="group_end_access"),
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
