"""From what was tried out to where it is really done: the verb's own page, which asks first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from authz.effective.subject import Subject

Change = Mapping[str, Any]


@dataclass(frozen=True)
class RealVerb:
    """A button: where it leads, what it says, whether it takes something away."""

    url: str
    label: str
    takes: bool


def _same(*names: str) -> Callable[[Change], dict[str, Any]]:
    return lambda change: {name: change[name] for name in names}


def _as_member(change: Change) -> dict[str, Any]:
    return {"member_id": change["user_id"]}


def _operator(change: Change) -> dict[str, Any]:
    return {"service_account_id": change["service_account_id"], "member_id": change["user_id"]}


# kind → URL name, its arguments from the change, the button, whether it takes away
VERBS: dict[str, tuple[str, Callable[[Change], dict[str, Any]], Any, bool]] = {
    "remove_from_group": (
        "authz:group_remove",
        _same("group_id", "user_id"),
        _("Remove from the group…"),
        True,
    ),
    "add_to_group": ("authz:group_add", _same("group_id"), _("Add to the group…"), False),
    "end_group_access": ("authz:group_end_access", _same("group_id"), _("End all its access…"), True),
    "archive_group": ("authz:group_archive", _same("group_id"), _("Archive the group…"), True),
    "suspend_member": ("tenants:suspend_member", _as_member, _("Suspend the member…"), True),
    "reactivate_member": ("tenants:reactivate_member", _as_member, _("Reactivate the member…"), False),
    "remove_member": ("tenants:remove_member", _as_member, _("Remove from the team…"), True),
    "change_member_type": ("tenants:change_member_type", _as_member, _("Change the type…"), False),
    "suspend_end_user": ("endusers:suspend", _same("user_id"), _("Suspend the end user…"), True),
    "reactivate_end_user": ("endusers:reactivate", _same("user_id"), _("Reactivate the end user…"), False),
    "set_plan_tier": ("endusers:plan_tier", _same("user_id"), _("Change the plan tier…"), False),
    "bind": ("authz:binding_new", _same(), _("Give the role…"), False),
    "end_binding": ("authz:binding_end", _same("binding_id"), _("End the binding…"), True),
    "change_binding": ("authz:binding_change", _same("binding_id"), _("Change the binding…"), False),
    "edit_role": ("authz:role_edit", _same("role_id"), _("Edit the role…"), False),
    "change_role_scopes": ("authz:role_edit", _same("role_id"), _("Edit the role…"), False),
    "archive_role": ("authz:role_archive", _same("role_id"), _("Archive the role…"), True),
    "set_scopes": ("authz:application_scopes", _same("application_id"), _("Change the scopes…"), False),
    "change_scopes": ("authz:application_scopes", _same("application_id"), _("Change the scopes…"), False),
    "disable_application": ("authz:application_disable", _same("application_id"), _("Disable it…"), True),
    "enable_application": ("authz:application_enable", _same("application_id"), _("Enable it…"), False),
    "archive_application": ("authz:application_archive", _same("application_id"), _("Archive it…"), True),
    "add_operators": ("authz:service_account_add", _same("service_account_id"), _("Add operators…"), False),
    "remove_operator": ("authz:service_account_remove", _operator, _("Take it out of their hands…"), True),
    "end_service_account": ("authz:service_account_end", _same("service_account_id"), _("End it…"), True),
}


def real_verb(slug: str, change: Change, subject: Subject | None) -> RealVerb | None:
    """The button for a change; None where the console has no page for it."""
    name, arguments, label, takes = VERBS[change["kind"]]
    if change["kind"] == "bind":
        query = f"?user={subject.id}" if subject and subject.kind == "user" else ""
        return RealVerb(reverse(name, kwargs={"slug": slug}) + query, str(label), takes)
    try:
        return RealVerb(reverse(name, kwargs={"slug": slug, **arguments(change)}), str(label), takes)
    except (NoReverseMatch, KeyError):
        return None
