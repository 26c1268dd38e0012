"""One person's capacities: where they are a member, and where an end user. Two things that are kept apart."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from authsec.web.access import signed_in
from endusers.queries import consumerships_of
from tenants.queries import memberships_of, recent_first
from tenants.views.account import account_tabs


@signed_in
@require_safe
def tenants(request: Any) -> HttpResponse:
    """One card per capacity, with one's own status: the tenants that can be entered first, the last visited on top."""
    cards = memberships_of(request.user.pk)
    usable = recent_first(cards)
    context = {
        "tabs": account_tabs(request),
        "cards": usable + [card for card in cards if not card.usable],
        "consumerships": consumerships_of(request.user.pk),
    }
    return render(request, "account/tenants.html", context)
