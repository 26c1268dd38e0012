"""Ways of signing in that are one's own, and putting together two identities of one person."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from authsec.web.access import reauthenticate, signed_in
from tenants.links import LinkRefused, place_of, put_together, suggestions
from tenants.models import Identity, IdentityLink
from tenants.own_events import note_own

# In the session, never in an address: whoever signed in here a moment ago, and when. A link that carried it could be
# sent to somebody else, who would then give a stranger's way of signing in to their own account.
LINK_WITH = "link_with"


@signed_in
@reauthenticate
@require_http_methods(["GET", "HEAD", "POST"])
def links(request: Any) -> HttpResponse:
    """One's ways of signing in; ``begin`` goes on to sign in as the other one, ``link`` puts both together."""
    offered, other = suggestions(request.user.pk), _just_before(request)
    pending = next((each for each in offered if other and each.identity_id == other.pk), None)
    error, action = "", request.POST.get("action", "")
    if action == "begin" and offered:
        return _begin(request)
    if action == "link" and other and pending:
        try:
            return _link(request, other)
        except LinkRefused as refusal:
            error = str(refusal)
    elif request.method == "POST":
        error = "Sign in as both, one after the other, within a quarter of an hour."
    context = {
        "ways": [
            (place_of(link.issuer), link)
            for link in IdentityLink.objects.filter(identity=request.user).order_by("created_at")
        ],
        "suggestions": offered,
        "pending": pending,
        "error": error,
    }
    return render(request, "account/links.html", context, status=422 if error else 200)


def _just_before(request: Any) -> Identity | None:
    """Whoever was signed in in this browser a moment ago and began to link."""
    noted = request.session.get(LINK_WITH)
    age = timezone.now().timestamp() - noted["at"] if noted else 0
    if not noted or age > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
        return None
    return Identity.objects.filter(pk=noted["identity"], is_active=True).exclude(pk=request.user.pk).first()


def _begin(request: Any) -> HttpResponse:
    noted = {"identity": str(request.user.pk), "at": timezone.now().timestamp()}
    logout(request)
    request.session[LINK_WITH] = noted
    messages.info(request, "Now sign in the other way; then you are asked to put both together.")
    return redirect(f"{reverse('account_login')}?next={reverse('account_links')}")


def _link(request: Any, other: Identity) -> HttpResponse:
    kept = put_together(first=request.user, second=other)
    request.session.pop(LINK_WITH, None)
    note_own(kept.pk, "identity.joined")
    get_adapter().send_notification_mail("account/email/link_added", kept)
    if kept.pk != request.user.pk:
        logout(request)
        messages.success(request, "Both are one now. Sign in whichever way you like.")
        return redirect("account_login")
    messages.success(request, "Both are one now. You can sign in either way.")
    return redirect("account_links")
