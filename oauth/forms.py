"""Forms about a token, and the address that is typed to confirm."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from oauth.trial import LONGEST, presented


class TokenForm(forms.Form):
    """A token to try. It is used once and never shown again, not even where the form is refused."""

    token = forms.CharField(
        label=_("Access token"),
        max_length=LONGEST,
        help_text=_("As the client sends it. It is used for this one answer and kept nowhere."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_token(self) -> str:
        """The token alone."""
        return presented(self.cleaned_data["token"])


class TypedAddress(forms.Form):
    """A word, typed to say that one means it."""

    typed = forms.CharField(
        max_length=254, widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, *args: Any, expected: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected
        self.fields["typed"].label = _("Type %s to confirm") % expected

    def clean_typed(self) -> str:
        typed = str(self.cleaned_data["typed"]).strip()
        if typed.lower() != self.expected.lower():
            raise forms.ValidationError(_("This is not %s.") % self.expected)
        return typed
