"""Forms about consumers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from endusers.bulk.forms import LimitParams
from endusers.columns import COLUMNS
from endusers.limits import Limit
from endusers.operations import RateLimit
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


class LimitForm(LimitParams, OptionalReason):
    """A rate limit of one person's own, until when and why."""

    field_order = ["limit", "window_s", "until", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A browser's date field shows this form alone; in any other the moment would be lost with the next change.
        self.fields["until"].widget.format = "%Y-%m-%dT%H:%M"

    @staticmethod
    def initial_of(limit: Limit | None) -> dict[str, Any]:
        """What counts now, as the form starts from it."""
        if limit is None:
            return {"window_s": 60}
        return {
            "limit": limit.limit,
            "window_s": limit.window_s,
            "until": limit.until,
            "reason": limit.reason,
        }

    def override(self) -> RateLimit:
        """What :func:`endusers.operations.set_rate_limit` is told."""
        value = self.cleaned_data
        return RateLimit(value["limit"], value["window_s"], value["until"], value["reason"])
