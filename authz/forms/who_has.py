"""What to look for, and what to narrow the answer to: the address of *Who has…* as a form."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from authz import queries
from authz.cedar import engine
from authz.effective.wanted import Wanted
from authz.effective.who_has import SOURCES, STATES, Narrowed
from authz.models import Application, Group, Role

LISTED = 200  # in a select; others come by a link from their own page
WAYS = {
    "direct": _("direct"),
    "group": _("group"),
    "service-account": _("service account"),
    "plan": _("plan"),
}
WORDS = {
    "active": _("has it now"),
    "pending_step_up": _("after a second factor"),
    "missing_context": _("address not known"),
    "outside_ip": _("from another address"),
    "not_yet": _("later"),
    "suspended": _("suspended"),
    "unsupported": _("not supported"),
    "unverified": _("address unverified"),
}
KINDS = {
    "scope": _("Scope"),
    "permission": _("Console permission"),
    "role": _("Role"),
    "group": _("Group"),
}


class WhoHasForm(forms.Form):
    """Every field may be absent. ``by`` says which of them are shown."""

    application = forms.TypedChoiceField(
        label=_("Application"), coerce=UUID, empty_value=None, required=False
    )
    scope = forms.CharField(label=_("Scope"), max_length=128, required=False, widget=forms.Select)
    permission = forms.ChoiceField(label=_("Console permission"), required=False)
    role = forms.TypedChoiceField(label=_("Role"), coerce=UUID, empty_value=None, required=False)
    group = forms.TypedChoiceField(label=_("Group"), coerce=UUID, empty_value=None, required=False)
    q = forms.CharField(max_length=200, required=False)
    source = forms.ChoiceField(
        label=_("By"), choices=[("", _("any way")), *((key, WAYS[key]) for key in SOURCES)], required=False
    )
    state = forms.ChoiceField(
        label=_("State"),
        choices=[("", _("any state")), *((key, WORDS[key]) for key in STATES)],
        required=False,
    )

    def __init__(self, query: Any, *, tenant_id: UUID) -> None:
        super().__init__(query)
        self.by = _kind_of(query)
        for kind in KINDS.keys() - {self.by}:  # what isn't asked about costs nothing to offer
            del self.fields[kind]
        if self.by == "scope":
            self._offer_scopes(query, tenant_id)
            return
        del self.fields["application"]
        if self.by == "role":
            self._offer("role", _("Choose a role"), _choices(Role, tenant_id, query.get("role")))
        elif self.by == "group":
            self._offer("group", _("Choose a group"), _choices(Group, tenant_id, query.get("group")))
        else:
            self._offer("permission", _("Choose a permission"), [(name, name) for name in engine.actions()])

    def _offer_scopes(self, query: Any, tenant_id: UUID) -> None:
        applications = _choices(Application, tenant_id, query.get("application"))
        self._offer("application", _("Choose an Application"), applications)
        scopes = _scopes(tenant_id, query.get("application"), applications)
        given = query.get("scope", "")
        if given and given not in scopes:
            scopes.append(given)
        scope: Any = self.fields["scope"].widget
        scope.choices = [("", _("any scope")), *((name, name) for name in scopes)]

    def _offer(self, name: str, first: Any, choices: list[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        field.choices = [("", first), *choices]

    @property
    def wanted(self) -> Wanted:
        """What a valid form asks about: the fields of the kind that is shown."""
        data = self.cleaned_data
        if self.by == "permission":
            return Wanted(permission=data["permission"])
        if self.by == "role":
            return Wanted(role_id=data["role"])
        if self.by == "group":
            return Wanted(group_id=data["group"])
        place = data["application"]
        return Wanted(application_id=place, scope=data["scope"] if place else "")

    @property
    def narrowed(self) -> Narrowed:
        """What a valid form narrows the list to."""
        data = self.cleaned_data
        return Narrowed(data["source"] or None, data["state"] or None, data["q"])


def _kind_of(query: Any) -> str:
    """Which pickers are shown: those that the address fills, else those that it asks for."""
    filled = next((kind for kind in ("permission", "role", "group") if query.get(kind)), "")
    if filled or query.get("application"):
        return filled or "scope"
    return query.get("by") if query.get("by") in KINDS else "scope"


def _choices(model: Any, tenant_id: UUID, given: str | None) -> list[tuple[str, str]]:
    """The first by name, and the one that the address names, wherever it stands and even when it is closed."""
    rows = model.objects.filter(tenant_id=tenant_id)
    listed = [
        (str(key), name)
        for key, name in rows.filter(ended_at=None).order_by("name").values_list("id", "name")[:LISTED]
    ]
    if given and given not in dict(listed):
        with suppress(ValueError):
            closed = rows.filter(pk=UUID(given)).values_list("id", "name")
            listed += [(str(key), name) for key, name in closed]
    return listed


def _scopes(tenant_id: UUID, given: str | None, applications: list[tuple[str, str]]) -> list[str]:
    if given not in dict(applications):
        return []
    return [scope.name for scope in queries.scopes(tenant_id, UUID(given))]
