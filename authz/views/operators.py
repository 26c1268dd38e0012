"""Who operates a service account: naming people, taking it out of somebody's hands."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from authsec.web.access import requires
from authsec.web.htmx import go_to
from authsec.web.http import Request, posted, told
from authz import people, queries
from authz import service_accounts as verbs
from authz.bindings import console_permissions_of
from authz.forms.binding import ReasonForm
from authz.forms.group import PeopleForm
from authz.views.asking import GET_OR_POST, ask, must_confirm
from authz.views.service_accounts import around, load, shown
from tenants.confirming import confirm_first


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
            said = ngettext(
                "%(n)s person may operate %(name)s now", "%(n)s people may operate %(name)s now", len(wanted)
            )
            messages.success(request, said % {"n": len(wanted), "name": found.name})
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
