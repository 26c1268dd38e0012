"""The authorize page (RFC 6749 §3.1): who asks, may this person, with which second factor, and what do they allow."""

import re
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from authsec.database.context import system_context, tenant_context
from authsec.web.access import protocol
from oauth import consent, question
from oauth.api.wire import FORM
from oauth.api_token import WRITE
from oauth.authorization import AuthorizationRequest, NoRedirect, Refused, read_request
from oauth.issuance import API_SCOPES, Subject, grantable_scopes, read_terms
from oauth.models import ClientApproval
from oauth.views.answer import issue_code, leave, refuse
from oauth.views.asking import Asking, api_asking
from oauth.views.stopped import answered, choose_account, look_again, refused, stale, stop
from tenants.confirming import is_confirmed
from tenants.operations import PlanLimit, has_room
from tenants.plans import END_USERS
from tenants.signin import SignIn, sign_in_of

FORM_BODY = re.compile(rb"[\x21-\x7e]{1,4096}")  # a form is a query string already


@protocol
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: Any) -> HttpResponse:
    """The authorization endpoint: a client's request, in the URL or as a form, or a person's answer to one."""
    if request.method == "POST" and request.content_type == FORM and b"client_id=" in request.body:
        return by_url(request)
    # It only looks ahead (RFC 9110 §9.2.1): answered as to a stranger, so that it gives no code.
    if request.method == "HEAD":
        request.user = AnonymousUser()
    return decide(request)


def by_url(request: Any) -> HttpResponse:
    """Have the browser ask by URL what a client's form asked for (OpenID Connect Core §3.1.2.1: GET and POST).

    Another site's form brings no session (SameSite=Lax) and answers for nobody. What the browser asks for next has
    one, and is the same as if the client had used a link.
    """
    if not FORM_BODY.fullmatch(request.body):
        return _bad(request, "The request is no form, or too long.")
    return leave(request, f"{request.path}?{request.body.decode()}")


@csrf_protect
def decide(request: Any) -> HttpResponse:
    """Validate, sign in, step up, ask, answer. The form posts back here and everything is decided anew."""
    try:
        if request.client_document_problem:
            raise NoRedirect(request.client_document_problem)
        asked = read_request(request.META.get("QUERY_STRING", ""))
    except NoRedirect as error:
        return _bad(request, str(error))
    try:
        asked.check()
        return ask(request, asked, asked.resource())
    except Refused as error:
        if _would_lead_astray(request, asked):
            return refused(request, asked, error)
        return leave(request, asked.refusal(error.code, error.description))


def _bad(request: Any, reason: str) -> HttpResponse:
    return render(request, "oauth/bad_request.html", {"reason": reason}, status=400)


def _would_lead_astray(request: Any, asked: AuthorizationRequest) -> bool:
    """Whether to send on at once would make us a link to anywhere (RFC 9700 §4.11.2).

    Anybody can be a client, with an address of their own and a request that is refused. So whoever did nothing here
    yet is asked before they go there, unless the request is a silent one, the address is on their own computer, or
    the client is this installation's own.
    """
    passive = not request.user.is_authenticated and "none" not in asked.prompts
    return passive and asked.destination.kind == "host" and not asked.client.is_installations_own


def ask(request: Any, asked: AuthorizationRequest, resource: str) -> HttpResponse:
    """What stands before consent, then consent itself: for a client's request and for a device's."""
    if request.htmx:
        return look_again(request, asked, resource)
    interruption = before_consent(request, asked, resource)
    if interruption is not None:
        return interruption
    if resource == settings.API_RESOURCE:
        return for_api(request, asked)
    return for_application(request, asked, resource)


def before_consent(request: Any, asked: AuthorizationRequest, resource: str) -> HttpResponse | None:
    """Signing in, as recently as asked for, with a verified address. None when all of it is done."""
    silent = "none" in asked.prompts
    if not request.user.is_authenticated:
        _target(asked, resource, None)
        if silent:
            raise Refused("login_required", "Nobody is signed in.")
        return redirect_to_login(asked.url_after_login())
    if request.POST.get("action") == "again":
        question.forget_answer(request.session, asked.key)
        return leave(request, asked.url())
    said = question.answer_to(request.session, asked.key)
    if said and not silent:
        return answered(request, asked, said)
    if _asks_for_somebody_else(request, asked):
        return choose_account(request, asked)
    sign_in = sign_in_of(request.session)
    if _too_old(asked, sign_in):
        return _confirm(asked, asked.url_after_login())
    if not EmailAddress.objects.filter(user=request.user, email=request.user.email, verified=True).exists():
        return stop(request, asked, "unverified_email")
    return None


def _asks_for_somebody_else(request: Any, asked: AuthorizationRequest) -> bool:
    """Whether the client lets people choose, or expects a person or an address that is not this one."""
    if "select_account" in asked.prompts or not asked.is_for(request.user.pk):
        return True
    if asked.hinted or not asked.expects or asked.expects.casefold() == request.user.email.casefold():
        return False
    return not EmailAddress.objects.filter(
        user=request.user, email__iexact=asked.expects, verified=True
    ).exists()


def _too_old(asked: AuthorizationRequest, sign_in: SignIn) -> bool:
    """Whether the client wants a younger authentication; ``max_age=0`` wants one now (OpenID Connect Core §3.1.2.1)."""
    if "login" in asked.prompts:
        return True
    if asked.max_age is None:
        return False
    age = (timezone.now() - sign_in.auth_time).total_seconds() if sign_in.auth_time else float("inf")
    return age > asked.max_age


def _confirm(asked: AuthorizationRequest, onward: str) -> HttpResponse:
    """To the page that asks who one is. Raises Refused (login_required) for ``prompt=none``."""
    if "none" in asked.prompts:
        raise Refused("login_required", "The sign-in is too old.")
    return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': onward})}")


def _target(asked: AuthorizationRequest, resource: str, identity_id: Any) -> consent.Target | None:
    """The Application asked for; None while only signing in can tell. Raises Refused (invalid_target)."""
    if resource == settings.API_RESOURCE:
        if not asked.client.api_access:
            raise Refused("invalid_target", "This client may not use the management API.")
        return None
    found = consent.find_target(resource_uri=resource, identity_id=identity_id, client=asked.client)
    if found is None and (identity_id or not consent.may_be_known_after_sign_in(resource)):
        raise Refused("invalid_target", "There is no such resource here.")
    return found


def for_application(request: Any, asked: AuthorizationRequest, resource: str) -> HttpResponse:
    """Ask about an Application, or take the answer. Raises Refused."""
    target = _target(asked, resource, request.user.pk)
    if target is None:
        raise Refused("invalid_target", "There is no such resource here.")
    now, sign_in = timezone.now(), sign_in_of(request.session)
    with tenant_context(target.tenant_id, savepoint=False):
        word = consent.approval_of(
            tenant_id=target.tenant_id,
            client=asked.client,
            place=asked.destination.place,
            now=now,
        )
        if word == ClientApproval.Status.DENIED:
            return stop(request, asked, "client_denied", target)
        terms = read_terms(
            tenant_id=target.tenant_id,
            subject=Subject("user", target.user_id, sign_in.mfa_at, request.client_ip),
            client_id=asked.client.pk,
            application_id=target.application_id,
            at=now,
            consented=False,
        )
        if terms is None:
            raise Refused("invalid_target", "There is no such resource here.")
        grantable = grantable_scopes(terms, requested=asked.scopes, arriving=True)
        if grantable.refusal:
            return stop(request, asked, grantable.refusal, target)
        if word == ClientApproval.Status.PENDING:
            return stop(request, asked, "pending", target)
        known = grantable.terms.member or grantable.terms.end_user
        if not known and not has_room(tenant_id=target.tenant_id, what=END_USERS, now=now):
            return stop(request, asked, "full", target)
        asking = Asking(asked, target, grantable, sign_in, now)
        step_up = _step_up(request, asking)
        if step_up is not None:
            return step_up
        try:
            # Under /oauth/ a refusal commits; whoever took the last place must leave no trace of the next.
            with nullcontext() if known else transaction.atomic():
                return _consent(request, asked, asking)
        except PlanLimit:
            return stop(request, asked, "full", target)


def _step_up(request: Any, asking: Asking) -> HttpResponse | None:
    """A second factor first, where the client asks for what needs one (RFC 9470 §5); never for mere defaults."""
    asked, grantable = asking.asked, asking.grantable
    wants = asked.wants_second_factor and not asking.sign_in.mfa_at
    needed = wants or (grantable.explicit and grantable.waiting)
    if not needed or asked.without_step_up:
        return None
    if "none" in asked.prompts:
        raise Refused("interaction_required", "A second factor is needed.")
    return redirect(asking.step_up_url(request))


def _consent(request: Any, asked: AuthorizationRequest, asking: Asking) -> HttpResponse:
    """Ask, or take the answer, or go on where the person already said yes to all of it."""
    if request.method == "POST":
        return _answer(request, asking)
    grantable = asking.grantable
    if not grantable.granted and not grantable.sign_in_only and not grantable.waiting:
        if "none" in asked.prompts:
            raise Refused("access_denied", "None of these scopes can be granted.")
        return asking.page(request)
    silent, waits = "none" in asked.prompts, grantable.waiting and not asked.without_step_up
    if asking.covered and (silent or not (waits or "consent" in asked.prompts)):
        try:
            return issue_code(request, asking, grantable.granted, grantable.openid, remembered=True)
        except consent.NoSuchConsent:  # it was withdrawn in between
            asking = replace(asking)
    if silent:
        raise Refused("consent_required", "The person has to consent first.")
    return asking.page(request)


def _answer(request: Any, asking: Asking) -> HttpResponse:
    """Nothing posted widens what is granted: ticks only choose from what the page showed and the gate gives now."""
    asked, grantable = asking.asked, asking.grantable
    if request.POST.get("action") != "allow":
        return _deny(request, asked, "The person did not allow it.")
    try:
        shown = question.unseal(
            request.POST.get("question", ""), key=asked.key, identity_id=request.user.pk, now=asking.now
        ).shown
    except question.Stale as reason:
        return stale(request, asked, reason.reason)
    ticked = shown.intersection(request.POST.getlist("scopes"))
    lost = ticked - {*grantable.granted, *grantable.openid}
    if lost:
        return asking.page(request, changed=lost, status=409)
    chosen = tuple(name for name in grantable.granted if name in ticked | asking.kept)
    if not chosen and not grantable.sign_in_only:
        return _deny(request, asked, "The person allowed nothing of what was asked for.")
    # Who the person is goes with the yes; their name and address can be left out.
    openid = tuple(name for name in grantable.openid if name in {"openid", *ticked, *asking.kept})
    answer = issue_code(request, asking, chosen, openid)
    question.note_answer(request.session, key=asked.key, answer=question.ALLOWED)
    return answer


def _deny(request: Any, asked: AuthorizationRequest, description: str) -> HttpResponse:
    question.note_answer(request.session, key=asked.key, answer=question.DENIED)
    return refuse(request, asked, description)


def for_api(request: Any, asked: AuthorizationRequest) -> HttpResponse:
    """The management API belongs to no tenant: its scopes come to whoever may ask, Cedar decides what they do."""
    _target(asked, settings.API_RESOURCE, request.user.pk)
    now = timezone.now()
    wanted = tuple(name for name in API_SCOPES if not asked.asks_for_scopes or name in asked.scopes)
    if not wanted:
        raise Refused("invalid_scope", f"The management API's scopes are {' and '.join(API_SCOPES)}.")
    asking = api_asking(asked, wanted, sign_in_of(request.session), now)
    if WRITE in wanted and not is_confirmed(request, now=now):
        # Such a token does what the console asks to confirm: a session that lies open must not get one.
        asking.note(request, asked.url(), [WRITE])
        return _confirm(asked, asked.url())
    with system_context():
        if "none" in asked.prompts:
            allowed = consent.allowed_for_api(client=asked.client, identity_id=request.user.pk, now=now)
            if set(wanted) <= allowed:
                return issue_code(request, asking, wanted)
            raise Refused("consent_required", "The person has to consent first.")
        return _answer(request, asking) if request.method == "POST" else asking.page(request)
