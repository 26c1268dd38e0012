"""The transaction around every view, and the tenant that a console path names."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone

from authsec.audit.actor import Actor
from authsec.database.context import app_context, tenant_context
from tenants.operations import note_visit
from tenants.queries import MembershipCard, memberships_of, present_slug
from tenants.slugs import valid_slug

Handler = Callable[[HttpRequest], HttpResponse]
LAST_TENANT = "last_tenant"  # the key in the session
SEEN_AGAIN = timedelta(minutes=5)  # a visit within the same tenant is written down this often
WITHOUT_TRANSACTION = ("/healthz", "/metrics", "/static/")
# Where a refusal is written down: replayed codes, failed sign-ins.
COUNTED = ("/oauth/", "/accounts/", "/account/step-up/")


class TransactionMiddleware:
    """Opens the transaction in which sessions, sign-in and the view read and write.

    A status of 400 or above rolls back, except where a 4xx commits because the refusal itself is written: under
    ``/oauth/`` a replayed code must revoke what it gave (RFC 6749 §4.1.2), at sign-in a wrong password must count.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(WITHOUT_TRANSACTION):
            return self.get_response(request)
        with app_context():
            response = self.get_response(request)
            refused = response.status_code >= 400 and not request.path_info.startswith(COUNTED)
            if refused or response.status_code >= 500:
                transaction.set_rollback(True)
        return response


class TenantMiddleware:
    """Resolves ``/t/<slug>/…`` to the caller's membership and runs the view inside that tenant.

    Sets ``request.actor`` and ``request.memberships`` for every signed-in person, ``request.tenant`` and
    ``request.membership`` (both a MembershipCard) inside a tenant. A stranger gets 404, whether the slug exists or
    not; a suspended or left member gets 403 with their own status and nothing else. An old slug leads members to
    the present one, and is nothing to anybody else.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.tenant = request.membership = None
        request.memberships = []
        request.actor = Actor(kind="anonymous", id=None, name="", ip=request.client_ip, request_id=request.id)
        head, _, _rest = request.path_info.removeprefix("/t/").partition("/")
        slug = head if request.path_info.startswith("/t/") else ""
        if not request.user.is_authenticated:
            return self.get_response(request)
        request.actor = replace(
            request.actor,
            kind="identity",
            id=request.user.pk,
            name=request.user.get_full_name(),
            via="console",
        )
        if not slug:
            return self.get_response(request)
        request.memberships = memberships_of(request.user.pk)
        card = next((card for card in request.memberships if card.slug == slug), None)
        if card is None or card.status == "invited":
            if onward := moved_to(request, slug):
                return HttpResponseRedirect(onward)
            request.tenant_not_found = True
            return self.get_response(request)
        if not card.usable:
            return render(request, "errors/not_active.html", {"card": card}, status=403)
        request.tenant = request.membership = card
        request.actor = replace(request.actor, kind="member", id=card.user_id, capacity=card.type)
        with tenant_context(card.tenant_id, savepoint=False):
            response = self.get_response(request)
            # Last, so that a view which changes memberships takes its turn before any of their rows is locked.
            if response.status_code < 400:
                self._remember(request, card)
            return response

    def _remember(self, request: Any, card: MembershipCard) -> None:
        """Where the person was last, for the front door and the switcher: at each change of tenant, else rarely."""
        now, here = timezone.now(), str(card.tenant_id)
        recently = card.last_seen_at is not None and now - card.last_seen_at < SEEN_AGAIN
        if request.session.get(LAST_TENANT) == here and recently:
            return
        request.session[LAST_TENANT] = here
        note_visit(tenant_id=card.tenant_id, user_id=card.user_id, now=now)

    def process_view(self, request: Any, view: Any, args: Any, kwargs: dict[str, Any]) -> None:
        """Views take no slug: the tenant is in the request. A tenant that is not the caller's does not exist."""
        if getattr(request, "tenant_not_found", False):
            raise Http404
        if request.tenant is not None:
            kwargs.pop("slug", None)


def moved_to(request: Any, slug: str) -> str | None:
    """Where a page is now whose address holds an old slug of a tenant of this person's; None where nothing is.

    A temporary redirect, because a tenant can take an old slug back; a form that was open is not posted on.
    """
    if request.method not in ("GET", "HEAD") or not valid_slug(slug):
        return None
    present = present_slug(request.user.pk, slug)
    return f"/t/{present}{request.get_full_path().removeprefix(f'/t/{slug}')}" if present else None
