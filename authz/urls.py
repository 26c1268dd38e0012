"""Applications, and everything under Authz, inside ``/t/<slug>/``."""

from django.urls import path

from authz.views import (
    applications,
    binding_changes,
    bindings,
    effective_access,
    group_members,
    groups,
    person_access,
    plan_tier_changes,
    plan_tiers,
    policies,
    role_changes,
    roles,
    service_accounts,
    tools,
    who_has,
)

APPLICATION = "applications/<uuid:application_id>/"
ROLE = "authz/roles/<uuid:role_id>/"
BINDING = "authz/bindings/<uuid:binding_id>/"
GROUP = "authz/groups/<uuid:group_id>/"
ACCOUNT = "authz/service-accounts/<uuid:service_account_id>/"
TIER = "settings/plan-tiers/<slug:key>/"

app_name = "authz"
urlpatterns = [
    path("applications/", applications.applications, name="applications"),
    path("applications/new/", applications.new, name="application_new"),
    path(APPLICATION, applications.application, name="application"),
    path(f"{APPLICATION}edit/", applications.edit, name="application_edit"),
    path(f"{APPLICATION}scopes/", applications.scopes, name="application_scopes"),
    path(f"{APPLICATION}tools/", tools.application_tools, name="application_tools"),
    path(f"{APPLICATION}tools/accept/", tools.accept, name="tools_accept"),
    path(f"{APPLICATION}tools/<uuid:tool_id>/", tools.tool, name="tool"),
    path(f"{APPLICATION}disable/", applications.switch, {"verb": "disable"}, name="application_disable"),
    path(f"{APPLICATION}enable/", applications.switch, {"verb": "enable"}, name="application_enable"),
    path(f"{APPLICATION}archive/", applications.switch, {"verb": "archive"}, name="application_archive"),
    path("authz/roles/", roles.roles, name="roles"),
    path("authz/roles/new/", role_changes.new, name="role_new"),
    path(ROLE, roles.role, name="role"),
    path(f"{ROLE}edit/", role_changes.edit, name="role_edit"),
    path(f"{ROLE}archive/", role_changes.archive, name="role_archive"),
    path("authz/bindings/", bindings.bindings, name="bindings"),
    path("authz/bindings/new/", bindings.new, name="binding_new"),
    path("authz/bindings/ending/", bindings.ending, name="bindings_ending"),
    path("authz/bindings/new/effect/", bindings.effect, name="binding_effect"),
    path(BINDING, bindings.binding, name="binding"),
    path(f"{BINDING}change/", binding_changes.change, name="binding_change"),
    path(f"{BINDING}end/", binding_changes.end, name="binding_end"),
    path(f"{BINDING}again/", binding_changes.again, name="binding_again"),
    path("authz/groups/", groups.groups, name="groups"),
    path("authz/groups/new/", groups.new, name="group_new"),
    path(GROUP, groups.group, name="group"),
    path(f"{GROUP}edit/", groups.edit, name="group_edit"),
    path(f"{GROUP}history/", groups.history, name="group_history"),
    path(f"{GROUP}end-access/", groups.end_access, name="group_end_access"),
    path(f"{GROUP}members/", group_members.add, name="group_add"),
    path(f"{GROUP}members/remove/", group_members.remove_several, name="group_remove_several"),
    path(f"{GROUP}members/<uuid:user_id>/remove/", group_members.remove, name="group_remove"),
    path(f"{GROUP}give/", groups.give, name="group_give"),
    path(f"{GROUP}archive/", groups.archive, name="group_archive"),
    path("authz/service-accounts/", service_accounts.service_accounts, name="service_accounts"),
    path(ACCOUNT, service_accounts.service_account, name="service_account"),
    path(f"{ACCOUNT}edit/", service_accounts.edit, name="service_account_edit"),
    path(f"{ACCOUNT}history/", service_accounts.history, name="service_account_history"),
    path(f"{ACCOUNT}operators/", service_accounts.add, name="service_account_add"),
    path(
        f"{ACCOUNT}operators/<uuid:member_id>/remove/", service_accounts.remove, name="service_account_remove"
    ),
    path(f"{ACCOUNT}give/", service_accounts.give, name="service_account_give"),
    path(f"{ACCOUNT}end/", service_accounts.end, name="service_account_end"),
    path("authz/effective-access/", effective_access.effective_access, name="effective_access"),
    path("authz/effective-access/text/", effective_access.access_text, name="access_text"),
    path("authz/effective-access/ways/", effective_access.access_ways, name="access_ways"),
    path("authz/effective-access/who-has/", who_has.who_has_list, name="who_has"),
    path("authz/effective-access/who-has/export/", who_has.export, name="who_has_export"),
    path("authz/users/<uuid:user_id>/access/", effective_access.user_access, name="user_access"),
    path("end-users/<uuid:user_id>/access/", person_access.person_access, name="person_access"),
    path("settings/plan-tiers/", plan_tiers.plan_tiers, name="plan_tiers"),
    path("settings/plan-tiers/new/", plan_tier_changes.new, name="plan_tier_new"),
    path(TIER, plan_tiers.plan_tier, name="plan_tier"),
    path(f"{TIER}edit/", plan_tier_changes.edit, name="plan_tier_edit"),
    path(f"{TIER}default/", plan_tier_changes.make_default, name="plan_tier_default"),
    path(f"{TIER}retire/", plan_tier_changes.retire, name="plan_tier_retire"),
    path("authz/policies/", policies.policies, name="policies"),
]
