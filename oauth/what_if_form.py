"""The question of *what if* as a page asks it: which change, of what, and as what JSON the choice is one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from authz.effective.subject import Subject
from authz.models import Group, Role, ServiceAccount
from authz.what_if.held import Held, Moment, Reading, Way, Who, read
from endusers.models import PlanTier

MOST = 200  # choices of one list; what is beyond it is tried out from its own page
Choices = list[tuple[str, str]]


@dataclass(frozen=True)
class Asked:
    """Whom and what the lists are about. ``subject`` None: the tenant's own lists."""

    tenant_id: UUID
    subject: Subject | None
    held: Held | None
    reading: Reading

    def ways(self) -> list[Way]:
        """Every way by which anything reaches the subject, each binding once."""
        held = [*self.held.scopes.values(), *self.held.console.values()] if self.held else []
        found = {(way.binding_id, way.source_id): way for holding in held for way in holding.ways}
        return sorted(found.values(), key=lambda way: (way.role_name, str(way.binding_id)))

    def named(self, model: type[Model], source: str) -> Choices:
        """What reaches the subject of this source, or without a subject the tenant's live rows."""
        if self.subject is None:
            return _live(self.tenant_id, model)
        return sorted(
            {(str(w.source_id), w.source_name) for w in self.ways() if w.source == source},
            key=lambda choice: choice[1].lower(),
        )


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


def question(tenant_id: UUID, subject: Subject | None, when: Moment) -> Asked:
    """What the lists are made from. Four statements."""
    who = Who((subject.id,), (subject.id,)) if subject else Who()
    reading = read(tenant_id=tenant_id, who=who, when=when)
    return Asked(tenant_id, subject, reading.held.get(subject.id) if subject else None, reading)


def offered(subject: Subject | None) -> list[Kind]:
    """The kinds of change that fit this subject."""
    return [kind for kind in KINDS if kind.fits(subject)]


def chosen(kind: Kind, asked: Asked, value: str, place: str) -> dict[str, Any] | None:
    """The change as JSON; None while something is to be chosen that isn't there."""
    if kind.of and not value:
        return None
    members = kind.members(value)
    if kind.personal and asked.subject:
        members |= {"user_id": str(asked.subject.id)}
    if kind.key == "add_to_group" and asked.subject:
        members |= {"user_ids": [str(asked.subject.id)]}
    if kind.key == "bind" and asked.subject:
        field = "user_id" if asked.subject.kind == "user" else "service_account_id"
        members |= {field: str(asked.subject.id)} | ({"application_id": place} if place else {})
    return {"kind": kind.key} | members


def places(asked: Asked) -> Choices:
    """Where a role can count."""
    return [("", str(_("tenant-wide"))), *((str(key), one.name) for key, one in _applications(asked))]


def _live(tenant_id: UUID, model: Any) -> Choices:
    rows = model.objects.filter(tenant_id=tenant_id, ended_at=None).order_by("name")
    return [(str(key), name) for key, name in rows.values_list("pk", "name")[:MOST]]


def _applications(asked: Asked) -> Iterable[tuple[UUID, Any]]:
    return asked.reading.applications.items()


def _other_groups(asked: Asked) -> Choices:
    inside = {key for key, _name in asked.named(Group, "group")}
    return [choice for choice in _live(asked.tenant_id, Group) if choice[0] not in inside]


def _roles(asked: Asked) -> Choices:
    """Own roles that reach the subject, or all of them."""
    rows = Role.objects.filter(tenant_id=asked.tenant_id, ended_at=None, system_key="").order_by("name")
    if asked.subject:
        rows = rows.filter(pk__in={way.role_id for way in asked.ways()})
    return [(str(key), name) for key, name in rows.values_list("pk", "name")[:MOST]]


def _all_roles(asked: Asked) -> Choices:
    return _live(asked.tenant_id, Role)


def _role_scopes(asked: Asked) -> Choices:
    """*role scope*, for the scopes that roles give the subject."""
    if asked.held is None:
        return []
    found = {
        (f"{way.role_id} {name}", f"{name} of {way.role_name}")
        for (_place, name), holding in asked.held.scopes.items()
        for way in holding.ways
    }
    return sorted(found, key=lambda choice: choice[1])


def _scopes(asked: Asked) -> Choices:
    """*application scope*, for what reaches the subject, or for everything."""
    return [
        (f"{key} {name}", f"{name} of {one.name}")
        for key, one in _applications(asked)
        for name in sorted(one.scopes)
        if asked.held is None or (key, name) in asked.held.scopes
    ][:MOST]


def _bindings(asked: Asked) -> Choices:
    names = {key: one.name for key, one in _applications(asked)}
    return [
        (
            str(way.binding_id),
            f"{way.role_name}, {names.get(way.application_id, '') if way.application_id else _('tenant-wide')}"
            f"{'' if way.source == 'direct' else f', through {way.source_name}'}",
        )
        for way in asked.ways()
    ]


def _tiers(asked: Asked) -> Choices:
    rows = PlanTier.objects.filter(tenant_id=asked.tenant_id, ended_at=None).order_by("name")
    mine = asked.subject.plan_tier if asked.subject else None
    return [(key, name) for key, name in rows.values_list("key", "name") if name != mine]


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


def _joining(value: str) -> dict[str, Any]:
    return {"group_id": value}


def _as(member: str) -> Callable[[str], dict[str, Any]]:
    return lambda value: {member: value}


def _scope_of(member: str) -> Callable[[str], dict[str, Any]]:
    def members(value: str) -> dict[str, Any]:
        key, _sep, name = value.partition(" ")
        return {member: key, "withdrawn": [name]}

    return members


def _groups(asked: Asked) -> Choices:
    return asked.named(Group, "group")


def _accounts(asked: Asked) -> Choices:
    if asked.subject and asked.subject.kind == "service_account":
        return [(str(asked.subject.id), asked.subject.name)]
    return asked.named(ServiceAccount, "service-account")


def _application_choices(asked: Asked) -> Choices:
    return [(str(key), one.name) for key, one in _applications(asked) if one.enabled]


GROUP, ROLE, ACCOUNT = _("Group"), _("Role"), _("Service account")
KINDS = (
    Kind("remove_from_group", _("Leave a group"), GROUP, _is_user, _groups, _as("group_id"), True),
    Kind("add_to_group", _("Join a group"), GROUP, _is_user, _other_groups, _joining),
    Kind("suspend_member", _("Suspend as a member"), "", _member("active"), _none, _nothing, True),
    Kind("reactivate_member", _("Reactivate as a member"), "", _member("suspended"), _none, _nothing, True),
    Kind("remove_member", _("Leave the team"), "", _member("active", "suspended"), _none, _nothing, True),
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
        _tiers,
        _as("plan_tier"),
        True,
    ),
    Kind("end_binding", _("End a binding"), _("Binding"), _somebody, _bindings, _as("binding_id")),
    Kind("bind", _("Get a role"), ROLE, _somebody, _all_roles, _as("role_id")),
    Kind("end_group_access", _("End all access of a group"), GROUP, _always, _groups, _as("group_id")),
    Kind("archive_group", _("Archive a group"), GROUP, _always, _groups, _as("group_id")),
    Kind(
        "change_role_scopes",
        _("A role loses a scope"),
        _("Scope"),
        _somebody,
        _role_scopes,
        _scope_of("role_id"),
    ),
    Kind("archive_role", _("Archive a role"), ROLE, _always, _roles, _as("role_id")),
    Kind(
        "change_scopes",
        _("An Application drops a scope"),
        _("Scope"),
        _always,
        _scopes,
        _scope_of("application_id"),
    ),
    Kind(
        "disable_application",
        _("Disable an Application"),
        _("Application"),
        _always,
        _application_choices,
        _as("application_id"),
    ),
    Kind(
        "remove_operator",
        _("Stop operating an account"),
        ACCOUNT,
        _is_user,
        _accounts,
        _as("service_account_id"),
        True,
    ),
    Kind(
        "end_service_account",
        _("End a service account"),
        ACCOUNT,
        _always,
        _accounts,
        _as("service_account_id"),
    ),
)
BY_KEY = {kind.key: kind for kind in KINDS}
