"""Signing out because a client asks for it (OpenID Connect RP-Initiated Logout 1.0)."""

from typing import Any

from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from authsec.web.access import protocol, public
from oauth.api.wire import FORM, parse_form, read_body
from oauth.client_authentication import BadRequest
from oauth.clients.redirects import destination
from oauth.sign_out import NAMES, BadSignOut, SignOutRequest, read_sign_out

LONGEST_URL = 8_000  # of our own redirect, in characters


@protocol
@csrf_exempt  # other sites link and post here: what they may do is decided below
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def end_session(request: Any) -> HttpResponse:
    """Sign out at once whom a valid hint is about; ask anybody else first, so that no page can sign people out."""
    try:
        asked = _read(request)
    except (BadSignOut, BadRequest) as error:
        return render(request, "oauth/bad_request.html", {"reason": _words(error)}, status=400)
    if not request.user.is_authenticated:
        if request.method == "POST" and (again := _as_get(asked)):
            return _leave(again, 303)
        return _done(request, asked)
    if asked.identity_id == request.user.pk:
        logout(request)
        return _done(request, asked)
    context = {"client": asked.client, "parameters": asked.parameters}
    response = render(request, "oauth/sign_out.html", context)
    if asked.onward:  # the policy checks where the form's answer leads, too
        response._csp_update = {"form-action": [destination(asked.onward).origin]}  # type: ignore[attr-defined]
    return response


@public
@never_cache
@require_POST
def confirm_sign_out(request: Any) -> HttpResponse:
    """The person said yes on our own page, whose form nobody else can send; what it carries is checked again."""
    try:
        asked = read_sign_out({name: request.POST[name] for name in NAMES if request.POST.get(name)})
    except BadSignOut as error:
        return render(request, "oauth/bad_request.html", {"reason": _words(error)}, status=400)
    logout(request)
    return _done(request, asked)


def _read(request: Any) -> SignOutRequest:
    if request.method != "POST":
        return read_sign_out(parse_form(request.META.get("QUERY_STRING", "").encode()))
    body = read_body(request)
    if body and request.content_type != FORM:
        raise BadRequest("invalid_request", f"Send the parameters as {FORM}.")
    return read_sign_out(parse_form(body))


def _as_get(asked: SignOutRequest) -> str:
    """The same request as a link, '' where it would be too long or was one already.

    A post from another site brings no session cookie (SameSite=Lax), a link that it leads to does.
    """
    url = f"{reverse('protocol:end_session')}?{urlencode(asked.parameters)}"
    return url if asked.parameters and len(url) <= LONGEST_URL else ""


def _done(request: Any, asked: SignOutRequest) -> HttpResponse:
    if asked.onward:
        return _leave(asked.onward, 303 if request.method == "POST" else 302)
    return render(request, "oauth/signed_out.html", {"client": asked.client})


def _leave(url: str, status: int) -> HttpResponse:
    response = HttpResponse(status=status)
    response["Location"] = url
    response["Referrer-Policy"] = "no-referrer"  # the hint stands in our address
    return response


def _words(error: Exception) -> str:
    return error.description if isinstance(error, BadRequest) else str(error)
