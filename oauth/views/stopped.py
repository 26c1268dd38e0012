"""The pages on which an authorization request stands still: what is in the way, and each way on."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from authsec.database.context import tenant_context
from endusers.queries import suspended_since
from oauth import consent
from oauth.authorization import AuthorizationRequest, Refused
from oauth.models import ClientApproval
from oauth.parties import ApplicationFacts, application_facts, client_facts

# Why it does not go on, and the status that says so.
PAGES = {
    "suspended": 403,
    "tenant_closed": 403,
    "application_disabled": 403,
    "client_denied": 403,
    "client_limited": 403,
    "members_only": 403,
    "listed_only": 403,
    "unverified": 403,
    "full": 403,
    "unverified_email": 403,
    "pending": 200,
}
WAITS_FOR = timedelta(hours=1)  # how long the waiting page looks by itself
LOOKS = [
    (120, 5),
    (600, 15),
]  # until so many seconds have passed it looks every so many; then every LOOKS_LATER_S
LOOKS_LATER_S = 30


def stop(
    request: Any, asked: AuthorizationRequest, reason: str, target: consent.Target | None = None
) -> HttpResponse:
    """Say plainly why it does not go on; where nothing may be shown, tell the client.

    With a ``target`` inside its tenant's context.
    """
    if "none" in asked.prompts:
        code = "interaction_required" if reason in ("pending", "unverified_email") else "access_denied"
        raise Refused(code, "Not allowed.")
    context = _context(asked, target) | {"reason": reason}
    if reason == "suspended" and target and target.user_id:
        context["since"] = suspended_since(tenant_id=target.tenant_id, user_id=target.user_id)
    if reason == "pending":
        return _wait(request, asked, context, timezone.now())
    return _page(request, "oauth/stopped.html", context, PAGES[reason])


def _context(asked: AuthorizationRequest, target: consent.Target | None) -> dict[str, Any]:
    return {
        "client": client_facts(asked),
        "application": application_facts(target) if target else ApplicationFacts(""),
        "back": asked.refusal("access_denied", "Not allowed."),
        "again": asked.url(),
        "another": asked.url_for_another(),
    }


def _page(request: Any, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    response = render(request, template, context, status=status)
    response["Cache-Control"] = "no-store"
    return response


# --- waiting for the tenant's word ----------------------------------------------------------------


def look_again(request: Any, asked: AuthorizationRequest, resource: str) -> HttpResponse:
    """What the waiting page asks by itself: nothing but whether it still has to wait; all else is for the browser.

    No code may leave here, since a script's request would follow the redirect instead of the person.
    """
    target = None
    if request.user.is_authenticated and resource != settings.API_RESOURCE:
        target = consent.find_target(resource_uri=resource, identity_id=request.user.pk, client=asked.client)
    if target is None:
        return HttpResponseClientRedirect(asked.url())
    now = timezone.now()
    with tenant_context(target.tenant_id, savepoint=False):
        word = consent.approval_of(
            tenant_id=target.tenant_id,
            client=asked.client,
            place=asked.destination.place,
            now=now,
        )
        if word != ClientApproval.Status.PENDING:
            return HttpResponseClientRedirect(asked.url())
        return _wait(request, asked, _context(asked, target), now)


def _wait(request: Any, asked: AuthorizationRequest, context: dict[str, Any], now: datetime) -> HttpResponse:
    since = asked.waiting_since(now)
    waited = (now - since).total_seconds()
    every_s = next((every for until, every in LOOKS if waited < until), LOOKS_LATER_S)
    context |= {
        "over": waited >= WAITS_FOR.total_seconds(),
        "every_s": every_s,
        "since": since,
        "look": asked.url() + "&" + urlencode({"waiting": int(since.timestamp())}),
    }
    return _page(request, f"oauth/pending.html{'#looking' if request.htmx else ''}", context)


# --- which account --------------------------------------------------------------------------------


def choose_account(request: Any, asked: AuthorizationRequest) -> HttpResponse:
    """Ask whether the account that is signed in is the one (OpenID Connect Core §3.1.2.1). Who is not the person of an
    ``id_token_hint`` has no such choice (§3.1.2.2). Raises Refused for ``prompt=none`` (§3.1.2.6).
    """
    wrong = not asked.is_for(request.user.pk)
    if "none" in asked.prompts:
        code = "login_required" if wrong else "account_selection_required"
        raise Refused(code, "Somebody else than the expected person is signed in.")
    expected = asked.expects
    context = {
        "client": client_facts(asked),
        "wrong": wrong,
        "expected": "" if wrong or expected.casefold() == request.user.email.casefold() else expected,
        "chosen": asked.url_as_chosen(),
        "expected_url": asked.url_after_login(),
        "another": asked.url_for_another(),
        "back": asked.refusal("access_denied", "The person did not choose an account."),
    }
    return _page(request, "oauth/which_account.html", context)


# --- requests that are wrong, of clients whom nobody stands for -----------------------------------------


def refused(request: Any, asked: AuthorizationRequest, error: Refused) -> HttpResponse:
    """Say that the client's request is wrong, and let the person decide whether to take that to its address."""
    context = {
        "client": client_facts(asked),
        "why": error.description,
        "back": asked.refusal(error.code, error.description),
    }
    return _page(request, "oauth/refused.html", context, 400)


# --- answers to questions that are none any more ------------------------------------------------------


def answered(request: Any, asked: AuthorizationRequest, answer: str) -> HttpResponse:
    """The request was answered in this browser: say so, and begin anew only when told to."""
    client = client_facts(asked)
    context = {"client": client, "answer": answer, "action": asked.url()}
    response = _page(request, "oauth/answered.html", context, 409 if request.method == "POST" else 200)
    # Its form may lead to the client at once, which Chromium checks along the redirects.
    response._csp_update = {"form-action": [client.returns.origin]}  # type: ignore[attr-defined]
    return response


def stale(request: Any, asked: AuthorizationRequest, reason: str) -> HttpResponse:
    """The form that was sent is too old, another person's, or none of ours: nothing happened, and a fresh one."""
    context = {"client": client_facts(asked), "reason": reason, "again": asked.url()}
    return _page(request, "oauth/stale.html", context, 409)
