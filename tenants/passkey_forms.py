"""Forms that carry a passkey's answer in a hidden field, and what one calls it."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.core import context
from allauth.mfa.models import Authenticator
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.models import Identity
from tenants.own_passkeys import LONGEST_NAME
from tenants.passkeys import LONGEST_ANSWER, BadPasskey, Proof, Purpose, judge, judge_new


class AnswerForm(forms.Form):
    """A browser's answer to what it was asked for ``purpose``. ``user``: whose it has to be, None for anybody's."""

    credential = forms.CharField(
        widget=forms.HiddenInput,
        max_length=LONGEST_ANSWER,
        error_messages={"required": _("No passkey answered. It takes a browser with JavaScript.")},
    )
    purpose = Purpose.SIGN_IN
    proof: Proof

    def __init__(self, *args: Any, user: Identity | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_credential(self) -> str:
        text: str = self.cleaned_data["credential"]
        try:
            self.proof = judge(
                context.request.session, text, purpose=self.purpose, identity=self.user, now=timezone.now()
            )
        except BadPasskey as error:
            raise forms.ValidationError(str(error), code="incorrect_passkey") from error
        return text

    def save(self) -> None:
        """Write down in the session that the passkey was used, and how (``tenants.signin`` reads it)."""
        self.proof.authenticator.record_usage()
        note_passkey(
            context.request,
            self.proof.authenticator,
            verified=self.proof.verified,
            synced=self.proof.synced,
            passwordless=self.purpose == Purpose.SIGN_IN,
            reauthenticated=self.purpose == Purpose.CONFIRM,
        )


class SecondFactorAnswerForm(AnswerForm):
    """After the password; allauth's page of the second factor takes it."""

    purpose = Purpose.SECOND_FACTOR


class ConfirmAnswerForm(AnswerForm):
    """By somebody who is signed in: re-authentication and step-up."""

    purpose = Purpose.CONFIRM


class NameForm(forms.Form):
    """What one calls a passkey."""

    name = forms.CharField(
        label=_("Name"), max_length=LONGEST_NAME, widget=forms.TextInput({"autocomplete": "off"})
    )


class NewPasskeyForm(NameForm):
    """A new passkey, and what it is called."""

    credential = forms.CharField(
        widget=forms.HiddenInput,
        max_length=LONGEST_ANSWER,
        error_messages={"required": _("No passkey was made. It takes a browser with JavaScript.")},
    )
    facts: dict[str, Any]

    def __init__(self, *args: Any, user: Identity, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_credential(self) -> str:
        text: str = self.cleaned_data["credential"]
        try:
            self.facts = judge_new(context.request.session, text, identity=self.user, now=timezone.now())
        except BadPasskey as error:
            raise forms.ValidationError(str(error), code="incorrect_passkey") from error
        return text


def note_passkey(request: Any, row: Authenticator, **how: bool) -> None:
    """One line in allauth's record of how this session signed in."""
    record_authentication(request, row.user, method="mfa", type="webauthn", id=row.pk, **how)
