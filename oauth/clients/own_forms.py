"""Forms about a tenant's own clients: how people get in with one, where its answers go, how it proves itself."""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from authz.models import Application
from oauth.clients.keys import BadKeys, Keys, read_keys
from oauth.clients.registration import (
    CODE_GRANTS,
    GRANTS,
    LOGOUT_URI,
    POST_LOGOUT,
    Refused,
    checked_logout_uri,
    checked_post_logout_uris,
    checked_redirect_uris,
    readable_name,
)
from oauth.exchange import DEVICE_CODE
from oauth.models import Client

BROWSER, DEVICE = "browser", "device"
WAYS = {BROWSER: "authorization_code", DEVICE: DEVICE_CODE}


class ClientForm(forms.Form):
    """A client of the tenant's own."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("As people read it when they are asked.")
    )
    ways = forms.MultipleChoiceField(
        label=_("How people get in"),
        initial=[BROWSER],
        widget=forms.CheckboxSelectMultiple,
        choices=[
            (BROWSER, _("In their browser: it sends them here, and the answer to a redirect URI")),
            (DEVICE, _("By a code: it runs where no browser is, and people type its code on another device")),
        ],
        error_messages={"required": _("Tick at least one way in.")},
    )
    redirect_uris = forms.CharField(
        label=_("Redirect URIs"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "input mono"}),
        help_text=_(
            "One a line, compared letter for letter: https, http on loopback, or a scheme of its own."
        ),
    )
    applications = forms.MultipleChoiceField(
        label=_("Applications"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: it may ask for any. Exactly one: it need not name the resource."),
    )
    post_logout_redirect_uris = forms.CharField(
        label=_("After signing out, back to"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "class": "input mono"}),
        help_text=_("For web apps that sign people in. One a line, compared letter for letter."),
    )
    backchannel_logout_uri = forms.CharField(
        label=_("Told of sign-outs at"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"spellcheck": "false", "class": "mono"}),
        help_text=_("An https address that takes logout tokens when a person’s session here is over."),
    )
    field_order = ["name", "ways", "redirect_uris", "applications", POST_LOGOUT, LOGOUT_URI]

    def __init__(self, *arguments: Any, offered: Iterable[Application], **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.fields["applications"].choices = [(str(row.pk), row.name) for row in offered]  # type: ignore[attr-defined]

    @property
    def signs_out(self) -> bool:
        """Whether anything is said, or wrong, about signing out: then the page shows what is asked about it."""
        return any(self[name].value() or self[name].errors for name in (POST_LOGOUT, LOGOUT_URI))

    @staticmethod
    def ways_of(client: Client) -> list[str]:
        """The ways in that a client has, as the form ticks them."""
        return [way for way, grant in WAYS.items() if grant in client.grant_types]

    def clean_name(self) -> str:
        try:
            return readable_name(self.cleaned_data["name"])
        except Refused as refused:
            raise forms.ValidationError(refused.description) from refused

    def clean_post_logout_redirect_uris(self) -> list[str]:
        try:
            return checked_post_logout_uris(self.cleaned_data["post_logout_redirect_uris"].split())
        except Refused as refused:
            raise forms.ValidationError(refused.description) from refused

    def clean_backchannel_logout_uri(self) -> str:
        said = self.cleaned_data["backchannel_logout_uri"]
        try:
            return checked_logout_uri(said) if said else ""
        except Refused as refused:
            raise forms.ValidationError(refused.description) from refused

    def clean(self) -> dict[str, Any]:
        """Redirect URIs are needed by who gets in with a browser; without one they are kept for later."""
        data: dict[str, Any] = super().clean() or {}
        uris, needed = data.get("redirect_uris", "").split(), BROWSER in data.get("ways", [])
        try:
            if needed and not uris:
                raise Refused("invalid_redirect_uri", str(_("Name at least one.")))
            data["redirect_uris"] = checked_redirect_uris(uris, needed=needed)
        except Refused as refused:
            self.add_error("redirect_uris", refused.description)
        return data

    def facts(self, grant_types: Sequence[str] = CODE_GRANTS) -> dict[str, Any]:
        """The verbs' arguments. ``grant_types``: what it has; what is no way in of its own stays as it is."""
        data = self.cleaned_data
        kept = (set(grant_types) - set(WAYS.values())) | {WAYS[way] for way in data["ways"]}
        return {
            "name": data["name"],
            "redirect_uris": data["redirect_uris"],
            "grant_types": [name for name in GRANTS if name in kept],
            "application_ids": [UUID(key) for key in data["applications"]],
            "post_logout_redirect_uris": data["post_logout_redirect_uris"],
            "backchannel_logout_uri": data["backchannel_logout_uri"],
        }


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


class NewClientForm(ClientForm, KeysForm):
    """Whether it proves itself is for good; by what can be changed on its page."""

    auth_method = forms.ChoiceField(
        label=_("How it proves itself"),
        initial="none",
        widget=forms.RadioSelect,
        choices=[
            (Client.AuthMethod.NONE.value, _("Not at all: a program on people’s devices (public, PKCE)")),
            (Client.AuthMethod.PRIVATE_KEY_JWT.value, _("By a key: a server that signs; no secret anywhere")),
            (Client.AuthMethod.BASIC.value, _("By a secret, sent by HTTP Basic: a server")),
            (Client.AuthMethod.POST.value, _("By a secret, sent in the form body: a server")),
        ],
    )
    field_order = ["name", "ways", "redirect_uris", "auth_method", "jwks", "jwks_uri"]

    def wants_keys(self) -> bool:
        """Only for who proves itself by one."""
        return bool(self.cleaned_data.get("auth_method") == Client.AuthMethod.PRIVATE_KEY_JWT)

    def facts(self, grant_types: Sequence[str] = CODE_GRANTS) -> dict[str, Any]:
        """The verb's arguments."""
        keys = self.cleaned_data["keys"]
        proof = {"auth_method": self.cleaned_data["auth_method"], "jwks": keys.jwks, "jwks_uri": keys.uri}
        return super().facts(grant_types) | proof
