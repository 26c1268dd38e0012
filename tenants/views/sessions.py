"""One's own sessions and trusted browsers: looked at, signed out, forgotten."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from authsec.sessions import SIGNED_OUT_ELSEWHERE, end_sessions, sid_of
from authsec.web.access import signed_in
from tenants import trusted_browsers
from tenants.own_events import note_own
from tenants.sessions import sessions_of
from tenants.signin import words_of
from tenants.views.account import account_tabs


@signed_in
@require_safe
def sessions(request: Any) -> HttpResponse:
    """Where one is signed in, this browser first, and the browsers that one trusts."""
    now = timezone.now()
    shown = sessions_of(request.user.pk, present=sid_of(request.session), now=now)
    context = {
        "tabs": account_tabs(request),
        "rows": [(each, words_of(each.sign_in.amr)) for each in shown],
        "others": sum(not each.present for each in shown),
        "browsers": trusted_browsers.browsers_of(request, now=now),
    }
    return render(request, "account/sessions.html", context)


@signed_in
@require_POST
def end(request: Any, sid: UUID) -> HttpResponse:
    """Sign one session out; one's own present one leads to the sign-in page. One that is over already: nothing."""
    if sid == sid_of(request.session):
        logout(request)
        return redirect("account_login")
    ended = end_sessions(
        identity_id=request.user.pk, only=sid, reason=SIGNED_OUT_ELSEWHERE, now=timezone.now()
    )
    if ended:
        note_own(request.user.pk, "sessions.ended", after={"sessions": ended})
    messages.success(request, _("Signed out there.") if ended else _("That session was over already."))
    return redirect("account_sessions")


@signed_in
@require_POST
def end_others(request: Any) -> HttpResponse:
    """Sign out everywhere but here."""
    here = sid_of(request.session)
    ended = end_sessions(
        identity_id=request.user.pk, but=here, reason=SIGNED_OUT_ELSEWHERE, now=timezone.now()
    )
    if ended:
        note_own(request.user.pk, "sessions.ended", after={"sessions": ended})
    said = ngettext("%d other session is signed out.", "%d other sessions are signed out.", ended)
    messages.success(request, said % ended)
    return redirect("account_sessions")


@signed_in
@require_POST
def forget_browser(request: Any) -> HttpResponse:
    """Stop trusting this browser: the next sign-in asks for the second factor."""
    if trusted_browsers.forget_this(request):
        note_own(request.user.pk, "browser.forgotten")
    response = redirect("account_sessions")
    response.delete_cookie(settings.MFA_TRUST_COOKIE_NAME, samesite="Lax")
    return response


@signed_in
@require_POST
def forget_one(request: Any, browser_id: UUID) -> HttpResponse:
    """Stop trusting one browser, wherever it is. One that is not trusted: nothing."""
    if trusted_browsers.forget(identity_id=request.user.pk, browser_id=browser_id):
        note_own(request.user.pk, "browser.forgotten")
    messages.success(request, _("That browser is asked for the second factor again."))
    return redirect("account_sessions")
