"""The strip "answered as if": with which second factor, from where, at what moment."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

AGES = {"fresh": timedelta(0), "hour": timedelta(hours=1), "day": timedelta(days=1)}


class AsIfForm(forms.Form):
    """All fields may be absent: no second factor, no known address, now."""

    mfa = forms.ChoiceField(
        label=_("Second factor"),
        choices=[("fresh", _("fresh")), ("hour", _("1 h ago")), ("day", _("a day ago")), ("none", _("none"))],
        widget=forms.RadioSelect,
        required=False,
    )
    ip = forms.GenericIPAddressField(
        label=_("Address"),
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "not known", "size": 15, "class": "input small"}),
    )
    at = forms.DateTimeField(
        label=_("At"),
        required=False,
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "class": "input small"}, format="%Y-%m-%dT%H:%M"
        ),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"],
    )

    def __init__(self, query: Any) -> None:
        data = query.copy()
        data["mfa"] = query.get("mfa") or "none"
        super().__init__(data)

    def context(self, now: datetime) -> dict[str, Any]:
        """``at``, ``mfa_at`` and ``ip`` of a valid form."""
        at = self.cleaned_data["at"] or now
        age = AGES.get(self.cleaned_data["mfa"])
        return {"at": at, "mfa_at": None if age is None else at - age, "ip": self.cleaned_data["ip"] or None}
