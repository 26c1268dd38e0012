"""The roof over every request: its id, the client's address, and the marks of views."""

import re
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from authsec.database.fields import uuid7
from authsec.web.access import Mark, asks_again, mark_of
from authsec.web.addresses import read_address
from authsec.web.htmx import go_to
from authz.console import powers_of
from tenants.confirming import confirm_first, is_confirmed
from tenants.signin import second_factor_at

Handler = Callable[[HttpRequest], HttpResponse]
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")

# Views that come from libraries cannot carry our mark; each module is named with the kind of mark it gets.
LIBRARY_VIEWS = {
    "allauth.": "public",
    "drf_spectacular.": "public",
    "django.views.": "public",
}


class RequestIdMiddleware:
    """Gives each request an id, which errors and audit events name; a proxy's well-formed one is kept."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request.id = given if REQUEST_ID.fullmatch(given) else f"req_{uuid7().hex}"
        response = self.get_response(request)
        response["X-Request-ID"] = request.id
        return response


def client_address(remote: str, forwarded: str, trusted: list[str]) -> str | None:
    """The client's address: the connection's, or the last untrusted one that trusted proxies report.

    ``forwarded`` is X-Forwarded-For, read from the right: each trusted hop vouches for the one before it. Returns
    None when the connection has no address (a Unix socket without a proxy).
    """
    networks = [ip_network(network, strict=False) for network in trusted]

    def parsed(text: str) -> Any:
        try:
            return read_address(text.strip().strip("[]"))
        except ValueError:
            return None

    address = parsed(remote)
    for hop in reversed([hop for hop in forwarded.split(",") if hop.strip()]):
        if address is None or not any(address in network for network in networks):
            break
        reported = parsed(hop)
        if reported is None:
            break
        address = reported
    return str(address) if address else None


class ClientAddressMiddleware:
    """Sets ``request.client_ip``; forwarded addresses count only from TRUSTED_PROXIES."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.client_ip = client_address(
            request.META.get("REMOTE_ADDR", ""),
            request.META.get("HTTP_X_FORWARDED_FOR", ""),
            settings.TRUSTED_PROXIES,
        )
        return self.get_response(request)


class MarkMiddleware:
    """Refuses every view without a mark, asks Cedar for those that require an action, and sends to confirm who one is
    for those that ask again. What a signed-in person sees, no shared cache keeps, and no browser shows unasked again.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        response = self.get_response(request)
        if getattr(request, "is_personal", False):
            response.setdefault("Cache-Control", "private, no-cache")
        return response

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        module = getattr(view, "__module__", "") or ""
        mark = mark_of(view)
        kind = (
            mark.kind if mark else next((k for m, k in LIBRARY_VIEWS.items() if module.startswith(m)), None)
        )
        if kind is None:
            raise PermissionDenied(f"{module}.{getattr(view, '__name__', view)} has no mark.")
        if kind in ("public", "protocol", "bearer"):
            return None
        request.is_personal = True
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if kind != "signed_in":
            if request.tenant and request.membership.locked_out(timezone.now()):
                return go_to(request, _enrolment(request))
            self._admit(request, mark, kwargs)
        if asks_again(view) and not is_confirmed(request, now=timezone.now()):
            return confirm_first(request)
        return None

    def _admit(self, request: Any, mark: Mark | None, kwargs: Any) -> None:
        """Let a member in whose powers allow what the mark names; raise otherwise."""
        if request.tenant is None:
            raise Http404
        mfa_at = second_factor_at(request)
        request.powers = powers_of(
            tenant_id=request.tenant.tenant_id,
            subject_id=request.membership.user_id,
            mfa_at=mfa_at,
            ip=request.client_ip,
            now=timezone.now(),
        )
        request.actor = replace(request.actor, mfa_at=mfa_at)
        if mark and mark.kind == "requires":
            # Power over one Application counts on the pages of that Application (Rule 7).
            self._decide(request, mark.action, kwargs.get("application_id"))

    def _decide(self, request: Any, action: str, application_id: UUID | None) -> None:
        request.decision = request.powers.decide(action, application_id=application_id)
        if not request.decision.allowed:
            raise PermissionDenied("; ".join(request.decision.reasons))
        request.actor = replace(request.actor, policies=request.decision.policies)


def _enrolment(request: Any) -> str:
    """Where a member sets up the second factor that this tenant asks for, and then comes back."""
    onward = request.get_full_path() if request.method == "GET" else f"/t/{request.tenant.slug}/"
    return f"{reverse('account_second_factor')}?{urlencode({'next': onward})}"
