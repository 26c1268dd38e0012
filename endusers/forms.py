"""Forms about consumers."""

from django import forms
from django.utils.translation import gettext_lazy as _


class SuspendForm(forms.Form):
    """Why an end user is suspended: required, for the audit log."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Say why: the reason is written to the audit log.")},
    )


class ReactivateForm(forms.Form):
    """Why a suspension ends: optional."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class TierForm(forms.Form):
    """The plan tier that an end user moves to, one of the tenant's."""

    plan_tier = forms.ChoiceField(label=_("Plan tier"))
    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: object, tiers: list[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["plan_tier"].choices = tiers  # type: ignore[attr-defined]
