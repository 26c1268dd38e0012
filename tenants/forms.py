"""Forms about people of a tenant."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tenants.models import MemberType
from tenants.operations.addresses import split_addresses


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


def types_offered(owners: bool) -> list[tuple[str, str]]:
    """The member types that may be chosen; ``owners`` says whether the person may make owners."""
    return [choice for choice in MemberType.choices if owners or choice[0] != MemberType.OWNER]


class TypeForm(OptionalReason):
    """The type that a member gets."""

    field_order = ["type", "reason"]
    type = forms.ChoiceField(label=_("Type"))

    def __init__(self, *args: Any, owners: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = dict(types_offered(owners))
        self.fields["type"].choices = types_offered(owners)  # type: ignore[attr-defined]


class InviteForm(forms.Form):
    """One address or many, as they are typed or pasted; a type; a message if one is wished."""

    emails = forms.CharField(
        label=_("E-mail"),
        max_length=20_000,
        widget=forms.Textarea(
            attrs={
                "rows": 1,
                "placeholder": "name@company.example",
                "autocomplete": "off",
                "spellcheck": "false",
                "inputmode": "email",
            }
        ),
        error_messages={"required": _("Name at least one e-mail address.")},
    )
    type = forms.ChoiceField(label=_("Type"), initial=MemberType.MEMBER)
    message = forms.CharField(
        label=_("Message"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, owners: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["type"].choices = types_offered(owners)  # type: ignore[attr-defined]

    def clean_emails(self) -> list[str]:
        """The addresses, between blanks, commas, semicolons or line ends."""
        return split_addresses(self.cleaned_data["emails"])


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
        self.fields["to"].choices = [("", _("Choose a member"))] + [(str(key), name) for key, name in others]  # type: ignore[attr-defined]


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
