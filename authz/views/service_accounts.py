"""Service accounts: the list, one of them with operators and bindings, its history, renaming and ending it.

``oauth.views.credentials`` makes one, because it makes its client in the same step.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from authsec.audit.queries import about
from authsec.web.access import requires
from authsec.web.htmx import go_to
from authsec.web.http import Request, posted, told
from authz import filters, queries
from authz import service_accounts as verbs
from authz.bindings import console_permissions
from authz.forms.binding import GiveRoleForm, ReasonForm
from authz.forms.group import PeopleForm
from authz.models import ServiceAccount
from authz.views import tables
from authz.views.asking import GET_OR_POST, ask, must_confirm
from authz.views.links import crumbs, page
from authz.views.naming import renamed
from authz.what_if.changes import EndServiceAccount
from tenants.confirming import confirm_first, kept_answers

LIST = ("Service accounts", "service_accounts")
SHOWN_EVENTS = 8


@requires("service_accounts:read")
@require_safe
def service_accounts(request: Request) -> HttpResponse:
    """Service accounts by name: those that stand or those that have ended, by a part of the name."""
    chosen = filters.read(filters.NamedFilters(request.GET), request.GET)
    rows = queries.service_accounts(request.tenant.tenant_id, text=chosen.text, ended=chosen.form.ended)
    context = {
        "page": tables.by_name(rows, chosen.cursor),
        "chosen": chosen,
        "crumbs": crumbs(request.tenant.slug, None, "Authz", "Service accounts"),
    }
    return render(request, "authz/service_accounts.html", context)


@requires("service_accounts:read")
@require_safe
def service_account(request: Request, service_account_id: UUID) -> HttpResponse:
    """One service account: what it holds, who operates it; of one that has ended, what stood then."""
    return shown(request, load(request, service_account_id, ended=True))


@requires("service_accounts:read")
@require_safe
def history(request: Request, service_account_id: UUID) -> HttpResponse:
    """What an account was bound to, who operated it, and what was done about it."""
    found = load(request, service_account_id, ended=True)
    tenant_id, given = request.tenant.tenant_id, request.GET
    past = queries.operators(tenant_id, found.pk, ended=True)
    context = {
        "account": found,
        "tab": "history",
        "past_bindings": tables.bindings(
            tenant_id, timezone.now(), given.get("bindings", ""), ended=True, service_account_id=found.pk
        ),
        "past_operators": tables.people(past, given.get("cursor", ""), "ended_at", column="ended_at"),
        "entries": _activity(request, found, limit=50),
        "crumbs": [*around(request, found)["way"], (_("History"), None)],
    }
    return render(request, "authz/service_account_history.html", context)


@requires("service_accounts:manage")
@require_http_methods(GET_OR_POST)
def edit(request: Request, service_account_id: UUID) -> HttpResponse:
    """Rename an account, or say anew what it is for."""
    found = load(request, service_account_id)
    return renamed(request, found, verbs.edit, around(request, found), service_account_id=service_account_id)


@requires("bindings:create")
@require_http_methods(GET_OR_POST)
def give(request: Request, service_account_id: UUID) -> HttpResponse:
    """Give the account a role in one form."""
    found = load(request, service_account_id)
    initial = request.GET.dict() | kept_answers(request)
    subject = {"service_account_id": service_account_id}
    form = GiveRoleForm(posted(request), tenant_id=found.tenant_id, holder=subject, initial=initial)
    if form.is_valid() and must_confirm(
        request, console_permissions(found.tenant_id, form.cleaned_data["role"])
    ):
        return confirm_first(request)
    if form.is_valid() and form.give(actor=request.actor, now=timezone.now(), **subject):
        messages.success(request, f"{found.name} has the role now")
        return go_to(request, around(request, found)["back"])
    return shown(request, found, role_form=form)


@requires("service_accounts:manage")
@require_http_methods(GET_OR_POST)
def end(request: Request, service_account_id: UUID) -> HttpResponse:
    """Ask, then end the account."""
    found, form = load(request, service_account_id), ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if form.run(verbs.end, **told(request), service_account_id=service_account_id, reason=reason):
            messages.success(request, f"{found.name} ended")
            return go_to(request, page(request.tenant.slug, "service_accounts"))
    question = {
        "question": _("End %(name)s in %(tenant)s?") % {"name": found.name, "tenant": request.tenant.name},
        "lines": _counted(found),
        "more_url": reverse(
            "oauth:account_consequence",
            kwargs={"slug": request.tenant.slug, "service_account_id": service_account_id},
        ),
        "text": _(
            "Its tokens answer inactive at the next call. It stays in the history and can’t be opened again."
        ),
        "reversible": False,
        "action": _("End account"),
    }
    change = EndServiceAccount(service_account_id=service_account_id)
    return ask(request, form, question, **around(request, found), change=change)


def _counted(found: ServiceAccount) -> list[tuple[str, str]]:
    """What it and its operators lose, for the confirmation. Two statements."""
    bindings = queries.bindings(found.tenant_id, service_account_id=found.pk).values("pk").count()
    people = queries.operators(found.tenant_id, found.pk).count()
    return [
        (
            f"{bindings:,}",
            ngettext("binding gives nothing any more", "bindings give nothing any more", bindings),
        ),
        (
            f"{people:,}",
            ngettext("operator holds nothing through it", "operators hold nothing through it", people),
        ),
    ]


def _activity(request: Request, found: ServiceAccount, limit: int) -> list[Any]:
    """What was done to the account, for those who may read the audit log."""
    may_read = "audit:read" in request.decision.can
    return about(request.tenant.tenant_id, found.pk, limit=limit) if may_read else []


def load(request: Request, service_account_id: UUID, *, ended: bool = False) -> ServiceAccount:
    """The tenant's service account that stands, or with ``ended`` any of its accounts; else 404."""
    rows = ServiceAccount.objects.filter(tenant_id=request.tenant.tenant_id, pk=service_account_id)
    found = rows.first() if ended else rows.filter(ended_at=None).first()
    if found is None:
        raise Http404("No such service account.")
    return found


def around(request: Request, found: ServiceAccount) -> dict[str, Any]:
    """Where a page below the account leads back to, and the way to it."""
    back = page(request.tenant.slug, "service_account", service_account_id=found.pk)
    return {"back": back, "way": [*crumbs(request.tenant.slug, LIST), (found.name, back)]}


def shown(
    request: Request,
    found: ServiceAccount,
    *,
    people_form: PeopleForm | None = None,
    role_form: GiveRoleForm | None = None,
) -> HttpResponse:
    """The account's page, with the form that is being filled in open."""
    status = next((form.status for form in (role_form, people_form) if form is not None), 200)
    context = {
        "account": found,
        "bindings": tables.bindings(
            found.tenant_id, timezone.now(), request.GET.get("bindings", ""), service_account_id=found.pk
        ),
        "operators": tables.people(
            queries.operators(found.tenant_id, found.pk), request.GET.get("cursor", "")
        ),
        "people_form": people_form or PeopleForm(),
        "role_form": role_form,
        "tab": "now",
        "entries": _activity(request, found, limit=SHOWN_EVENTS),
        "crumbs": crumbs(request.tenant.slug, LIST, found.name),
    }
    return render(request, "authz/service_account.html", context, status=status)
