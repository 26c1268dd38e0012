"""One end user's connections, tokens and sessions: the tabs of their page, and what ends one of them or all."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from endusers.views.people import crumbs
from endusers.views.person import address, frame, load, show
from oauth import connections, families, person_connections, person_tokens, suspension
from tenants.forms import OptionalReason

GET_OR_POST = ["GET", "HEAD", "POST"]


@requires("tokens:read")
@require_safe
def person_connections_tab(request: Request, user_id: UUID) -> HttpResponse:
    """What each client may do and gets now; with ``?past`` what ended, and by whom."""
    context = frame(request, user_id, "connections")
    past = "past" in request.GET
    page = person_connections.page_of(
        tenant_id=request.tenant.tenant_id,
        user_id=user_id,
        now=timezone.now(),
        live=not past,
        cursor=request.GET.get("cursor", ""),
    )
    sides = [
        {"label": _("Live"), "url": "?", "current": not past},
        {"label": _("Ended"), "url": "?past", "current": past},
    ]
    return show(
        request, "oauth/person_connections.html", context | {"page": page, "past": past, "sides": sides}
    )


@requires("tokens:read")
@require_safe
def person_tokens_tab(request: Request, user_id: UUID) -> HttpResponse:
    """Every live token, by the session of the client that holds it; with ``?sign_ins`` the sign-ins at clients."""
    context = frame(request, user_id, "tokens")
    sign_ins, asked = "sign_ins" in request.GET, request.GET.get("cursor", "")
    whose: dict[str, Any] = {
        "tenant_id": request.tenant.tenant_id,
        "user_id": user_id,
        "now": timezone.now(),
    }
    context |= {
        "page": person_tokens.tokens_of(**whose, cursor=asked, sign_ins=True)
        if sign_ins
        else person_tokens.sessions_of(**whose, cursor=asked),
        "sign_ins": sign_ins,
        "sides": [
            {"label": _("Sessions"), "url": "?", "current": not sign_ins},
            {"label": _("Sign-ins"), "url": "?sign_ins", "current": sign_ins},
        ],
    }
    return show(request, "oauth/person_tokens.html", context)


@requires("tokens:revoke")
@require_http_methods(GET_OR_POST)
def withdraw_all(request: Request, user_id: UUID) -> HttpResponse:
    """Cut all clients off from everything of this tenant for this person."""
    end_user = load(request, user_id)
    held = end_user.held

    def do(reason: str) -> str:
        number = connections.withdraw_all(**told(request, user_id=user_id), reason=reason)
        return ngettext("%d connection ended", "%d connections ended", number) % number

    question = {
        "heading": _("Cut all clients off for %(name)s in %(tenant)s?"),
        "verb": _("Cut off all"),
        "lines": [_connections(held["connections"]), _tokens(held["tokens"])],
        "words": _("Each consent ends and takes its tokens with it. %(name)s may connect each client again."),
    }
    return _ask(request, end_user, question, do, "oauth:person_connections")


@requires("tokens:revoke")
@require_http_methods(GET_OR_POST)
def revoke_tokens(request: Request, user_id: UUID) -> HttpResponse:
    """Revoke every token of this person for this tenant's Applications; connections and status stay."""
    end_user = load(request, user_id)

    def do(reason: str) -> str:
        died = suspension.revoke_tokens(**told(request, user_id=user_id), reason=reason)
        return ngettext("%d token revoked", "%d tokens revoked", died) % died

    question = {
        "heading": _("Revoke all tokens of %(name)s in %(tenant)s?"),
        "verb": _("Revoke all"),
        "lines": [_tokens(end_user.held["tokens"])],
        "words": _(
            "The connections stay: each client may ask %(name)s to sign in again. To keep it out, cut it off."
        ),
    }
    return _ask(request, end_user, question, do, "oauth:person_tokens")


@requires("tokens:revoke")
@require_http_methods(GET_OR_POST)
def revoke_token(request: Request, user_id: UUID, token_id: UUID) -> HttpResponse:
    """Revoke one token; of a refresh token, or a device's yes, the whole session."""
    end_user = load(request, user_id)
    family = person_tokens.family_of(
        tenant_id=request.tenant.tenant_id, user_id=user_id, token_id=token_id, now=timezone.now()
    )
    token = next((each for each in family if each.id == token_id), None)
    if token is None:
        raise Http404("No such token.")
    alone = token.kind == "access"

    def do(reason: str) -> str:
        try:
            families.revoke_one(**told(request, user_id=user_id, token_id=token_id), reason=reason)
        except families.NoSuchToken as error:
            raise Http404("No such token.") from error
        return str(_("The token is revoked") if alone else _("The session is ended"))

    lasts = alone and any(each.kind == "refresh" for each in family)
    question = {
        "heading": _("Revoke a token of %(name)s in %(tenant)s?")
        if alone
        else _("End the session of %(name)s in %(tenant)s?"),
        "verb": _("Revoke it") if alone else _("End the session"),
        "token": token,
        "lines": [_waiting() if token.kind == "device" else _tokens(1 if alone else len(family))],
        "words": _(
            "The client can fetch another one at once: it holds a refresh token. To stop that, end the session."
        )
        if lasts
        else _("The client must ask %(name)s to sign in again."),
    }
    return _ask(request, end_user, question, do, "oauth:person_tokens")


def _connections(number: int) -> tuple[int, str]:
    return number, ngettext("connection stops working now", "connections stop working now", number)


def _tokens(number: int) -> tuple[int, str]:
    return number, ngettext("token answers inactive now", "tokens answer inactive now", number)


def _waiting() -> tuple[int, str]:
    return 1, _("device can’t fetch its tokens any more")


def _ask(
    request: Request, end_user: Any, question: dict[str, Any], do: Callable[[str], str], back: str
) -> HttpResponse:
    """The question with its numbers on GET; on POST the deed, told on the tab it was asked from."""
    # Who may end them may not always read them.
    back = back if "tokens:read" in request.decision.can else "endusers:detail"
    form, url = OptionalReason(posted(request)), address(request, back, end_user.user_id)
    if request.method == "POST" and form.is_valid():
        messages.success(request, do(form.cleaned_data["reason"]))
        return go_to(request, url)
    named = {"name": end_user.name, "tenant": request.tenant.name}
    context = question | {
        "heading": question["heading"] % named,
        "words": question["words"] % named,
        "form": form,
        "here": request.path,
        "back": url,
        "crumbs": [
            *crumbs(request),
            (end_user.name, reverse("endusers:detail", args=[request.tenant.slug, end_user.user_id])),
            (question["verb"], None),
        ],
    }
    status = 422 if request.method == "POST" else 200
    return page_or_partial(request, "oauth/person_ask.html", context, partial="dialog", status=status)
