"""A person's copy of their data, and deleting their identity."""

from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth import logout
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from authsec.jobs import files
from authsec.sessions import sid_of
from authsec.web.access import reauthenticate, signed_in
from authsec.web.http import posted
from oauth.account import departure
from oauth.account import exports as data_exports
from oauth.forms import TypedAddress
from tenants.views.account import account_tabs


@signed_in
@require_safe
def data(request: Any) -> HttpResponse:
    """What one can take along, and how one goes."""
    export = data_exports.latest(request.user.pk)
    over = bool(export and export.expires_at and export.expires_at <= timezone.now())
    return render(
        request, "oauth/own_data.html", {"tabs": account_tabs(request), "export": export, "over": over}
    )


@signed_in
@reauthenticate
@require_POST
def start(request: Any) -> HttpResponse:
    """Ask for a copy; the job worker writes it."""
    try:
        data_exports.start(identity_id=request.user.pk, now=timezone.now())
    except data_exports.TooManyExports as error:
        messages.warning(request, str(error))
    return redirect("own_data:data")


@signed_in
@reauthenticate
@require_safe
def fetch(request: Any, export_id: UUID) -> FileResponse | HttpResponse:
    """The file; nobody's but the person's."""
    try:
        export = data_exports.find_file(identity_id=request.user.pk, export_id=export_id, now=timezone.now())
    except data_exports.NoFile as error:
        if data_exports.latest(request.user.pk) is None:
            raise Http404 from error
        messages.info(request, str(error))
        return redirect("own_data:data")
    handle = (files.folder() / export.file).open("rb")
    name = f"authsec-my-data-{export.created_at:%Y-%m-%d}.json"
    response = FileResponse(handle, as_attachment=True, filename=name, content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


@signed_in
@reauthenticate
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Any) -> HttpResponse:
    """Say what happens in each tenant; delete once the address is typed. 409 while somebody depends on the person."""
    form, status, now = TypedAddress(posted(request), expected=typed_word(request.user)), 200, timezone.now()
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                return _delete(request)
            except departure.StillNeeded as error:
                form.add_error(None, str(error))
                status = 409
    known = departure.places(request.user.pk, now=now)
    context = {
        "form": form,
        "word": typed_word(request.user),
        "places": [place for place in known if place.fate != "blocks"],
        "blocking": [place for place in known if place.fate == "blocks"],
        "tokens": sum(place.tokens for place in known),
        "connections": sum(place.connections for place in known),
    }
    return render(request, "oauth/delete_identity.html", context, status=status)


def typed_word(user: Any) -> str:
    """What the person types to say that they mean it."""
    return str(user.email) if user.has_address else "delete"


def _delete(request: Any) -> HttpResponse:
    address = request.user.email if request.user.has_address else ""
    with transaction.atomic():
        departure.delete_identity(
            identity_id=request.user.pk, actor=request.actor, now=timezone.now(), but=sid_of(request.session)
        )
    if address:
        get_adapter().send_mail("account/email/identity_deleted", address, {})
    logout(request)
    messages.success(request, _("Your identity is deleted. Nothing here knows you any more."))
    return redirect("account_login")
