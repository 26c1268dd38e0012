"""The one form that gives a role: which role, on what, until when, under which conditions, why."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from authz import bindings, people
from authz.conditions import Conditions
from authz.forms.refusal import VerbForm
from authz.models import Application, Binding, Group, Role, ServiceAccount
from endusers.models import PlanTier

MFA_AGES = [
    ("", _("not asked for")),
    ("3600", _("1 hour")),
    ("43200", _("12 hours")),
    ("86400", _("1 day")),
    ("2592000", _("30 days")),
]
LOCAL = {"type": "datetime-local"}
FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]
SUBJECT_KINDS = {
    "g": ("group_id", Group),
    "s": ("service_account_id", ServiceAccount),
    "p": ("plan_tier_id", PlanTier),
}


def live(model: Any, tenant_id: UUID) -> list[tuple[str, str]]:
    """Choices of what stands: id and name, by name."""
    rows = model.objects.filter(tenant_id=tenant_id, ended_at=None).order_by("name")
    return [(str(key), name) for key, name in rows.values_list("id", "name")[:1000]]


class GiveRoleForm(VerbForm):
    """Give a role to a subject that the page knows already."""

    role = forms.TypedChoiceField(label=_("Role"), coerce=UUID)
    application = forms.TypedChoiceField(
        label=_("On"),
        coerce=UUID,
        empty_value=None,
        required=False,
        help_text=_("One Application, or tenant-wide."),
    )
    expires_at = forms.DateTimeField(
        label=_("Ends"),
        required=False,
        input_formats=FORMATS,
        widget=forms.DateTimeInput(attrs=LOCAL),
        help_text=_("UTC. Empty: never."),
    )
    mfa_within = forms.TypedChoiceField(
        label=_("Second factor within"), choices=MFA_AGES, coerce=int, empty_value=None, required=False
    )
    addresses = forms.CharField(
        label=_("Address in"),
        required=False,
        max_length=2000,
        help_text=_("Ranges such as 203.0.113.0/24, separated by blanks. Empty: anywhere."),
    )
    not_before = forms.DateTimeField(
        label=_("Not before"), required=False, input_formats=FORMATS, widget=forms.DateTimeInput(attrs=LOCAL)
    )
    reason = forms.CharField(label=_("Reason"), required=False, max_length=500)

    shown_at = {
        "role_id": "role",
        "application_id": "application",
        "conditions.mfa_max_age_s": "mfa_within",
        "conditions.allowed_ip_cidrs": "addresses",
        "conditions.not_before": "not_before",
    }

    def __init__(self, *arguments: Any, tenant_id: UUID, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.tenant_id = tenant_id
        self.fields["role"].choices = [("", _("Choose a role")), *live(Role, tenant_id)]  # type: ignore[attr-defined]
        self.fields["application"].choices = [("", _("tenant-wide")), *live(Application, tenant_id)]  # type: ignore[attr-defined]

    def give(self, *, actor: Any, now: datetime, **subject: UUID) -> Any:
        """Bind, or None with the errors in the form. ``subject``: one of bind's four subject arguments."""
        data = self.cleaned_data
        age = data["mfa_within"]
        given: Binding | None = self.run(
            bindings.bind,
            tenant_id=self.tenant_id,
            role_id=data["role"],
            application_id=data["application"],
            conditions=Conditions(
                mfa_required=age is not None,
                mfa_max_age_s=age,
                allowed_ip_cidrs=tuple(filter(None, re.split(r"[\s,;]+", data["addresses"]))),
                not_before=data["not_before"],
            ),
            expires_at=data["expires_at"],
            reason=data["reason"],
            actor=actor,
            now=now,
            **subject,
        )
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
        tiers = PlanTier.objects.filter(tenant_id=tenant_id).order_by("name").values_list("id", "name")
        self.fields["subject"].choices = [  # type: ignore[attr-defined]
            ("", _("—")),
            (_("Groups"), [(f"g:{key}", name) for key, name in live(Group, tenant_id)]),
            (_("Service accounts"), [(f"s:{key}", name) for key, name in live(ServiceAccount, tenant_id)]),
            (_("Plan tiers"), [(f"p:{key}", name) for key, name in tiers]),
        ]

    def clean(self) -> dict[str, Any]:
        """Work out the one subject."""
        data = super().clean() or self.cleaned_data
        chosen, person = data.get("subject"), (data.get("person") or "").strip()
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

    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=500, help_text=_("For the audit log.")
    )
