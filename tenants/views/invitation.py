"""``/invitations/<token>/``: who invites to what, before and after signing in; then yes or no."""

from datetime import datetime
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_http_methods

from authsec.web.access import public
from authsec.web.http import Request
from tenants import operations
from tenants.invitations import Offer, read_offer
from tenants.models import MemberType
from tenants.queries import MembershipCard, memberships_of
from tenants.signin import forget_invitation, note_invitation

# The page's status where the offer cannot be taken; the API says the same (tenants.api.invitation_links).
STATUS = {"expired": 410, "revoked": 410, "declined": 410, "accepted": 409, "void": 403, "closed": 403}
REFUSED = {
    operations.NoSuchInvitation: 404,
    operations.InvitationUsed: 409,
    operations.AlreadyMember: 409,
    operations.InvitationExpired: 410,
    operations.InvitationRevoked: 410,
    operations.InvitationDeclined: 410,
}


@public
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: Request, token: str) -> HttpResponse:
    """Show the offer; accept or decline it; or leave this account for the invited one."""
    now = timezone.now()
    offer = read_offer(token, now)
    if request.method == "POST" and offer:
        return careful(answer(request, token, offer, now))
    return careful(show(request, token, offer))


def answer(request: Request, token: str, offer: Offer, now: datetime) -> HttpResponse:
    """What the person chose: ``action`` is accept, decline or switch."""
    action, here = request.POST.get("action"), reverse("invitation", kwargs={"token": token})
    if action == "switch":
        get_adapter(request).logout(request)
        return redirect(here)
    if action not in ("accept", "decline"):
        raise BadRequest("action is accept, decline or switch.")
    if not request.user.is_authenticated:
        return redirect(here)
    verb = operations.accept_invitation if action == "accept" else operations.decline_invitation
    try:
        verb(token=token, identity=request.user, actor=request.actor, now=now)
    except operations.TenantError as error:
        return show(request, token, read_offer(token, now), str(error), REFUSED.get(type(error), 403))
    forget_invitation(request.session)
    if action == "decline":
        return show(request, token, read_offer(token, now), status=200)
    messages.success(request, f"You are a member of {offer.tenant_name}")
    card = card_of(request, offer)
    return redirect("workspace", slug=card.slug) if card else redirect("account_tenants")


def show(
    request: Request, token: str, offer: Offer | None, refusal: str = "", status: int | None = None
) -> HttpResponse:
    """The page in the state that the offer is in, for whoever looks at it."""
    if offer and offer.open and not request.user.is_authenticated:
        note_invitation(request.session, token=token, email=offer.email)
    context: dict[str, Any] = {
        "offer": offer,
        "type": MemberType(offer.type).label if offer else "",
        "here": reverse("invitation", kwargs={"token": token}) if offer else "",
        "refusal": refusal,
        "card": card_of(request, offer) if offer else None,
        "mine": bool(offer) and request.user.is_authenticated and is_mine(request, offer),
    }
    if status is None:
        status = STATUS.get(offer.state, 200) if offer else 404
    return render(request, "tenants/invitation.html", context, status=status)


def is_mine(request: Request, offer: Offer | None) -> bool:
    """Whether the signed-in person's address is the invited one: for what to show; the verb decides."""
    return bool(offer) and str(request.user.email).lower() == offer.email  # type: ignore[union-attr]


def card_of(request: Request, offer: Offer | None) -> MembershipCard | None:
    """The signed-in person's own membership of the inviting tenant, if they have one that counts."""
    if offer is None or not request.user.is_authenticated:
        return None
    cards = memberships_of(request.user.pk)
    return next(
        (
            card
            for card in cards
            if card.tenant_id == offer.tenant_id and card.status in operations.COUNTS_AS_MEMBERSHIP
        ),
        None,
    )


def careful(response: HttpResponse) -> HttpResponse:
    """The address is a secret: neither caches nor the Referer header get it.

    ``no-referrer`` would hide the origin too, and then every form of this page failed its own CSRF check.
    """
    response["Referrer-Policy"] = "strict-origin"
    patch_cache_control(response, private=True, no_store=True)
    return response
