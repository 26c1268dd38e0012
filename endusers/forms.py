"""Forms about consumers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from endusers.columns import COLUMNS
from tenants.forms import OptionalReason


class TierForm(OptionalReason):
    """The plan tier that an end user moves to, one of the tenant's."""

    field_order = ["plan_tier", "reason"]
    plan_tier = forms.ChoiceField(label=_("Plan tier"))

    def __init__(self, *args: Any, tiers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan_tier"].choices = tiers  # type: ignore[attr-defined]


class ViewForm(forms.Form):
    """The name that a member keeps the list's filters under."""

    name = forms.CharField(
        max_length=40,
        label=_("Name"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )


class ColumnsForm(forms.Form):
    """Which columns the list shows; none at all is a choice too."""

    column = forms.MultipleChoiceField(choices=list(COLUMNS.items()), required=False, label=_("Columns"))
