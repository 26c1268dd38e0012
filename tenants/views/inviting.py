"""Settings → Team: asking people in, sending a link again, taking one back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from tenants import operations
from tenants.confirming import confirm_first, is_confirmed, kept_answers
from tenants.forms import InviteForm, OptionalReason
from tenants.models import Invitation, MemberType
from tenants.operations import Invited

SOON = timedelta(days=2)
MOST_SHOWN = 200


@requires("org:invite")
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: Request) -> HttpResponse:
    """The form as a page of its own, and what it does."""
    form, status = invite_form(request), 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            if makes_an_owner(request, form.cleaned_data["type"]):
                return confirm_first(request)
            try:
                answers = operations.invite(**told(request), **form.cleaned_data)
            except operations.NotAnAddress as error:
                form.add_error("emails", str(error))
            except PermissionDenied as error:
                form.add_error("type", str(error))
            except operations.TenantError as error:
                form.add_error(None, str(error))
                status = 429 if isinstance(error, operations.TooManyInvitations) else 409
            else:
                for sentence in said(answers):
                    messages.success(request, sentence)
                return go_to(request, team_url(request))
    context = {"invite": form, "crumbs": crumbs(request, _("Invite"))}
    return page_or_partial(request, "tenants/invite.html", context, partial="form", status=status)


@requires("org:invite")
@require_http_methods(["GET", "HEAD", "POST"])
def resend(request: Request, invitation_id: UUID) -> HttpResponse:
    """Say that the old link dies; send a new one."""

    def verb(reason: str) -> None:
        operations.resend_invitation(**told(request, invitation_id=invitation_id))

    return ask(request, invitation_id, "resend_invitation", verb, _("%s has a new link"))


@requires("org:invite")
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: Request, invitation_id: UUID) -> HttpResponse:
    """Say that the link dies; take the invitation back."""

    def verb(reason: str) -> None:
        operations.revoke_invitation(**told(request, invitation_id=invitation_id), reason=reason)

    return ask(request, invitation_id, "revoke_invitation", verb, _("The invitation of %s is taken back"))


def ask(
    request: Request, invitation_id: UUID, template: str, verb: Callable[[str], None], done: str
) -> HttpResponse:
    """Ask on GET, do on POST. 409 where the invitation stands otherwise by now, or gives more than the person holds."""
    row = Invitation.objects.filter(tenant_id=request.tenant.tenant_id, pk=invitation_id).first()
    if row is None:
        raise Http404("No such invitation.")
    form, status, refused = OptionalReason(posted(request)), 200, ""
    if form.is_bound:
        status = 422
        if form.is_valid():
            if template == "resend_invitation" and makes_an_owner(request, row.type):
                return confirm_first(request)
            try:
                verb(form.cleaned_data["reason"])
            except operations.TooManyInvitations as error:
                refused, status = str(error), 429
            except (operations.TenantError, PermissionDenied) as error:
                refused, status = str(error), 409
            else:
                messages.success(request, done % row.email)
                return go_to(request, team_url(request))
    context = {
        "row": row,
        "form": form,
        "refused": refused,
        "here": request.get_full_path(),
        "back": team_url(request),
        "crumbs": crumbs(request, row.email),
    }
    return page_or_partial(request, f"tenants/{template}.html", context, partial="dialog", status=status)


def makes_an_owner(request: Request, type: str) -> bool:
    """Whether an owner would be made by somebody who has to confirm who they are first, as for any owner."""
    return type == MemberType.OWNER and not is_confirmed(request, now=timezone.now())


def invite_form(request: Request) -> InviteForm:
    """The form, with the types that this person may give; ``?email=`` fills it in for somebody who left."""
    return InviteForm(
        posted(request),
        owners="org:make_owners" in request.decision.can,
        initial={"emails": request.GET.get("email", "")[:254]} | kept_answers(request),
    )


def waiting(tenant_id: UUID) -> QuerySet[Invitation]:
    """Invitations that nobody has answered, the latest first, expired ones included."""
    open_ones = Invitation.objects.filter(
        tenant_id=tenant_id, accepted_at=None, declined_at=None, revoked_at=None
    )
    return open_ones.order_by("-created_at", "-id")[:MOST_SHOWN]


def expires_soon(row: Invitation, now: datetime) -> bool:
    """Whether there is little time left to accept."""
    return now < row.expires_at <= now + SOON


def said(answers: list[Invited]) -> list[str]:
    """What became of the addresses, in sentences."""
    sent = [answer.email for answer in answers if answer.outcome in ("sent", "resent")]
    inside = [answer.email for answer in answers if answer.outcome not in ("sent", "resent")]
    sentences = []
    if len(sent) == 1:
        sentences.append(_("%s is invited") % sent[0])
    elif sent:
        sentences.append(ngettext("%d address is invited", "%d addresses are invited", len(sent)) % len(sent))
    if inside:
        names = ", ".join(inside[:3]) + (" …" if len(inside) > 3 else "")
        sentences.append(_("Of the team already: %s") % names)
    return sentences


def team_url(request: Request) -> str:
    """The team, where all of this is shown."""
    return reverse("tenants:team", kwargs={"slug": request.tenant.slug})


def crumbs(request: Request, last: str) -> list[tuple[str, str | None]]:
    """The way from the team to one of these questions."""
    return [(_("Settings"), None), (_("Team"), team_url(request)), (last, None)]
