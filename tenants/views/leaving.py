"""Leaving a tenant by oneself: everybody's own, whatever they may do there."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from authsec.database.context import tenant_context
from authsec.web.access import signed_in
from authsec.web.http import posted
from tenants import operations
from tenants.forms import OptionalReason
from tenants.holdings import holdings
from tenants.queries import MembershipCard, memberships_of


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: Any, tenant_id: UUID) -> HttpResponse:
    """Say what ends; leave. 409 for the last owner and for a suspended member, with the reason."""
    card = own_card(request, tenant_id)
    form, status = OptionalReason(posted(request)), 200
    with tenant_context(tenant_id):
        if form.is_bound:
            status = 422
            if form.is_valid():
                try:
                    operations.leave_tenant(
                        tenant_id=tenant_id,
                        user_id=card.user_id,
                        actor=replace(request.actor, kind="member", id=card.user_id, capacity=card.type),
                        now=timezone.now(),
                        reason=form.cleaned_data["reason"],
                    )
                except (operations.LastOwner, operations.WrongStatus) as error:
                    form.add_error(None, str(error))
                    status = 409
                else:
                    messages.success(request, _("You have left %s") % card.name)
                    return redirect("account_tenants")
        holds = holdings(tenant_id, card.user_id, timezone.now())
    context = {"card": card, "form": form, "holds": holds}
    return render(request, "account/leave.html", context, status=status)


def own_card(request: Any, tenant_id: UUID) -> MembershipCard:
    """The caller's membership of this tenant, or 404: none, only invited, or left already."""
    for card in memberships_of(request.user.pk):
        if card.tenant_id == tenant_id and card.status in operations.COUNTS_AS_MEMBERSHIP:
            return card
    raise Http404("You are no member of this tenant.")
