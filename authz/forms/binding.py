"""The one form that gives a role: which role, on what, until when, under which conditions, why."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from authz import bindings, people
from authz.elevations import Elevation, elevations
from authz.forms.refusal import VerbForm
from authz.forms.terms import TermsForm
from authz.models import Application, Binding, Group, Role, ServiceAccount
from endusers.models import PlanTier

SUBJECT_KINDS = {
    "g": ("group_id", Group),
    "s": ("service_account_id", ServiceAccount),
    "p": ("plan_tier_id", PlanTier),
}
SHOWN = 1000  # rows that a select offers


def live(model: Any, tenant_id: UUID, chosen: object = "") -> list[tuple[str, str]]:
    """Choices of what stands: id and name, by name. ``chosen`` is among them also where there are too many."""
    rows = model.objects.filter(tenant_id=tenant_id, ended_at=None).order_by("name").values_list("id", "name")
    found = [(str(key), name) for key, name in rows[:SHOWN]]
    if len(found) == SHOWN and chosen and str(chosen) not in dict(found):
        with suppress(ValueError):  # then the field says that it is no choice
            found += [(str(key), name) for key, name in rows.filter(pk=UUID(str(chosen)))]
    return found


class GiveRoleForm(TermsForm):
    """Give a role to a subject that the page knows already: one of bind's subject arguments."""

    role = forms.TypedChoiceField(label=_("Role"), coerce=UUID)
    application = forms.TypedChoiceField(
        label=_("On"),
        coerce=UUID,
        empty_value=None,
        required=False,
        help_text=_("One Application, or tenant-wide."),
    )
    field_order = ["role", "application"]
    power_at = "role"

    def __init__(
        self, *arguments: Any, tenant_id: UUID, holder: Mapping[str, UUID] | None = None, **more: Any
    ) -> None:
        super().__init__(*arguments, **more)
        self.tenant_id, self.holder = tenant_id, dict(holder or {})
        role, place = self["role"].value() or "", self["application"].value() or ""
        self.fields["role"].choices = [("", _("Choose a role")), *live(Role, tenant_id, role)]  # type: ignore[attr-defined]
        self.fields["application"].choices = [  # type: ignore[attr-defined]
            ("", _("tenant-wide")),
            *live(Application, tenant_id, place),
        ]

    @cached_property
    def elevations(self) -> list[Elevation]:
        """What is offered to be given for some hours, while nothing is chosen yet. Two statements."""
        chosen = self.is_bound or self.initial.get("role") or "plan_tier_id" in self.holder
        return [] if chosen else elevations(self.tenant_id, self.holder, timezone.now())

    def facts(self, now: datetime, **subject: UUID) -> dict[str, Any]:
        """What bind is told, without who acts. ``subject``: one of bind's four subject arguments."""
        data = self.cleaned_data
        return {
            "tenant_id": self.tenant_id,
            "role_id": data["role"],
            "application_id": data["application"],
            **self.terms(now),
            **subject,
        }

    def give(self, *, actor: Any, now: datetime, **subject: UUID) -> Any:
        """Bind, or None with the errors in the form. ``subject``: one of bind's four subject arguments."""
        given: Binding | None = self.run(bindings.bind, **self.facts(now, **subject), actor=actor, now=now)
        return given


class GiveAnybodyForm(GiveRoleForm):
    """Give a role to a group, service account or plan tier from the list, or to a person by e-mail or id."""

    subject = forms.ChoiceField(label=_("To"), required=False)
    person = forms.CharField(
        label=_("or to a person"), required=False, max_length=254, help_text=_("E-mail or user id.")
    )
    field_order = ["subject", "person", "role", "application"]
    shown_at = GiveRoleForm.shown_at | {
        "user_id": "person",
        "group_id": "subject",
        "service_account_id": "subject",
        "plan_tier_id": "subject",
    }

    def __init__(self, *arguments: Any, tenant_id: UUID, **more: Any) -> None:
        super().__init__(*arguments, tenant_id=tenant_id, **more)
        kind, _colon, key = str(self["subject"].value() or "").partition(":")
        tiers = (
            PlanTier.objects.filter(tenant_id=tenant_id, ended_at=None)
            .order_by("name")
            .values_list("id", "name")
        )
        groups = live(Group, tenant_id, key if kind == "g" else "")
        accounts = live(ServiceAccount, tenant_id, key if kind == "s" else "")
        self.fields["subject"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose one, or name a person")),
            (_("Groups"), [(f"g:{key}", name) for key, name in groups]),
            (_("Service accounts"), [(f"s:{key}", name) for key, name in accounts]),
            (_("Plan tiers"), [(f"p:{key}", name) for key, name in tiers]),
        ]
        self.holder = self._named_at_first()
        self._say_who_it_is()

    @property
    def kept(self) -> str:
        """Whom the form opened with, as the first part of an address."""
        named = {name: self.initial.get(name) for name in ("subject", "person")}
        return "".join(f"{urlencode({name: value})}&" for name, value in named.items() if value)

    def _named_at_first(self) -> dict[str, UUID]:
        """The subject that the form opens with, as bind's argument, where an id says who it is."""
        kind, _colon, key = str(self.initial.get("subject", "")).partition(":")
        with suppress(ValueError, KeyError):
            return {SUBJECT_KINDS[kind][0]: UUID(key)}
        with suppress(ValueError):
            return {"user_id": UUID(str(self.initial.get("person", "")))}
        return {}

    def _say_who_it_is(self) -> None:
        """An id says little: show whose it is, by the address where that leads back to the same person."""
        try:
            person = UUID(str((self.data if self.is_bound else self.initial).get("person", "")))
        except ValueError:
            return
        card = people.cards(self.tenant_id, [person]).get(person)
        self.fields["person"].help_text = card.name if card else ""
        if self.is_bound or card is None:
            return
        if people.by_email(self.tenant_id, [card.email]).get(card.email.lower()) == person:
            self.initial = {**self.initial, "person": card.email}

    def clean(self) -> dict[str, Any]:
        """Work out the one subject."""
        data = super().clean()
        chosen, person = data.get("subject"), (data.get("person") or "").strip()
        if "subject" in self.errors:
            return data
        if bool(chosen) == bool(person):
            self.add_error("subject", _("Choose one of the list, or name one person."))
        elif chosen:
            kind, _colon, key = chosen.partition(":")
            data["given"] = {SUBJECT_KINDS[kind][0]: UUID(key)}
        else:
            data["given"] = {"user_id": self._person(person)}
        return data

    def _person(self, text: str) -> UUID | None:
        try:
            return UUID(text)
        except ValueError:
            found = people.by_email(self.tenant_id, [text]).get(text.lower())
            if found is None:
                self.add_error("person", _("Nobody here has this address."))
            return found


class ReasonForm(VerbForm):
    """A confirmation that may say why."""

    power_at = "reason"
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Written to the audit log."),
    )
