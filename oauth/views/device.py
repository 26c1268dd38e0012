"""Where a person answers a device (RFC 8628 §3.3): the code that it shows, then the consent page."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods

from authsec.web.access import signed_in
from authsec.web.http import Request, posted
from oauth import device, throttle
from oauth.authorization import Refused
from oauth.device_request import PAGE, DeviceRequest
from oauth.models import DeviceGrant
from oauth.views.authorize import ask

UNKNOWN = _lazy("No device waits with this code. Codes live ten minutes: ask the device for a new one.")
TOO_MANY = _lazy("Too many wrong codes. Try again in ten minutes.")


class TooMany(Exception):
    """So many codes were wrong that somebody may be guessing (§5.1)."""


class UserCodeForm(forms.Form):
    """The code that a device shows."""

    user_code = forms.CharField(
        label=_lazy("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "class": "otp",
                "placeholder": "BCDF-GHJK",
            }
        ),
    )

    def clean_user_code(self) -> str:
        """The code in the spelling of the device."""
        letters = device.as_typed(self.cleaned_data["user_code"])
        if not letters:
            raise forms.ValidationError(_("A code has eight letters, no vowels and no digits."))
        return device.shown(letters)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: Request) -> HttpResponse:
    """Ask for the code, also where the link held it: what it is about is looked at on the next page."""
    given = device.as_typed(request.GET.get("user_code", ""))
    form = UserCodeForm(posted(request), initial={"user_code": device.shown(given) if given else ""})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            code = form.cleaned_data["user_code"]
            try:
                if _looked_up(request, code) is not None:
                    return redirect(f"{PAGE}?{urlencode({'user_code': code})}")
                form.add_error("user_code", str(UNKNOWN))
            except TooMany:
                form.add_error(None, str(TOO_MANY))
                status = 429
    return _page(request, "oauth/device.html", {"form": form, "linked": bool(given)}, status)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def allow(request: Any) -> HttpResponse:
    """Say what the device asks for, who and where it is, and take the answer; everything is decided anew each time."""
    try:
        row = _looked_up(request, request.GET.get("user_code", ""))
        if row is None:
            return _page(request, "oauth/device_over.html", {"reason": UNKNOWN}, 404)
        asked = DeviceRequest.waiting(row, row.application, request.GET.dict())
        asked.check()
        return ask(request, asked, asked.resource())
    except TooMany:
        return _page(request, "oauth/device_over.html", {"reason": TOO_MANY}, 429)
    except device.NotOpen:
        return _page(request, "oauth/device_over.html", {"reason": UNKNOWN}, 409)
    except Refused as refused:
        return _page(request, "oauth/device_over.html", {"reason": refused.description}, 403)


def _looked_up(request: Any, code: str) -> DeviceGrant | None:
    """The authorization that waits with this code; wrong codes are counted by account and address (§5.1).

    Raises TooMany.
    """
    letters = device.as_typed(code)
    counters = [("user_code", str(request.user.pk)), ("user_code_address", request.client_ip or "")]
    if any(throttle.exhausted(*counter) for counter in counters):
        raise TooMany
    row = device.find(letters, now=timezone.now())
    if row is None and letters:
        for counter in counters:
            throttle.hit(*counter)
    return row


def _page(request: Any, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    response = render(request, template, context, status=status)
    response["Cache-Control"] = "no-store"
    if status == 429:
        response["Retry-After"] = "600"
    return response
