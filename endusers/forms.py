"""Forms about consumers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tenants.forms import OptionalReason


class TierForm(OptionalReason):
    """The plan tier that an end user moves to, one of the tenant's."""

    field_order = ["plan_tier", "reason"]
    plan_tier = forms.ChoiceField(label=_("Plan tier"))

    def __init__(self, *args: Any, tiers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan_tier"].choices = tiers  # type: ignore[attr-defined]
