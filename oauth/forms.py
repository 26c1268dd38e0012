"""Forms about clients, and about a token."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from oauth.clients.keys import BadKeys, Keys, read_keys
from oauth.trial import LONGEST, presented


class KeysForm(forms.Form):
    """The public keys of a client that proves itself by one: pasted, or by their address."""

    jwks = forms.CharField(
        label=_("Public keys"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "placeholder": '{"keys": […]}'}),
        help_text=_(
            "A key set in JSON (JWKS): P-256, RSA of at least 2048 bits, or Ed25519. Never a private key."
        ),
    )
    jwks_uri = forms.CharField(
        label=_("Or their address"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"spellcheck": "false", "placeholder": "https://"}),
        help_text=_("It is read when a key is needed, and again when a new one signs."),
    )

    def wants_keys(self) -> bool:
        """Whether keys are asked for at all; else what stands in the fields counts for nothing."""
        return True

    def clean(self) -> dict[str, Any]:
        """The keys, as ``cleaned_data["keys"]``; none where none are asked for."""
        given: dict[str, Any] = super().clean() or {}
        given["keys"] = Keys()
        if not self.wants_keys():
            return given
        try:
            jwks = json.loads(given["jwks"]) if given.get("jwks") else None
            given["keys"] = read_keys(jwks, given.get("jwks_uri"))
        except (ValueError, RecursionError):
            self.add_error("jwks", _("This is not JSON."))
        except BadKeys as bad:
            self.add_error("jwks" if given.get("jwks") else "jwks_uri", str(bad))
        return given


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
