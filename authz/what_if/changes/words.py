"""What a change is called, in words: *Archive the group on-call*."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from authz import people
from authz.holders import subject_of
from authz.models import Application, Binding, Group, Role, ServiceAccount

VERBS = {
    "suspend_member": "Suspend {user} as a member",
    "reactivate_member": "Reactivate {user} as a member",
    "remove_member": "Remove {user} from the team",
    "change_member_type": "Make {user} a member of type {type}",
    "suspend_end_user": "Suspend {user} as an end user",
    "reactivate_end_user": "Reactivate {user} as an end user",
    "set_plan_tier": "Move {user} to plan tier {plan_tier}",
    "add_to_group": "Add people to the group {group}",
    "remove_from_group": "Take {user} out of the group {group}",
    "archive_group": "Archive the group {group}",
    "end_group_access": "End all access of the group {group}",
    "bind": "Give the role {role}",
    "end_binding": "End the binding {binding}",
    "change_binding": "Change the terms of the binding {binding}",
    "edit_role": "Edit the role {role}",
    "change_role_scopes": "Change the scopes of the role {role}",
    "archive_role": "Archive the role {role}",
    "set_scopes": "Set the scopes of {application}",
    "change_scopes": "Change the scopes of {application}",
    "disable_application": "Disable {application}",
    "enable_application": "Enable {application}",
    "archive_application": "Archive {application}",
    "add_operators": "Add operators to {service_account}",
    "remove_operator": "{user} stops operating {service_account}",
    "end_service_account": "End the service account {service_account}",
}
ROWS = {
    "group_id": ("group", Group),
    "role_id": ("role", Role),
    "application_id": ("application", Application),
    "service_account_id": ("service_account", ServiceAccount),
}


def said(tenant_id: UUID, change: Mapping[str, Any]) -> str:
    """The change, given as JSON, with the names of what it is about. Inside the tenant's context."""
    names = {
        "user": "",
        "binding": "",
        "type": change.get("type", ""),
        "plan_tier": change.get("plan_tier", ""),
    }
    for member, (word, model) in ROWS.items():
        names[word] = ""
        if key := change.get(member):
            names[word] = str(model.objects.filter(tenant_id=tenant_id, pk=key).first() or "that is gone")
    if key := change.get("user_id"):
        names["user"] = people.name_of(tenant_id, UUID(str(key)))
    if key := change.get("binding_id"):
        binding = Binding.objects.filter(tenant_id=tenant_id, pk=key).select_related("role").first()
        names["binding"] = f"{binding.role} for {subject_of(binding)}" if binding else "that is gone"
    return VERBS[change["kind"]].format(**names)
