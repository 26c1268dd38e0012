"""Opening a closed tenant again: a page outside of the tenant, which nobody can enter while it is closed."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from authsec.audit.actor import Actor
from authsec.database.context import tenant_context
from authsec.web.access import reauthenticate, signed_in
from authz.console import powers_of
from tenants import operations
from tenants.queries import MembershipCard, memberships_of
from tenants.signin import second_factor_at


@signed_in
@reauthenticate
@require_http_methods(["GET", "HEAD", "POST"])
def reopen(request: Any, tenant_id: UUID) -> HttpResponse:
    """Say until when and what comes back; open it again. For whoever could close it if it were open."""
    card, now = _closed_card(request, tenant_id), timezone.now()
    until = operations.reopens_until(card.closed_at) if card.closed_at else now
    with tenant_context(tenant_id):
        actor = _allowed(request, card)
        if request.method == "POST" and now <= until:
            operations.reopen_tenant(tenant_id=tenant_id, actor=actor, now=now)
            messages.success(request, _("%s is open again.") % card.name)
            return redirect("workspace", slug=card.slug)
    context = {"card": card, "until": until, "over": now > until}
    status = 409 if request.method == "POST" else 200
    return render(request, "account/reopen.html", context, status=status)


def _closed_card(request: Any, tenant_id: UUID) -> MembershipCard:
    """The caller's active membership of this closed tenant, or 404."""
    for card in memberships_of(request.user.pk):
        if card.tenant_id == tenant_id and card.status == "active" and card.tenant_status == "closed":
            return card
    raise Http404("You are a member of no such closed tenant.")


def _allowed(request: Any, card: MembershipCard) -> Actor:
    """The caller as a member. Raises PermissionDenied.

    Asked as if the tenant were open: that it is not is what standing would refuse, and what is to be changed here.
    """
    mfa_at = second_factor_at(request)
    powers = powers_of(
        tenant_id=card.tenant_id,
        subject_id=card.user_id,
        mfa_at=mfa_at,
        ip=request.client_ip,
        now=timezone.now(),
    )
    decision = replace(powers, active=True).decide("org:close")
    if not decision.allowed:
        raise PermissionDenied(" ".join(decision.reasons))
    actor: Actor = request.actor
    return replace(
        actor,
        kind="member",
        id=card.user_id,
        capacity=card.type,
        policies=decision.policies,
        mfa_at=mfa_at,
    )
