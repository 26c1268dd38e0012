"""Forms about clients, and about a token."""

import json
import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from oauth.client_keys import BadKeys, read_keys
from oauth.models import ClientPolicy
from oauth.trial import LONGEST, presented

HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


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
        label=_("or their address"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"spellcheck": "false", "placeholder": "https://"}),
        help_text=_("It is read when a key is needed, and again when the account signs with a new one."),
    )

    def clean(self) -> dict[str, Any]:
        """The keys, as ``cleaned_data["keys"]``."""
        given: dict[str, Any] = super().clean() or {}
        try:
            jwks = json.loads(given["jwks"]) if given.get("jwks") else None
            given["keys"] = read_keys(jwks, given.get("jwks_uri"))
        except (ValueError, RecursionError):
            self.add_error("jwks", _("This is not JSON."))
        except BadKeys as bad:
            self.add_error("jwks" if given.get("jwks") else "jwks_uri", str(bad))
        return given


class PolicyForm(forms.Form):
    """Which clients a tenant lets in by itself."""

    registration_policy = forms.ChoiceField(
        label=_("Clients that registered themselves"), choices=ClientPolicy.Policy.choices
    )
    metadata_policy = forms.ChoiceField(
        label=_("Clients known by a document at their address"), choices=ClientPolicy.Policy.choices
    )
    allowed_hosts = forms.CharField(
        label=_("Allowed hosts"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "For “only clients of listed hosts”: one host a line. Of a document it is the host that the document "
            "is at, of a client that registered itself the host of its redirect address."
        ),
    )

    def __init__(self, *args: Any, instance: ClientPolicy | None, **kwargs: Any) -> None:
        policy = instance or ClientPolicy()
        kwargs["initial"] = {
            "registration_policy": policy.registration_policy,
            "metadata_policy": policy.metadata_policy,
            "allowed_hosts": "\n".join(policy.allowed_hosts),
        }
        super().__init__(*args, **kwargs)

    def clean_allowed_hosts(self) -> list[str]:
        """Host names, lower case, each once."""
        hosts = list(dict.fromkeys(self.cleaned_data["allowed_hosts"].lower().split()))
        if wrong := [host for host in hosts if len(host) > 253 or not HOST.fullmatch(host)]:
            raise forms.ValidationError(_("Not a host name: %(host)s."), params={"host": wrong[0]})
        return hosts


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
