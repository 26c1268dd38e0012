"""Service accounts: the list, making one, one of them with operators and bindings, ending it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from authsec.web.access import reauthenticate, requires
from authsec.web.htmx import go_to
from authsec.web.http import Request, posted, told
from authz import people, queries
from authz import service_accounts as verbs
from authz.bindings import console_permissions, console_permissions_of
from authz.forms.binding import GiveRoleForm, ReasonForm
from authz.forms.group import GroupForm, PeopleForm
from authz.models import ServiceAccount
from authz.views import tables
from authz.views.asking import GET_OR_POST, ask, must_confirm
from authz.views.links import crumbs, page
from tenants.confirming import confirm_first, kept_answers

LIST = ("Service accounts", "service_accounts")


@requires("service_accounts:read")
@require_safe
def service_accounts(request: Request) -> HttpResponse:
    """Service accounts that stand, by name."""
    context = {
        "page": tables.by_name(
            queries.service_accounts(request.tenant.tenant_id), request.GET.get("cursor", "")
        ),
        "crumbs": crumbs(request.tenant.slug, None, "Authz", "Service accounts"),
    }
    return render(request, "authz/service_accounts.html", context)


@requires("service_accounts:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def new(request: Request) -> HttpResponse:
    """Make a service account."""
    form = GroupForm(posted(request), initial=kept_answers(request))
    if request.method == "POST" and form.is_valid():
        account = form.run(verbs.create, **told(request), **form.cleaned_data)
        if account:
            messages.success(request, f"{account.name} created")
            return redirect(page(request.tenant.slug, "service_account", service_account_id=account.pk))
    context = {
        "form": form,
        "title": f"New service account in {request.tenant.name}",
        "action": "Create service account",
        "back": page(request.tenant.slug, "service_accounts"),
        "crumbs": crumbs(request.tenant.slug, LIST, "New service account"),
    }
    return render(request, "authz/name_it.html", context, status=422 if form.errors else 200)


@requires("service_accounts:read")
@require_safe
def service_account(request: Request, service_account_id: UUID) -> HttpResponse:
    """One service account: what it holds, who operates it."""
    return shown(request, load(request, service_account_id))


@requires("service_accounts:manage")
@require_http_methods(GET_OR_POST)
def add(request: Request, service_account_id: UUID) -> HttpResponse:
    """Name operators by e-mail or id."""
    found, form = load(request, service_account_id), PeopleForm(posted(request))
    if request.method == "POST" and form.is_valid():
        power = console_permissions_of(tenant_id=found.tenant_id, service_account_id=service_account_id)
        if must_confirm(request, power):
            return confirm_first(request)
        ids, emails = form.cleaned_data["user_ids"], form.cleaned_data["emails"]
        known = people.by_email(found.tenant_id, emails)
        if unknown := [email for email in emails if email.lower() not in known]:
            form.add_error("people", f"Nobody here has the address {', '.join(unknown[:5])}.")
        facts = told(request, service_account_id=service_account_id)
        wanted = [] if form.errors else [*ids, *known.values()]
        if wanted and form.run(verbs.add_operators, **facts, user_ids=wanted) is not None:
            messages.success(request, f"{len(wanted)} may operate {found.name} now")
            return go_to(request, around(request, found)["back"])
    return shown(request, found, people_form=form)


@requires("service_accounts:manage")
@require_http_methods(GET_OR_POST)
def remove(request: Request, service_account_id: UUID, member_id: UUID) -> HttpResponse:
    """Ask, then take the account out of somebody's hands."""
    found, form = load(request, service_account_id), ReasonForm(posted(request))
    if not queries.operators(found.tenant_id, found.pk).filter(user_id=member_id).exists():
        raise Http404("Not an operator.")
    name = people.name_of(found.tenant_id, member_id)
    if request.method == "POST" and form.is_valid():
        given = told(request, service_account_id=service_account_id, user_id=member_id)
        if form.run(verbs.remove_operator, **given, reason=form.cleaned_data["reason"]):
            messages.success(request, f"{name} no longer operates {found.name}")
            return go_to(request, around(request, found)["back"])
    question = {
        "question": f"Take {found.name} out of {name}’s hands in {request.tenant.name}?",
        "text": f"What {found.name} is bound to no longer reaches {name}. The account itself goes on.",
        "reversible": True,
        "action": "Remove",
    }
    return ask(request, form, question, **around(request, found))


@requires("bindings:create")
@require_http_methods(GET_OR_POST)
def give(request: Request, service_account_id: UUID) -> HttpResponse:
    """Give the account a role in one form."""
    found = load(request, service_account_id)
    initial = request.GET.dict() | kept_answers(request)
    form = GiveRoleForm(posted(request), tenant_id=found.tenant_id, initial=initial)
    subject = {"service_account_id": service_account_id}
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
        "question": f"End {found.name} in {request.tenant.name}?",
        "text": "Its tokens answer inactive at the next call, and its operators hold nothing through it.",
        "reversible": False,
        "action": "End",
    }
    return ask(request, form, question, **around(request, found))


def load(request: Request, service_account_id: UUID) -> ServiceAccount:
    """The tenant's service account that stands, or 404."""
    rows = ServiceAccount.objects.filter(
        tenant_id=request.tenant.tenant_id, pk=service_account_id, ended_at=None
    )
    found = rows.first()
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
    invalid = any(form is not None and form.errors for form in (people_form, role_form))
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
        "crumbs": crumbs(request.tenant.slug, LIST, found.name),
    }
    return render(request, "authz/service_account.html", context, status=422 if invalid else 200)
