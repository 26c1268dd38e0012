"""One OAuth client: what it said of itself, who uses it for what, and the tenant's word on it."""

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

from authsec.audit import queries as audit
from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from authsec.web.pagination import paginate
from authz.models import Application
from oauth.clients import approvals
from oauth.clients import key_changes as client_key_changes
from oauth.clients import known as known_clients
from oauth.clients import policy as client_policy
from oauth.clients.forms import DecisionForm, LimitForm
from oauth.clients.reachable import choices
from oauth.clients.redirects import destination
from oauth.clients.words import CHANGED, QUESTIONS, WAYS_IN, changed_since
from oauth.models import Client, ClientApproval
from oauth.views.clients import shown
from tenants.forms import OptionalReason

GET_OR_POST = ["GET", "HEAD", "POST"]


@requires("clients:read")
@require_safe
def client(request: Request, client_id: UUID) -> HttpResponse:
    """What is known of a client here, and what it does."""
    row, tenant_id = load(request, client_id), request.tenant.tenant_id
    reach = approvals.reach_of(tenant_id, [client_id]).get(client_id, []) if row.limited_at else None
    usage = known_clients.usage_of(tenant_id, [client_id], most=known_clients.ON_PAGE)[client_id]
    said = row.client.metadata
    context = shown(row, client_policy.of_tenant(tenant_id)) | {
        "usage": usage,
        "reached": _reached(tenant_id, usage, reach),
        "stops": known_clients.stops(tenant_id, client_id, now=timezone.now()),
        "said": [(label, said[name]) for name, label in SAID if isinstance(said.get(name), str)],
        "proof": client_key_changes.facts(row.client),
        "ways": [words for grant, words in WAYS_IN.items() if grant in row.client.grant_types],
        "changed": [CHANGED[name] for name in changed_since(row)],
        "picture": getattr(row.client, "picture", None),
        "entries": audit.about(tenant_id, client_id, limit=12),
        "crumbs": crumbs(request, row),
    }
    return render(request, "oauth/client.html", context)


SAID = (("policy_uri", _("Privacy policy")), ("tos_uri", _("Terms")), ("software_id", _("Software")))


def _reached(
    tenant_id: UUID, usage: known_clients.Usage, reach: list[approvals.Reach] | None
) -> list[dict[str, Any]]:
    """Per Application what people allowed and what the limits leave; limits alone where nobody allowed anything."""
    left: dict[UUID, list[str]] = {}
    for one in reach or []:
        left.setdefault(one.application_id, []).append(one.scope)
    used = {one.application_id: one for one in usage.applications}
    unused = Application.objects.filter(tenant_id=tenant_id, pk__in=set(left) - set(used)) if left else []
    rows = [*usage.applications, *(known_clients.Reached(row.pk, row.name) for row in unused)]
    return [
        {
            "application": one,
            "limited": reach is not None,
            "whole": "" in left.get(one.application_id, []),
            "left": [scope for scope in left.get(one.application_id, []) if scope],
            "scopes": [
                (name, times, reach is None or {"", name} & set(left.get(one.application_id, [])))
                for name, times in sorted(one.scopes.items())
            ],
        }
        for one in rows
    ]


@requires("clients:read")
@require_safe
def people(request: Request, client_id: UUID) -> HttpResponse:
    """Who connected the client, the latest first."""
    row = load(request, client_id)
    page = paginate(
        known_clients.connections_of(request.tenant.tenant_id, client_id),
        column="created_at",
        cursor=request.GET.get("cursor", ""),
    )
    context = shown(row, client_policy.of_tenant(request.tenant.tenant_id)) | {
        "page": page,
        "crumbs": crumbs(request, row, _("People")),
    }
    return render(request, "oauth/client_people.html", context)


@requires("clients:approve")
@require_http_methods(GET_OR_POST)
def decide(request: Request, client_id: UUID, verb: str) -> HttpResponse:
    """Say what follows, with numbers of now; then approve, deny, disable, reactivate or lift limits."""
    row, form, question = load(request, client_id), DecisionForm(posted(request)), QUESTIONS[verb]
    judges = question.verb is approvals.approve
    if row.client.disabled_at:
        raise Http404("This client is removed.")
    if request.method == "POST" and form.is_valid():
        seen = {"seen": form.cleaned_data["seen"]} if judges else {}
        try:
            question.verb(**told(request, client_id=client_id), reason=form.cleaned_data["reason"], **seen)
        except approvals.ChangedMeanwhile as changed:
            form.add_error(None, str(changed))
        else:
            messages.success(request, question.done % {"name": name_of(row)})
            return go_to(request, page_of(request, client_id))
    shows = _looks(row.client) if judges else {}
    return ask(request, row, form, question.words(row, request.tenant.name) | shows)


def _looks(client: Client) -> dict[str, Any]:
    """What somebody lets a client in by, and the word by which the form remembers it."""
    places = dict.fromkeys(destination(uri).shown for uri in client.redirect_uris.split())
    return {"seen": approvals.looks(client), "places": list(places)}


@requires("clients:approve")
@require_http_methods(GET_OR_POST)
def limit(request: Request, client_id: UUID) -> HttpResponse:
    """Choose what a client may still reach."""
    row, tenant_id = load(request, client_id), request.tenant.tenant_id
    if row.client.disabled_at:
        raise Http404("This client is removed.")
    reach = approvals.reach_of(tenant_id, [client_id]).get(client_id, []) if row.limited_at else []
    form = LimitForm(posted(request), initial={"reach": reach})
    if request.POST.get("action") == "find":
        form = form.unsent()
    elif request.method == "POST" and form.is_valid() and _limited(request, client_id, form):
        messages.success(request, _("%s is limited") % name_of(row))
        return go_to(request, page_of(request, client_id))
    context = shown(row, client_policy.of_tenant(tenant_id)) | {
        "form": form,
        "choices": choices(tenant_id=tenant_id, ticked=form.ticked, text=str(form["q"].value() or "")),
        "lines": lines(known_clients.stops(tenant_id, client_id, now=timezone.now()), gives=True),
        "back": page_of(request, client_id),
        "crumbs": crumbs(request, row, _("Limits")),
    }
    return render(request, "oauth/client_limits.html", context, status=422 if form.errors else 200)


def _limited(request: Request, client_id: UUID, form: LimitForm) -> bool:
    """Whether the verb took it; why not stands in the form."""
    try:
        approvals.limit(
            **told(request, client_id=client_id),
            reach=form.cleaned_data["reach"],
            reason=form.cleaned_data["reason"],
        )
    except approvals.BadLimit as bad:
        form.add_error("reach", str(bad))
        return False
    return True


def load(request: Request, client_id: UUID) -> ClientApproval:
    """A client that the tenant made or met, or 404."""
    row = known_clients.one_of(request.tenant.tenant_id, client_id)
    if row is None:
        raise Http404("No such client.")
    return row


def ask(
    request: Request, row: ClientApproval, form: OptionalReason, question: dict[str, Any]
) -> HttpResponse:
    """A confirmation as a page, or as a dialog for htmx, with what stops counted now."""
    tenant_id = request.tenant.tenant_id
    stops = known_clients.stops(tenant_id, row.client_id, now=timezone.now())
    context = question | {
        "form": form,
        "lines": lines(stops, gives=bool(question.get("calm") or question.get("plain"))),
        "back": page_of(request, row.client_id),
        "crumbs": crumbs(request, row, str(question["action"])),
    }
    status = 422 if request.method == "POST" else 200
    return page_or_partial(request, "oauth/client_ask.html", context, partial="dialog", status=status)


def lines(stops: known_clients.Stops, *, gives: bool = False) -> list[tuple[str, str]]:
    """Whom it is about, as a confirmation lists it. ``gives``: nothing stops by it."""
    people, tokens, plus = stops.people, stops.tokens, "+" if stops.more else ""
    if gives:
        about_people = ngettext("person uses it here", "people use it here", people)
        about_tokens = ngettext("token of theirs is alive", "tokens of theirs are alive", tokens)
    else:
        about_people = ngettext("person can’t use it any more", "people can’t use it any more", people)
        about_tokens = ngettext(
            "live token stops at the next introspection", "live tokens stop at the next introspection", tokens
        )
    return [(f"{people:,}{plus}", about_people), (f"{tokens:,}{plus}", about_tokens)]


def name_of(row: ClientApproval) -> str:
    """What people call the client."""
    return str(row.client.name or row.client.client_id)


def page_of(request: Request, client_id: UUID) -> str:
    """The address of a client's page."""
    return reverse("oauth:client", kwargs={"slug": request.tenant.slug, "client_id": client_id})


def crumbs(request: Request, row: ClientApproval, last: str = "") -> list[tuple[str, str | None]]:
    """The way to a client's page, or to one below it."""
    above = (_("OAuth clients"), reverse("oauth:clients", kwargs={"slug": request.tenant.slug}))
    if not last:
        return [above, (name_of(row), None)]
    return [above, (name_of(row), page_of(request, row.client_id)), (last, None)]
