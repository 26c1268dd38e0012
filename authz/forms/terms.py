"""The terms of a binding, asked for: until when, under which conditions, why."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from authz import binding_changes, bindings
from authz.conditions import Conditions
from authz.effective.words import span
from authz.forms.refusal import VerbForm
from authz.models import Binding
from authz.refusals import Findings

MFA_AGES = [
    ("", _("not asked for")),
    ("3600", _("1 hour")),
    ("14400", _("4 hours")),
    ("43200", _("12 hours")),
    ("86400", _("1 day")),
    ("604800", _("7 days")),
    ("2592000", _("30 days")),
]
LOCAL = {"type": "datetime-local"}
LOCAL_FORMAT = "%Y-%m-%dT%H:%M"
FORMATS = [LOCAL_FORMAT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]
NEVER, ON_DATE, TODAY = "never", "date", "today"
SPANS = {"1h": timedelta(hours=1), "4h": timedelta(hours=4), "1w": timedelta(weeks=1)}
ENDS = [
    (NEVER, _("never")),
    ("1h", _("in 1 hour")),
    ("4h", _("in 4 hours")),
    (TODAY, _("today, at midnight UTC")),
    ("1w", _("in a week")),
    (ON_DATE, _("at a time …")),
]


def preset(key: str, now: datetime) -> datetime | None:
    """When a choice of ENDS ends, counted from ``now``; None for never and for a time that is said itself."""
    if key == TODAY:
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + timedelta(days=1)
    return now + SPANS[key] if key in SPANS else None


class TermsForm(VerbForm):
    """A binding's terms: until when, under which conditions, why. Times are said and shown in UTC."""

    ends = forms.ChoiceField(label=_("Ends"), choices=ENDS, initial=NEVER, required=False)
    expires_at = forms.DateTimeField(
        label=_("Ends at"),
        required=False,
        input_formats=FORMATS,
        widget=forms.DateTimeInput(attrs=LOCAL, format=LOCAL_FORMAT),
        help_text=_("UTC."),
    )
    mfa_within = forms.TypedChoiceField(
        label=_("Second factor within"), choices=MFA_AGES, coerce=int, empty_value=None, required=False
    )
    addresses = forms.CharField(
        label=_("Address in"),
        required=False,
        max_length=2000,
        help_text=_("Ranges such as 203.0.113.0/24 or 2001:db8::/32, separated by blanks. Empty: anywhere."),
    )
    not_before = forms.DateTimeField(
        label=_("Not before"),
        required=False,
        input_formats=FORMATS,
        widget=forms.DateTimeInput(attrs=LOCAL, format=LOCAL_FORMAT),
        help_text=_("UTC. Empty: at once."),
    )
    reason = forms.CharField(label=_("Reason"), required=False, max_length=500)

    shown_at = {
        "role_id": "role",
        "application_id": "application",
        "conditions.mfa_required": "mfa_within",
        "conditions.mfa_max_age_s": "mfa_within",
        "conditions.allowed_ip_cidrs": "addresses",
        "conditions.not_before": "not_before",
    }

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        if self.initial.get("expires_at") and not self.initial.get("ends"):
            self.initial = {**self.initial, "ends": ON_DATE}

    def clean(self) -> dict[str, Any]:
        """Settle which of the two says when it ends; both at once contradict each other."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        ends, moment = data.get("ends"), data.get("expires_at")
        if ends == ON_DATE and moment is None and "expires_at" not in self.errors:
            self.add_error("expires_at", _("When does it end?"))
        elif ends not in (None, "", ON_DATE) and moment is not None:
            self.add_error(
                "expires_at", _("Choose “at a time” for this, or leave it empty: it ends once only.")
            )
        if ends in SPANS or ends == TODAY:
            self.shown_at = self.shown_at | {"expires_at": "ends"}
        if not self.errors.keys() & TermsForm.base_fields.keys():
            findings = Findings()
            now = timezone.now()
            bindings.checked_terms(**self.terms(now), now=now, findings=findings)
            self.show(findings.errors)
        return data

    def terms(self, now: datetime) -> dict[str, Any]:
        """``conditions``, ``expires_at`` and ``reason`` for the verbs; a span counts from ``now``."""
        data = self.cleaned_data
        age = data["mfa_within"]
        return {
            "conditions": Conditions(
                mfa_required=age is not None,
                mfa_max_age_s=age,
                allowed_ip_cidrs=tuple(filter(None, re.split(r"[\s,;]+", data["addresses"]))),
                not_before=data["not_before"],
            ),
            "expires_at": preset(data["ends"], now) or data["expires_at"],
            "reason": data["reason"],
        }


class ChangeTermsForm(TermsForm):
    """Change the terms of a binding that stands: it opens with what they are."""

    power_at = "ends"

    def __init__(self, *arguments: Any, binding: Binding, **more: Any) -> None:
        age = str(int(binding.mfa_max_age.total_seconds())) if binding.requires_mfa else ""
        initial = {
            "ends": ON_DATE if binding.expires_at else NEVER,
            "expires_at": binding.expires_at,
            "mfa_within": age,
            "addresses": " ".join(str(network) for network in binding.ip_ranges or ()),
            "not_before": binding.not_before,
            "reason": binding.reason,
        }
        asked = more.pop("initial", None) or {}
        if asked.get("ends", ON_DATE) != ON_DATE:
            initial["expires_at"] = None
        super().__init__(*arguments, initial=initial | asked, **more)
        self.binding = binding
        if age not in dict(MFA_AGES):
            choices = [*MFA_AGES, (age, span(binding.mfa_max_age))]
            self.fields["mfa_within"].choices = choices  # type: ignore[attr-defined]

    def clean_expires_at(self) -> datetime | None:
        """The end that stood there when the form opened, and nobody touched, is no second answer beside a choice."""
        moment: datetime | None = self.cleaned_data["expires_at"]
        chosen = self.cleaned_data.get("ends") not in (None, "", ON_DATE)
        return None if chosen and _same_minute(moment, self.binding.expires_at) else moment

    def terms(self, now: datetime) -> dict[str, Any]:
        """The terms; a time that the form shows to the minute, and nobody touched, stays what it was to the second."""
        said = super().terms(now)
        if _same_minute(said["expires_at"], self.binding.expires_at):
            said["expires_at"] = self.binding.expires_at
        if _same_minute(said["conditions"].not_before, self.binding.not_before):
            said["conditions"] = replace(said["conditions"], not_before=self.binding.not_before)
        return said

    def change(self, *, actor: Any, now: datetime) -> Any:
        """Change the terms, or None with the errors in the form."""
        which = {"tenant_id": self.binding.tenant_id, "binding_id": self.binding.pk}
        return self.run(binding_changes.change, **which, **self.terms(now), actor=actor, now=now)


def _same_minute(one: datetime | None, other: datetime | None) -> bool:
    cut = [moment and moment.astimezone(UTC).replace(second=0, microsecond=0) for moment in (one, other)]
    return cut[0] == cut[1]
