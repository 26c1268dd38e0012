"""Forms about people of a tenant."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tenants.models import MemberType


class RequiredReason(forms.Form):
    """Why somebody is suspended: required, for the audit log."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Say why: the reason is written to the audit log.")},
    )


class OptionalReason(forms.Form):
    """Why something is changed, where a reason may be left out."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class TypeForm(OptionalReason):
    """The type that a member gets. ``owners`` says whether the person may make owners."""

    field_order = ["type", "reason"]
    type = forms.ChoiceField(label=_("Type"))

    def __init__(self, *args: Any, owners: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [choice for choice in MemberType.choices if owners or choice[0] != MemberType.OWNER]
        self.offered = dict(offered)
        self.fields["type"].choices = offered  # type: ignore[attr-defined]


class SecondFactorRuleForm(forms.Form):
    """How long members have to set up a second factor."""

    grace_days = forms.TypedChoiceField(
        label=_("Grace period"),
        coerce=int,
        choices=[
            (0, _("None: at once")),
            (3, _("3 days")),
            (7, _("7 days")),
            (14, _("14 days")),
            (30, _("30 days")),
            (90, _("90 days")),
        ],
    )


class TenantNameForm(forms.Form):
    """What a tenant is called."""

    name = forms.CharField(label=_("Name"), max_length=100)


class SlugForm(forms.Form):
    """A tenant's word in the console's addresses."""

    slug = forms.CharField(
        label=_("Slug"), max_length=63, widget=forms.TextInput(attrs={"autocapitalize": "none"})
    )


class NewTenantForm(TenantNameForm):
    """A tenant's name, and its slug where somebody wants to choose it."""

    slug = forms.CharField(
        label=_("Slug"),
        max_length=63,
        required=False,
        widget=forms.TextInput(attrs={"autocapitalize": "none"}),
    )


class TransferForm(forms.Form):
    """Who takes the tenant over. ``others``: user id and name of each who may."""

    to = forms.ChoiceField(label=_("New owner"))

    def __init__(self, *args: Any, others: list[tuple[Any, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [("", "")] + [(str(key), name) for key, name in others]  # type: ignore[attr-defined]


class ClosingForm(OptionalReason):
    """The slug, typed out, so that nobody closes the wrong tenant."""

    field_order = ["typed", "reason"]
    typed = forms.CharField(
        max_length=63, widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"})
    )

    def __init__(self, *args: Any, slug: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.slug = slug
        self.fields["typed"].label = _("Type %s to close it") % slug

    def clean_typed(self) -> str:
        """Exactly the slug of the tenant that is being closed."""
        typed = str(self.cleaned_data["typed"])
        if typed != self.slug:
            raise forms.ValidationError(_("This is not the slug."))
        return typed
