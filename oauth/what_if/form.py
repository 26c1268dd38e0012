"""The question of *what if* as a page asks it: which change, of what, and as what JSON the choice is one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from authz.effective.subject import Subject
from oauth.what_if import choices as choices
from oauth.what_if.choices import Asked, Choices


@dataclass(frozen=True)
class Third:
    """A third list, which depends on what was chosen of the second: its label, and what stands in it."""

    label: str | Promise
    choices: Callable[[Asked, str], Choices]


@dataclass(frozen=True)
class Kind:
    """One kind of change as a page offers it. ``of`` labels the second list, empty when there is none; ``fits`` says
    about whom it can be; ``members`` makes the change's members of what was chosen.
    """

    key: str
    label: str | Promise
    of: str | Promise
    fits: Callable[[Subject | None], bool]
    choices: Callable[[Asked], Choices]
    members: Callable[[str], dict[str, Any]]
    personal: bool = False  # the subject is a member of it: user_id
    third: Third | None = None


def offered(subject: Subject | None) -> list[Kind]:
    """The kinds of change that fit this subject."""
    return [kind for kind in KINDS if kind.fits(subject)]


def chosen(kind: Kind, asked: Asked, value: str, third: str) -> dict[str, Any] | None:
    """The change as JSON; None while something is to be chosen that isn't there."""
    if kind.of and not value:
        return None
    subject, members = asked.subject, kind.members(value)
    if kind.personal and subject:
        members |= {"user_id": str(subject.id)}
    if kind.key == "add_to_group" and subject:
        members |= {"user_ids": [str(subject.id)]}
    if kind.key == "bind" and subject:
        field = "user_id" if subject.kind == "user" else "service_account_id"
        members |= {field: str(subject.id)} | ({"application_id": third} if third else {})
    if kind.key == "change_binding":
        members |= choices.new_terms(asked, value, third)
    return {"kind": kind.key} | members


def _is_user(subject: Subject | None) -> bool:
    return subject is not None and subject.kind == "user"


def _member(*statuses: str) -> Callable[[Subject | None], bool]:
    return lambda subject: subject is not None and subject.member_status in statuses


def _consumer(*statuses: str) -> Callable[[Subject | None], bool]:
    return lambda subject: subject is not None and subject.end_user_status in statuses


def _always(subject: Subject | None) -> bool:
    return True


def _somebody(subject: Subject | None) -> bool:
    return subject is not None


def _none(asked: Asked) -> Choices:
    return []


def _nothing(value: str) -> dict[str, Any]:
    return {}


def _as(member: str) -> Callable[[str], dict[str, Any]]:
    return lambda value: {member: value}


def _scope_of(member: str) -> Callable[[str], dict[str, Any]]:
    def members(value: str) -> dict[str, Any]:
        key, _sep, name = value.partition(" ")
        return {member: key, "withdrawn": [name]}

    return members


GROUP, ROLE, ACCOUNT = _("Group"), _("Role"), _("Service account")
KINDS = (
    Kind("remove_from_group", _("Leave a group"), GROUP, _is_user, choices.groups, _as("group_id"), True),
    Kind("add_to_group", _("Join a group"), GROUP, _is_user, choices.other_groups, _as("group_id")),
    Kind("suspend_member", _("Suspend as a member"), "", _member("active"), _none, _nothing, True),
    Kind("reactivate_member", _("Reactivate as a member"), "", _member("suspended"), _none, _nothing, True),
    Kind("remove_member", _("Leave the team"), "", _member("active", "suspended"), _none, _nothing, True),
    Kind(
        "change_member_type",
        _("Another member type"),
        _("Type"),
        _member("active", "suspended"),
        choices.types,
        _as("type"),
        True,
    ),
    Kind("suspend_end_user", _("Suspend as an end user"), "", _consumer("active"), _none, _nothing, True),
    Kind(
        "reactivate_end_user",
        _("Reactivate as an end user"),
        "",
        _consumer("suspended"),
        _none,
        _nothing,
        True,
    ),
    Kind(
        "set_plan_tier",
        _("Another plan tier"),
        _("Plan tier"),
        _consumer("active", "suspended"),
        choices.tiers,
        _as("plan_tier"),
        True,
    ),
    Kind("end_binding", _("End a binding"), _("Binding"), _somebody, choices.bindings, _as("binding_id")),
    Kind(
        "change_binding",
        _("Other terms of a binding"),
        _("Binding"),
        _somebody,
        choices.bindings,
        _as("binding_id"),
        third=Third(_("With"), choices.terms),
    ),
    Kind(
        "bind",
        _("Get a role"),
        ROLE,
        _somebody,
        choices.all_roles,
        _as("role_id"),
        third=Third(_("On"), choices.places),
    ),
    Kind("end_group_access", _("End all access of a group"), GROUP, _always, choices.groups, _as("group_id")),
    Kind("archive_group", _("Archive a group"), GROUP, _always, choices.groups, _as("group_id")),
    Kind(
        "change_role_scopes",
        _("A role loses a scope"),
        _("Scope"),
        _somebody,
        choices.role_scopes,
        _scope_of("role_id"),
    ),
    Kind("archive_role", _("Archive a role"), ROLE, _always, choices.roles, _as("role_id")),
    Kind(
        "change_scopes",
        _("An Application drops a scope"),
        _("Scope"),
        _always,
        choices.scopes,
        _scope_of("application_id"),
    ),
    Kind(
        "disable_application",
        _("Disable an Application"),
        _("Application"),
        _always,
        choices.applications,
        _as("application_id"),
    ),
    Kind(
        "remove_operator",
        _("Stop operating an account"),
        ACCOUNT,
        _is_user,
        choices.accounts,
        _as("service_account_id"),
        True,
    ),
    Kind(
        "end_service_account",
        _("End a service account"),
        ACCOUNT,
        _always,
        choices.accounts,
        _as("service_account_id"),
    ),
)
BY_KEY = {kind.key: kind for kind in KINDS}
