"""Confirming who one is before what a stolen or left-open session must not do.

Views say it with ``@reauthenticate`` (authsec.web.access); the roof asks here. A sign-in, a step-up and a confirmation
count for REAUTHENTICATION_SECONDS. Bearers of API tokens are not asked: such a token is no session that lies open in
a browser, and lives ten minutes. The authorize page asks whoever wants one that may write (oauth.views.authorize).
"""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from django.http import HttpResponse, QueryDict
from django.urls import reverse

from authsec.web.htmx import go_to
from tenants.signin import is_fresh, own_path

KEPT = "kept_answers"  # in the session: what was typed into a form that was sent too late, and of which page
KEPT_AT_MOST = 20_000  # characters
NEVER_KEPT = ("csrfmiddlewaretoken", "password", "secret", "token", "code")


def is_confirmed(request: Any, *, now: datetime) -> bool:
    """Whether the person proved who they are a short while ago: with the second factor, if they have one.

    The password alone would not do then, nor a trusted browser: they are what the second factor is there to back up.
    """
    enrolled = "mfa_reauthenticate" in {flow["id"] for flow in get_reauthentication_flows(request.user)}
    return is_fresh(request.session, second_factor=enrolled, now=now)


def confirm_first(request: Any) -> HttpResponse:
    """To the page that asks who one is, and from there back; htmx loads it whole.

    A form that is only opened comes up afterwards as if nothing had been. One that was sent is *not* sent again in
    the person's name: they come back to the page it stood on, which keeps what they typed (:func:`kept_answers`),
    read that nothing has happened, and press the button themselves.
    """
    if request.method in ("GET", "HEAD"):
        onward = request.get_full_path()
    else:
        page = _page_of(request)
        _keep(request, page)
        onward = f"{reverse('account_confirmed')}?{urlencode({'next': page})}"
    return go_to(request, f"{reverse('account_reauthenticate')}?{urlencode({'next': onward})}")


def kept_answers(request: Any) -> dict[str, Any]:
    """What the person had typed here before they were sent to confirm; once, as a form's ``initial``."""
    kept = request.session.get(KEPT)
    if request.method == "POST" or not kept or kept["page"] != request.path:
        return {}
    del request.session[KEPT]
    answers = QueryDict(kept["answers"])
    return {name: values if len(values) > 1 else values[0] for name, values in answers.lists()}


def _page_of(request: Any) -> str:
    """The page that a form was sent from: what htmx or the browser says, when it is one of ours."""
    for said in (request.headers.get("HX-Current-URL", ""), request.headers.get("Referer", "")):
        parts = urlsplit(said)
        path = own_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)
        if path and parts.netloc == request.get_host():
            return path
    return f"/t/{request.tenant.slug}/" if request.tenant else reverse("account_home")


def _keep(request: Any, page: str) -> None:
    answers = request.POST.copy()
    for name in list(answers):
        if any(word in name for word in NEVER_KEPT):
            del answers[name]
    written = answers.urlencode()
    if answers and len(written) <= KEPT_AT_MOST:
        request.session[KEPT] = {"page": urlsplit(page).path, "answers": written}
