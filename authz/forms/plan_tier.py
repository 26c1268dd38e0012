"""Forms about plan tiers: what one is called and allows, and where its holders go."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from authz.forms.refusal import VerbForm
from endusers.models import PlanTier
from endusers.operations import MOST_CALLS, EndUserError
from endusers.plan_tiers import TierLimit, WrongTier, limit_of
from tenants.forms import OptionalReason

WINDOWS = {1: _("second"), 60: _("minute"), 3600: _("hour"), 86_400: _("day")}


class TierVerbForm(VerbForm):
    """A form whose data a verb about tiers judges."""

    shown_at = {"rate_limit": "calls"}

    def run(self, verb: Any, **facts: Any) -> Any:
        """Call the verb; None when it refuses, with its sentences in the form's errors."""
        try:
            return super().run(verb, **facts)
        except WrongTier as refusal:
            for field, sentence in refusal.errors.items():
                place = self.shown_at.get(field, field)
                self.add_error(place if place in self.fields else None, sentence)
        except EndUserError as refusal:
            self.add_error(None, str(refusal))
        return None


class TierForm(TierVerbForm):
    """A tier's name and limit; a new one has a key too, which is never changed."""

    name = forms.CharField(label=_("Name"), max_length=100)
    key = forms.CharField(
        label=_("Key"),
        max_length=40,
        help_text=_("What programs call it. Small letters, digits, - and _. It can never be changed."),
    )
    calls = forms.IntegerField(
        label=_("Calls"),
        required=False,
        min_value=1,
        max_value=MOST_CALLS,
        help_text=_("For whoever has no limit of their own. Empty: no limit."),
    )
    window_s = forms.TypedChoiceField(label=_("Per"), coerce=int, initial=60)

    def __init__(self, *arguments: Any, tier: PlanTier | None = None, **more: Any) -> None:
        limit = limit_of(tier) if tier else None
        window = limit.window_s if limit else 60
        if tier:
            more["initial"] = {"name": tier.name, "calls": limit and limit.limit, "window_s": window}
        super().__init__(*arguments, **more)
        choices = WINDOWS if window in WINDOWS else {**WINDOWS, window: _("%s seconds") % f"{window:,}"}
        self.fields["window_s"].choices = list(choices.items())  # type: ignore[attr-defined]
        if tier:
            del self.fields["key"]

    def facts(self) -> dict[str, Any]:
        """What the verb takes."""
        given = self.cleaned_data
        limit = TierLimit(given["calls"], given["window_s"]) if given["calls"] else None
        named: dict[str, Any] = {name: given[name] for name in ("key", "name") if name in given}
        return {**named, "rate_limit": limit}


class DefaultForm(OptionalReason, TierVerbForm):
    """Why another tier becomes the default."""


class RetireForm(OptionalReason, TierVerbForm):
    """Where the holders of a tier go; nobody has to be asked about a tier that nobody holds."""

    field_order = ["move_to", "reason"]
    move_to = forms.ChoiceField(label=_("Its holders go to"))

    def __init__(self, *arguments: Any, tier: PlanTier, held: bool, **more: Any) -> None:
        super().__init__(*arguments, **more)
        if not held:
            del self.fields["move_to"]
            return
        others = targets(tier.tenant_id, tier.pk)
        self.fields["move_to"].choices = others  # type: ignore[attr-defined]


def targets(tenant_id: UUID, besides: UUID) -> list[tuple[str, str]]:
    """The tiers that somebody can be moved to, the default one first."""
    rows = PlanTier.objects.filter(tenant_id=tenant_id, ended_at=None).exclude(pk=besides)
    return list(rows.order_by("-is_default", "created_at", "id").values_list("key", "name"))


class MoveForm(forms.Form):
    """Which tier its holders might go to."""

    to = forms.ChoiceField(label=_("Everybody on this tier goes to"))

    def __init__(self, data: Any, *, tier: PlanTier) -> None:
        super().__init__(data)
        self.fields["to"].choices = [("", _("Choose a tier")), *targets(tier.tenant_id, tier.pk)]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> str:
        """The key of the tier; "" without one."""
        return str(self.cleaned_data["to"]) if self.is_valid() else ""
