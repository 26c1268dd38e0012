"""allauth's forms in our words: no placeholders instead of labels, and what a password manager needs to know."""

from typing import Any

from allauth.account import forms as account
from allauth.core import context
from allauth.core.internal import ratelimit
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.base import forms as second_factor
from allauth.mfa.totp import forms as totp
from django import forms
from django.conf import settings
from django.core.cache import cache
from django.core.validators import MaxLengthValidator
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from tenants.signin import INVITED_EMAIL, TRUST_THIS_BROWSER

PASSWORD_HINT = _("At least 10 characters, and none of the common ones.")
LONGEST_EMAIL = 254  # RFC 5321 §4.5.3.1.3, and the column
LONGEST_PASSWORD = 1_000  # characters; hashing must not be asked to read a book
# Beyond the few tries in five minutes that guard every sign-in: codes are short.
CODE_TRIES = {"second_factor": "50/d/key"}


class Plain:
    """Takes away allauth's placeholders and doubled fields, and sets labels, hints and bounds."""

    labels: dict[str, Any] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password2", None)
        for name, form_field in self.fields.items():
            form_field.widget.attrs.pop("placeholder", None)
            form_field.label = self.labels.get(name, form_field.label)
            form_field.help_text = PASSWORD_HINT if name == "password1" else ""
            if isinstance(form_field, forms.EmailField):
                form_field.validators.append(MaxLengthValidator(LONGEST_EMAIL))
            if "password" in name and isinstance(form_field, forms.CharField):
                form_field.validators.append(MaxLengthValidator(LONGEST_PASSWORD))
                form_field.widget.attrs["maxlength"] = str(LONGEST_PASSWORD)


class NameForm(forms.Form):
    """What one is called. ``autocomplete``: WCAG 1.3.5."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        required=False,
        widget=forms.TextInput({"autocomplete": "name", "autofocus": True}),
    )


class SignInForm(Plain, account.LoginForm):
    labels = {"login": _("E-mail"), "password": _("Password"), "remember": _("Keep me signed in")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not settings.SESSION_REMEMBERED_SECONDS:
            del self.fields["remember"]
        # webauthn: where the browser can, it offers passkeys among the addresses it knows.
        self.fields["login"].widget.attrs |= {"autocomplete": "username webauthn", "autofocus": True}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        cleaned.setdefault("remember", False)  # allauth reads it, offered or not
        return cleaned


class SignUpForm(Plain, account.SignupForm):
    labels = {"email": _("E-mail"), "password1": _("Password")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].widget.attrs |= {"autocomplete": "username", "autofocus": True}
        if context.request and (invited := context.request.session.get(INVITED_EMAIL)):
            self.fields["email"].initial = invited

    def try_save(self, request: HttpRequest) -> tuple[Any, HttpResponse | None]:
        """Two sign-ups with one address at one moment: the second finds it taken, as if it had come later."""
        try:
            with transaction.atomic():
                saved: tuple[Any, HttpResponse | None] = super().try_save(request)
        except IntegrityError:
            self.account_already_exists = True
            saved = super().try_save(request)
        return saved


class ChangeEmailForm(Plain, account.AddEmailForm):
    labels = {"email": _("New e-mail")}


class ChangePasswordForm(Plain, account.ChangePasswordForm):
    labels = {"oldpassword": _("Present password"), "password1": _("New password")}


class SetPasswordForm(Plain, account.SetPasswordForm):
    labels = {"password1": _("Password")}


class ResetPasswordForm(Plain, account.ResetPasswordForm):
    labels = {"email": _("E-mail")}


class NewPasswordForm(Plain, account.ResetPasswordKeyForm):
    labels = {"password1": _("New password")}


class ConfirmPasswordForm(Plain, account.ReauthenticateForm):
    labels = {"password": _("Password")}


class OneTimeCode(Plain):
    """A code counts once while it would be valid (RFC 6238 §5.2), and guesses have a daily bound.

    allauth forgets a used code after one step of 30 s; with a tolerance it would be valid for three.
    """

    user: Any
    cleaned_data: dict[str, Any]
    labels = {"code": _("Code")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.validators.append(MaxLengthValidator(32))
        code.widget.attrs |= {
            "autocomplete": "one-time-code",
            "autocapitalize": "none",
            "spellcheck": "false",
            "autofocus": True,
        }
        code.widget.attrs["class"] = "otp"

    def clean_code(self) -> str:
        tries = ratelimit.consume(
            context.request,
            app="tenants",
            action="second_factor",
            config=CODE_TRIES,
            key=f"code:{self.user.pk}",
        )
        if not tries:
            raise forms.ValidationError(
                _("Too many tries. Wait until tomorrow, then try again."), code="too_many_login_attempts"
            )
        code = super().clean_code()  # type: ignore[misc]
        window = mfa_settings.TOTP_PERIOD * (2 * mfa_settings.TOTP_TOLERANCE + 1)
        if not cache.add(f"code-used:{self.user.pk}:{code.strip()}", "y", timeout=window):
            raise forms.ValidationError(
                _("This code is not right, or it has been used. Wait for the next one."),
                code="incorrect_code",
            )
        tries.rollback()
        return str(code)


class SecondFactorForm(OneTimeCode, second_factor.AuthenticateForm):
    """At sign-in, with the tick that trusts this browser."""

    trust = forms.BooleanField(required=False, label=_("Don’t ask again in this browser for 30 days"))
    labels = {"code": _("Code")}

    def save(self) -> None:
        super().save()
        if self.cleaned_data["trust"]:
            setattr(context.request, TRUST_THIS_BROWSER, True)


class ConfirmSecondFactorForm(OneTimeCode, second_factor.ReauthenticateForm):
    """A second factor of somebody who is signed in: re-authentication and step-up."""


class EnrolAuthenticatorForm(OneTimeCode, totp.ActivateTOTPForm):
    """The first code of a new authenticator app. It is a second factor that was used just now, and counts as one."""

    labels = {"code": _("Code from the app")}

    def clean_code(self) -> str:
        code = super().clean_code()
        account.flows.login.record_authentication(
            context.request, self.user, method="mfa", type="totp", reauthenticated=True
        )
        return code
