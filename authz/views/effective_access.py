"""The page nobody else has: what reaches a subject, why, and which term removed the rest."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from authsec.web.access import requires
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request
from authz.effective import subject as subjects
from authz.effective.comparison import in_order
from authz.effective.explanation import Explanation, explain
from authz.effective.sentences import sentences
from authz.effective.subject import Subject
from authz.effective.text import differing, written
from authz.effective.track_rows import MOST_PATHS, ways
from authz.forms.as_if import AsIfForm
from authz.views.access_answer import drawn
from authz.views.access_moments import moments
from authz.views.links import crumbs, links_for, page

PAGE = "authz/effective_access.html"
KEPT = ("mfa", "hours", "ip", "at", "compare", "requested", "asked", "application")
BESIDE = ("compare", "asked", "application")  # not fields of the strip
EARLIER = ((_("a day ago"), 1), (_("a week ago"), 7), (_("30 days ago"), 30))


@requires("effective_access:own")
@require_safe
def effective_access(request: Request) -> HttpResponse:
    """Search a subject; answer for the one that is found, as if asked in the circumstances given."""
    text, found, form = _asked(request)
    _forbid_peeking(request, text, found)
    context: dict[str, Any] = {
        "text": text,
        "shown": (found[0].email or found[0].name) if len(found) == 1 else text,
        "found": found,
        "form": form,
        "crumbs": crumbs(request.tenant.slug, None, "Authz", "Effective Access"),
        "may_read": _may_read_all(request),
    }
    if not form.is_valid():
        return page_or_partial(request, PAGE, context, partial="answer", status=422)
    if len(found) == 1:
        now = found[0].at or timezone.now()
        explanation = _explain(request, found[0], form.context(now))
        context |= drawn(request, explanation, links_for(request)) | _kept(request, explanation)
        context |= moments(explanation, _other_side(request, explanation, form, now), timezone.now())
    status = 404 if text and not found and _is_id(text) else 200
    response = page_or_partial(request, PAGE, context, partial="answer", status=status)
    response["HX-Trigger-After-Settle"] = "answered"  # what stands beside the answer asks anew
    return response


@requires("effective_access:own")
@require_safe
def access_text(request: Request) -> HttpResponse:
    """The answer in plain words, for a ticket: the page's address with ``text/`` behind it."""
    text, found, form = _asked(request)
    _forbid_peeking(request, text, found)
    if not text or len(found) > 1:
        return _plain("user: say who it is, by id or by a whole address.", 400)
    if not found:
        raise Http404("Nobody is meant.")
    if not form.is_valid():
        told = "\n".join(f"{name}: {' '.join(map(str, said))}" for name, said in form.errors.items())
        return _plain(told, 422)
    now = found[0].at or timezone.now()
    explanation = _explain(request, found[0], form.context(now))
    other = _other_side(request, explanation, form, now)
    said = written(explanation, tenant=request.tenant.name)
    return _plain(f"{said}\n\n{differing(*in_order(explanation, other))}" if other else said)


@requires("effective_access:own")
@require_safe
def access_ways(request: Request) -> HttpResponse:
    """Every way by which one scope of one Application reaches a subject. For htmx those that the answer, which draws
    the first few, left out.
    """
    text, found, form = _asked(request)
    _forbid_peeking(request, text, found)
    name = request.GET.get("scope", "")
    if len(found) > 1 or not (name and form.is_valid() and form.cleaned_data["application"]):
        raise BadRequest("Say who it is, on which Application and which scope.")
    if not found:
        raise Http404("Nobody is meant.")
    explanation = _explain(request, found[0], form.context(found[0].at or timezone.now()))
    scopes = {scope.name: (scope, one) for one in explanation.applications for scope in one.scopes}
    if name not in scopes:
        raise Http404("There is no such scope.")
    scope, one = scopes[name]
    context = {
        "scope": scope,
        "one": one,
        "subject": found[0],
        "paths": ways(scope, one, explanation, links_for(request)),
        "rest": f"{MOST_PATHS}:",
        "back": f"{page(request.tenant.slug, 'effective_access')}?user={found[0].id}",
        "crumbs": crumbs(request.tenant.slug, ("Effective Access", "effective_access"), found[0].name, name),
    }
    return page_or_partial(request, "authz/access_ways.html", context, partial="rest")


@requires("endusers:read")
@require_safe
def user_access(request: Request, user_id: UUID) -> HttpResponse:
    """The panel for another context's page about a person: their sentences, as of now without a second factor."""
    subject = subjects.load(user_id)
    if subject is None or subject.kind != "user":
        raise Http404("No such person.")
    form = AsIfForm({})
    form.full_clean()
    explanation = _explain(request, subject, form.context(subject.at or timezone.now()))
    context = {
        "explanation": explanation,
        "subject": subject,
        "sentences": sentences(explanation),
        "crumbs": crumbs(request.tenant.slug, ("Effective Access", "effective_access"), subject.name),
    }
    return page_or_partial(request, "authz/user_access.html", context, partial="panel")


def _plain(text: str, status: int = 200) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")


def _asked(request: Request) -> tuple[str, list[Subject], AsIfForm]:
    """What was typed, whom it can mean, and the circumstances. Who may look at nobody else needs to type nothing."""
    text, form = request.GET.get("user", "").strip(), AsIfForm(request.GET)
    if not text and not _may_read_all(request):
        text = str(request.membership.user_id)
    at = form.cleaned_data["at"] if form.is_valid() else None
    return text, subjects.find(text, at=at) if text else [], form


def _kept(request: Request, explanation: Explanation) -> dict[str, Any]:
    """The question as it stands, for the forms and links that change one thing in it."""
    chosen = explanation.application_id and [
        one.application.name for one in explanation.applications if one.id == explanation.application_id
    ]
    return {
        "kept": [(name, value) for name in KEPT for value in request.GET.getlist(name) if value],
        "kept_beside": [(name, value) for name in BESIDE for value in request.GET.getlist(name) if value],
        "only": chosen[0] if chosen else "",
        "earlier": [
            (words, (explanation.at - timedelta(days=days)).isoformat(timespec="seconds"))
            for words, days in EARLIER
        ],
    }


def _other_side(
    request: Request, explanation: Explanation, form: AsIfForm, now: datetime
) -> Explanation | None:
    """The answer for the moment to compare with, in the same circumstances; None when there is none."""
    moment = form.cleaned_data["compare"]
    subject = subjects.load(explanation.subject.id, moment) if moment else None
    return _explain(request, subject, form.context(now, at=moment)) if subject else None


def _explain(request: Request, subject: Subject, circumstances: dict[str, Any]) -> Explanation:
    explanation = explain(
        tenant_id=request.tenant.tenant_id,
        subject_kind=subject.kind,
        subject_id=subject.id,
        subject=subject,
        **circumstances,
    )
    if explanation is None:
        raise Http404("No such subject.")
    return explanation


def _may_read_all(request: Request) -> bool:
    powers = request.decision.powers
    return powers is not None and powers.decide("effective_access:read").allowed


def _forbid_peeking(request: Request, text: str, found: list[Subject]) -> None:
    """Everybody may see what reaches themselves; what reaches others, and who there is, takes
    ``effective_access:read``. Somebody and nobody get one refusal, so that a search is no way to ask who is here.
    """
    only_oneself = [one.id for one in found] == [request.membership.user_id]
    if text and not only_oneself and not _may_read_all(request):
        raise PermissionDenied("None of your roles gives effective_access:read.")


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
