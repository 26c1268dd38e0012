"""Handing a tenant over: the offer, taking it back, and the answer. Both sides prove again who they are."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from authsec.web.access import member, reauthenticate, requires
from authsec.web.http import Request, posted, told
from tenants import operations
from tenants.forms import TransferForm
from tenants.general import offer_to, others_active
from tenants.models import OwnershipTransfer
from tenants.views.settings import crumbs


@requires("org:transfer")
@reauthenticate
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: Request) -> HttpResponse:
    """Choose who takes over; they get a mail and have seven days to accept."""
    others = others_active(request.tenant.tenant_id, request.membership.user_id)
    form, status = TransferForm(posted(request), others=others), 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                operations.offer_transfer(to_user_id=UUID(form.cleaned_data["to"]), **told(request))
            except operations.TransferRefused as error:
                form.add_error(None, str(error))
                status = 409
            else:
                messages.success(request, _("Offered. They have seven days to accept."))
                return redirect("tenants:general", slug=request.tenant.slug)
    context = {"form": form, "others": others, "crumbs": crumbs(request, _("Hand over"))}
    return render(request, "tenants/transfer_offer.html", context, status=status)


@requires("org:transfer")
@require_POST
def cancel(request: Request, transfer_id: UUID) -> HttpResponse:
    """Take an offer back. One that is over already is said to be."""
    offers = OwnershipTransfer.objects.filter(tenant_id=request.tenant.tenant_id, pk=transfer_id)
    if not offers.exists():
        raise Http404("There is no such offer.")
    try:
        operations.cancel_transfer(transfer_id=transfer_id, **told(request))
    except operations.NoTransfer as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The offer is taken back."))
    return redirect("tenants:general", slug=request.tenant.slug)


@member
@reauthenticate
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: Request, transfer_id: UUID) -> HttpResponse:
    """What accepting means; accept or decline. 404 for everybody but the one to whom it was offered."""
    found = offer_to(request.tenant.tenant_id, transfer_id, request.membership.user_id, timezone.now())
    if found is None:
        raise Http404("There is no such offer.")
    context = {"offer": found, "crumbs": [(_("Take over"), None)]}
    if request.method != "POST":
        return render(request, "tenants/transfer_answer.html", context)
    verbs = {"accept": operations.accept_transfer, "decline": operations.decline_transfer}
    verb = verbs.get(request.POST.get("answer", ""))
    if verb is None:
        raise BadRequest("answer is accept or decline.")
    try:
        verb(transfer_id=transfer_id, **told(request))
    except (operations.NoTransfer, operations.TransferRefused, PermissionDenied) as error:
        return render(request, "tenants/transfer_answer.html", context | {"refusal": str(error)}, status=409)
    if verb is operations.accept_transfer:
        messages.success(request, _("%s is yours.") % request.tenant.name)
    else:
        messages.success(request, _("Declined. Nothing has changed."))
    return redirect("workspace", slug=request.tenant.slug)
