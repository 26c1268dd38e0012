"""A person's own pages: how they sign in, which tenants they belong to, and the second factor right now."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.core import ratelimit
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from authsec.audit import installation
from authsec.sessions import sid_of
from authsec.web.access import signed_in
from tenants import sessions
from tenants.account_forms import ConfirmSecondFactorForm, NameForm
from tenants.account_pages import admit_return
from tenants.identities import rename
from tenants.links import suggestions, ways_elsewhere
from tenants.own_passkeys import factors_of
from tenants.queries import memberships_of
from tenants.signin import (
    STEP_UP_NEXT,
    STEP_UP_PAGE,
    describe_next,
    own_path,
    sign_in_of,
    waiting_for,
    words_of,
)
from tenants.trusted_browsers import browsers_of
from tenants.views.activity import shown

# label, URL name, icon of the account's own small menu; what has no page yet is left out.
PAGES = [
    ("Overview", "account_home", "user"),
    ("Connections", "connections:own", "plug"),
    ("Sessions", "account_sessions", "monitor"),
    ("Tenants", "account_tenants", "layers"),
    ("Data", "own_data:data", "database"),
]


def account_tabs(request: Any) -> list[dict[str, Any]]:
    """The account's pages as tabs, the present one marked."""
    tabs = []
    for label, name, icon in PAGES:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        tabs.append({"label": label, "url": url, "icon": icon, "current": url == request.path})
    return tabs


@signed_in
@require_safe
def home(request: Any) -> HttpResponse:
    """One's own sign-in methods, each with its state, and the present session's facts."""
    sign_in, now = sign_in_of(request.session), timezone.now()
    methods = {found.type: found for found in Authenticator.objects.filter(user=request.user)}
    codes = methods.get(Authenticator.Type.RECOVERY_CODES)
    context = {
        "tabs": account_tabs(request),
        "sign_in": sign_in,
        "methods": words_of(sign_in.amr),
        "pending_email": EmailAddress.objects.filter(user=request.user, verified=False).first(),
        "authenticator": methods.get(Authenticator.Type.TOTP),
        "codes": codes,
        "factors": factors_of(request.user),
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "suggestions": suggestions(request.user.pk),
        "ways": ways_elsewhere(request.user.pk),
        "browsers": len(browsers_of(request, now=now)),
        "latest": [shown(event) for event in installation.latest_of(request.user.pk, limit=4)],
        "others": sessions.count_others(request.user.pk, present=sid_of(request.session), now=now),
    }
    return render(request, "account/home.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def name(request: Any) -> HttpResponse:
    """What one is called, in every tenant one belongs to."""
    form = NameForm(request.POST or None, initial={"name": request.user.name})
    if request.method == "POST" and form.is_valid():
        rename(identity=request.user, name=form.cleaned_data["name"])
        messages.success(request, "Your name is saved.")
        return redirect("account_home")
    status = 422 if request.method == "POST" else 200
    return render(request, "account/name.html", {"form": form}, status=status)


@signed_in
@require_safe
def confirmed(request: Any) -> HttpResponse:
    """Back at the page from which something was sent too late; it says that nothing has happened."""
    messages.warning(
        request, "Thank you. Nothing had been changed yet: you had to confirm who you are. Send it again."
    )
    return redirect(own_path(request.GET.get("next", "")) or reverse("account_home"))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def step_up(request: Any) -> HttpResponse:
    """A second factor, made to happen now, then on to ``next``.

    ``without`` is where *Continue without* leads (default: ``next``). Who has no second factor yet is led through
    setting one up, which is a use of it too, and comes back here to go on. A passkey's answer goes elsewhere
    (``tenants.views.passkeys.confirm``).
    """
    onward = own_path(request.GET.get("next", "")) or reverse("account_home")
    without = own_path(request.GET.get("without", "")) or onward
    factors = factors_of(request.user)
    enrolled = factors.any
    form = ConfirmSecondFactorForm(request.POST or None, user=request.user)
    if request.method == "POST" and enrolled:
        refused: HttpResponse | None = ratelimit.consume_or_429(
            request, action="reauthenticate", user=request.user
        )
        if refused:
            return refused
        if form.is_valid():
            form.save()
            return redirect(onward)
    if not enrolled:
        _remember(request, onward)
    status = 422 if request.method == "POST" and enrolled else 200
    asking = describe_next(onward)
    context = {
        "form": form,
        "factors": factors,
        "onward": onward,
        "without": without,
        "asking": asking,
        "waiting": waiting_for(request.session, onward),
    }
    response = render(request, "account/step_up.html", context, status=status)
    admit_return(response, asking)
    return response


def _remember(request: Any, onward: str) -> None:
    """Setting one up is a visit to other pages: from there it goes on, or back here to do without."""
    request.session[STEP_UP_NEXT], request.session[STEP_UP_PAGE] = onward, request.get_full_path()


@signed_in
@require_safe
def second_factor(request: Any) -> HttpResponse:
    """Set up a second factor because a tenant asks its team for one; then on to ``next``."""
    onward = own_path(request.GET.get("next", "")) or reverse("account_home")
    asking = [card for card in memberships_of(request.user.pk) if card.usable and card.second_factor_due]
    if not asking:
        return redirect(onward)
    _remember(request, onward)
    return render(request, "account/second_factor.html", {"asking": asking, "now": timezone.now()})


@signed_in
@require_safe
def step_up_done(request: Any) -> HttpResponse:
    """After enrolment: on to where the step-up was for."""
    request.session.pop(STEP_UP_PAGE, None)
    return redirect(own_path(request.session.pop(STEP_UP_NEXT, "")) or reverse("account_home"))
