"""How the lists of bindings, roles, groups and service accounts are narrowed, read from the address; else a reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from authsec.web.parameters import parse_uuid
from authz.binding_states import STATES, in_state
from authz.effective.subject import find
from authz.models import SUBJECTS, Application, Binding, Group, GroupMember, Role, RoleScope
from endusers.filters import ANY, BadFilter, Chip, address
from endusers.models import PlanTier

TENANT_WIDE = "none"
KINDS = {
    "user": _("a person"),
    "group": _("a group"),
    "service_account": _("a service account"),
    "plan_tier": _("a plan tier"),
}

SOURCES = [
    (GroupMember.Source.MANUAL.value, _("by hand")),
    (GroupMember.Source.API.value, _("the API")),
    (GroupMember.Source.SCIM.value, _("SCIM")),
    (GroupMember.Source.OIDC.value, _("OIDC claims")),
]


class BindingFilters(forms.Form):
    """How the list of bindings is narrowed; every field may be missing."""

    q = forms.CharField(required=False, max_length=200, label=_("Search bindings"))
    state = forms.ChoiceField(required=False, label=_("State"), choices=[ANY, *STATES.items()])
    subject = forms.ChoiceField(required=False, label=_("Given to"), choices=[ANY, *KINDS.items()])
    application = forms.ChoiceField(required=False, label=_("On"))
    role = forms.ChoiceField(required=False, label=_("Role"))

    chips = {"subject": _("Given to"), "application": _("On"), "role": _("Role is")}

    def __init__(self, data: QueryDict, offered: Iterable[tuple[str, UUID, str]]) -> None:
        super().__init__(data)
        offered = list(offered)
        for name, first in (("application", [(TENANT_WIDE, _("tenant-wide"))]), ("role", [])):
            found = [(str(key), label) for kind, key, label in offered if kind == name]
            self.fields[name].choices = [ANY, *first, *found]  # type: ignore[attr-defined]

    def narrow(self, tenant_id: UUID, rows: QuerySet[Binding], now: datetime) -> QuerySet[Binding]:
        """The bindings that fit every filter; without a state all that have neither been ended nor run out."""
        value = self.cleaned_data
        rows = in_state(tenant_id, rows, value["state"], now)
        if value["subject"]:
            rows = rows.filter(**{f"{value['subject']}__isnull": False})
        if value["application"] == TENANT_WIDE:
            rows = rows.filter(application=None)
        elif value["application"]:
            rows = rows.filter(application_id=UUID(value["application"]))
        if value["role"]:
            rows = rows.filter(role_id=UUID(value["role"]))
        return matching(tenant_id, rows, value["q"])


class RoleFilters(forms.Form):
    """How the list of roles is narrowed."""

    q = forms.CharField(required=False, max_length=200, label=_("Search roles"))
    kind = forms.ChoiceField(
        required=False,
        label=_("Kind"),
        choices=[ANY, ("own", _("Own")), ("system", _("System")), ("archived", _("Archived"))],
    )

    chips: Mapping[str, Any] = {}

    def narrow(self, tenant_id: UUID, rows: QuerySet[Role]) -> QuerySet[Role]:
        """The roles that fit; without a kind all that stand."""
        kind, text = self.cleaned_data["kind"], self.cleaned_data["q"].strip()
        rows = rows.filter(ended_at__isnull=kind != "archived")
        if kind in ("own", "system"):
            rows = rows.filter(system_key="") if kind == "own" else rows.exclude(system_key="")
        if not text:
            return rows
        if key := _id(text):
            return rows.filter(pk=key)
        named = Q(name__icontains=text) | Q(description__icontains=text)
        return rows.filter(named | Q(pk__in=_giving(tenant_id, text)))


class NamedFilters(forms.Form):
    """How a list of service accounts is narrowed."""

    q = forms.CharField(required=False, max_length=200)
    status = forms.ChoiceField(
        required=False, label=_("Status"), choices=[("", _("In use")), ("ended", _("Ended"))]
    )

    chips: Mapping[str, Any] = {"status": _("Status")}

    @property
    def ended(self) -> bool:
        """Whether the list shows what has ended instead of what stands."""
        return bool(self.cleaned_data["status"])


class GroupFilters(NamedFilters):
    """How the list of groups is narrowed: also by who fills them."""

    status = forms.ChoiceField(
        required=False, label=_("Status"), choices=[("", _("In use")), ("ended", _("Archived"))]
    )
    source = forms.ChoiceField(required=False, label=_("Filled by"), choices=[ANY, *SOURCES])

    chips = {"status": _("Status"), "source": _("Filled by")}


@dataclass(frozen=True)
class Chosen:
    """What an address asks for, read by one of the forms above."""

    form: Any
    chips: list[Chip]
    cursor: str

    @property
    def text(self) -> str:
        """What is searched for."""
        return str(self.form.cleaned_data["q"])

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered or searched beside the view that is open."""
        return bool(self.chips or self.text)


def read(form: BindingFilters | RoleFilters | NamedFilters, data: QueryDict) -> Chosen:
    """Read the filters of an address. Raises BadFilter."""
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise BadFilter(f"{field}: {errors[0]}")
    chips = [
        Chip(
            label,
            dict(form.fields[name].choices)[form.cleaned_data[name]],  # type: ignore[attr-defined]
            address(data, **{name: None}),
        )
        for name, label in form.chips.items()
        if form.cleaned_data[name]
    ]
    return Chosen(form, chips, data.get("cursor", ""))


def matching(tenant_id: UUID, rows: QuerySet[Binding], text: str) -> QuerySet[Binding]:
    """Bindings whose role, subject, Application or reason holds the text; for an id, those that have it anywhere.

    Of people and service accounts the first few that the search of Effective Access finds. One statement for these.
    """
    text = text.strip()
    if not text:
        return rows
    if key := _id(text):
        ids = [Q(pk=key), Q(role_id=key), Q(application_id=key)]
        return rows.filter(_any([*ids, *(Q(**{f"{subject}_id": key}) for subject in SUBJECTS)]))
    found = [subject.id for subject in find(text)]
    named = [Q(reason__icontains=text), Q(user_id__in=found), Q(service_account_id__in=found)]
    for column, model in (
        ("role", Role),
        ("application", Application),
        ("group", Group),
        ("plan_tier", PlanTier),
    ):
        some = model._default_manager.filter(tenant_id=tenant_id, name__icontains=text)
        named.append(Q(**{f"{column}_id__in": some.values("pk")}))
    return rows.filter(_any(named))


def _giving(tenant_id: UUID, text: str) -> QuerySet[Any]:
    """The roles that list a scope or a console permission of this name or beginning."""
    parts = RoleScope.objects.filter(tenant_id=tenant_id, ended_at=None, name__startswith=text)
    return parts.values("role_id")


def _any(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions)


def _id(text: str) -> UUID | None:
    try:
        return parse_uuid(text)
    except ValueError:
        return None
