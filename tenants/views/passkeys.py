"""Passkeys: what a browser is asked, signing in and confirming with one, and one's list of them."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login
from allauth.account.internal.flows.reauthentication import resume_request
from allauth.account.internal.stagekit import get_pending_stage
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.core import ratelimit
from allauth.mfa import signals
from allauth.mfa.internal.flows.add import validate_can_add_authenticator
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.flows import auto_generate_recovery_codes
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.webauthn.internal.flows import remove_authenticator
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from authsec.web.access import public, reauthenticate, signed_in
from tenants.confirming import is_confirmed
from tenants.own_passkeys import TooMany, keep, passkey_row, passkeys_of, rename
from tenants.passkey_forms import AnswerForm, ConfirmAnswerForm, NameForm, NewPasskeyForm, note_passkey
from tenants.passkeys import Purpose, ask, ask_for_new


@public
@never_cache
@require_POST
def options(request: Any, purpose: str) -> HttpResponse:
    """What to ask the browser for, as JSON. A POST, because the challenge is written down."""
    if purpose not in set(Purpose):
        raise Http404
    refused: HttpResponse | None = ratelimit.consume_or_429(request, action="passkey")
    if refused:
        return refused
    now, wanted = timezone.now(), Purpose(purpose)
    identity = _asked(request, wanted)
    if identity is None and wanted != Purpose.SIGN_IN:
        return JsonResponse({"detail": "This page is too old. Load it again."}, status=403)
    if wanted == Purpose.ADD:
        return JsonResponse(ask_for_new(request.session, identity=identity, now=now))
    return JsonResponse(ask(request.session, purpose=wanted, identity=identity, now=now))


def _asked(request: Any, purpose: Purpose) -> Any:
    """Whose passkey it has to be: between password and second factor the session knows who has begun to sign in."""
    if purpose == Purpose.SIGN_IN:
        return None
    if purpose == Purpose.SECOND_FACTOR:
        stage = get_pending_stage(request)
        pending = stage is not None and stage.key == AuthenticateStage.key
        return stage.login.user if pending else None
    if not request.user.is_authenticated:
        return None
    if purpose == Purpose.ADD and not is_confirmed(request, now=timezone.now()):
        return None
    return request.user


@public
@never_cache
@require_POST
def sign_in(request: Any) -> HttpResponse:
    """Sign in with a passkey alone, in the place of address, password and second factor."""
    refused: HttpResponse | None = ratelimit.consume_or_429(request, action="login")
    if refused:
        return refused
    onward = get_next_redirect_url(request)
    if request.user.is_authenticated:
        return redirect(onward or settings.LOGIN_REDIRECT_URL)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _failed(request, form, reverse("account_login"), onward)
    form.save()
    remembered = bool(request.POST.get("remember")) and settings.SESSION_REMEMBERED_SECONDS
    request.session.set_expiry(settings.SESSION_COOKIE_AGE if remembered else 0)
    response: HttpResponse = perform_login(
        request, Login(user=form.proof.authenticator.user, redirect_url=onward)
    )
    return response


@signed_in
@never_cache
@require_POST
def confirm(request: Any) -> HttpResponse:
    """Prove again who one is, with a passkey; then on to ``next``, or to what was interrupted."""
    refused: HttpResponse | None = ratelimit.consume_or_429(
        request, action="reauthenticate", user=request.user
    )
    if refused:
        return refused
    form = ConfirmAnswerForm(request.POST, user=request.user)
    if not form.is_valid():
        return _failed(request, form, reverse("account_reauthenticate"), get_next_redirect_url(request))
    form.save()
    response: HttpResponse | None = resume_request(request)
    return response or redirect("account_home")


def _failed(request: Any, form: AnswerForm, back: str, onward: str | None) -> HttpResponse:
    context = {"form": form, "back": back, "onward": onward}
    return render(request, "mfa/webauthn/failed.html", context, status=422)


@signed_in
@require_safe
def passkeys(request: Any) -> HttpResponse:
    """One's passkeys, each with what it can do."""
    return render(request, "mfa/webauthn/list.html", {"passkeys": passkeys_of(request.user.pk)})


@signed_in
@reauthenticate
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: Any) -> HttpResponse:
    """Make a passkey. The first second factor brings recovery codes, which are shown at once."""
    try:
        validate_can_add_authenticator(request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("account_passkeys")
    form = NewPasskeyForm(request.POST or None, user=request.user, initial={"name": "Passkey"})
    if request.method == "POST" and form.is_valid():
        try:
            row = keep(
                identity=request.user, name=form.cleaned_data["name"], facts=form.facts, now=timezone.now()
            )
            return _added(request, row)
        except TooMany as error:
            form.add_error(None, str(error))
    status = 422 if request.method == "POST" else 200
    return render(request, "mfa/webauthn/add.html", {"form": form}, status=status)


def _added(request: Any, row: Authenticator) -> HttpResponse:
    """Tell by mail; making it was a use of it, so it counts as the second factor of this session."""
    facts = row.data
    note_passkey(request, row, verified=facts["verified"], synced=facts["synced"], reauthenticated=True)
    signals.authenticator_added.send(Authenticator, request=request, user=row.user, authenticator=row)
    get_adapter(request).send_notification_mail("mfa/email/webauthn_added", row.user)
    messages.success(request, "The passkey is ready.")
    if auto_generate_recovery_codes(request):
        return redirect("mfa_view_recovery_codes")
    return redirect("account_passkeys")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def name(request: Any, passkey_id: int) -> HttpResponse:
    """Call a passkey something else."""
    row = _own(request, passkey_id)
    form = NameForm(request.POST or None, initial={"name": row.data["name"]})
    if request.method == "POST" and form.is_valid():
        rename(row=row, name=form.cleaned_data["name"])
        messages.success(request, "The name is saved.")
        return redirect("account_passkeys")
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "passkey": row.data["name"]}
    return render(request, "mfa/webauthn/name.html", context, status=status)


@signed_in
@reauthenticate
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: Any, passkey_id: int) -> HttpResponse:
    """Remove a passkey; with the last second factor the recovery codes go too."""
    row = _own(request, passkey_id)
    if request.method == "POST":
        remove_authenticator(request, row)
        return redirect("account_passkeys")
    others = Authenticator.objects.filter(user=request.user, type__in=("totp", "webauthn")).exclude(pk=row.pk)
    context = {"passkey": row.data["name"], "last": not others.exists()}
    return render(request, "mfa/webauthn/remove.html", context)


def _own(request: Any, passkey_id: int) -> Authenticator:
    row = passkey_row(identity=request.user, passkey_id=passkey_id)
    if row is None:
        raise Http404
    return row
