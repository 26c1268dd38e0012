"""What a bulk verb needs besides whom: read the same way from the console's form and from the API's ``params``."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from authsec.web.parameters import in_utc
from endusers.models import PlanTier
from endusers.operations import LONGEST_WINDOW_S, MOST_CALLS, RateLimit


def tier_params(tenant_id: UUID) -> type[forms.Form]:
    """The form for one of the tenant's plan tiers."""
    rows = PlanTier.objects.filter(tenant_id=tenant_id, ended_at=None).order_by("created_at", "rate_limit")
    tiers = list(rows.values_list("key", "name"))

    class TierParams(forms.Form):
        plan_tier = forms.ChoiceField(
            label=_("New plan tier"),
            choices=tiers,
            error_messages={"invalid_choice": _("There is no plan tier “%(value)s” here.")},
        )

        def kept(self) -> dict[str, Any]:
            """The tier's key."""
            return {"plan_tier": self.cleaned_data["plan_tier"]}

    return TierParams


class LimitParams(forms.Form):
    """A rate limit of one's own."""

    limit = forms.IntegerField(label=_("Calls"), min_value=1, max_value=MOST_CALLS)
    window_s = forms.IntegerField(
        label=_("In how many seconds"), min_value=1, max_value=LONGEST_WINDOW_S, initial=60
    )
    until = forms.DateTimeField(
        label=_("Until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text=_("UTC. Without a time it stays until it is taken away."),
    )

    def clean_until(self) -> datetime | None:
        """A moment that is still to come, in UTC: the database reads fewer zones than the field does."""
        until: datetime | None = self.cleaned_data["until"]
        if until is None:
            return None
        try:
            until = in_utc(until)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        if until <= timezone.now():
            raise forms.ValidationError(_("This is over already: it would never count."))
        return until

    def kept(self) -> dict[str, Any]:
        """The limit as the row keeps it."""
        value = self.cleaned_data
        return {"rate_limit": RateLimit(value["limit"], value["window_s"], value["until"]).as_json()}
