"""The page nobody else has: what reaches a subject, why, and which term removed the rest."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from authsec.web.access import requires
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request
from authz import subject as subjects
from authz.effective import Explanation, explain
from authz.forms.as_if import AsIfForm
from authz.sentences import sentences, unreached
from authz.subject import Subject
from authz.tool_access import tools_at, tools_of
from authz.track_rows import badges, rows
from authz.views.links import crumbs, links_in

PAGE = "authz/effective_access.html"
MAX_REQUESTED = 4_000


@requires("effective_access:own")
@require_safe
def effective_access(request: Request) -> HttpResponse:
    """Search a subject; answer for the one that is found, as if asked in the circumstances given."""
    text = request.GET.get("user", "").strip()
    found = subjects.find(text) if text else []
    form = AsIfForm(request.GET)
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
        _forbid_peeking(request, found[0])
        explanation = _explain(request, found[0], form)
        context |= _drawn(request, explanation)
    status = 404 if text and not found and _is_id(text) else 200
    return page_or_partial(request, PAGE, context, partial="answer", status=status)


@requires("endusers:read")
@require_safe
def user_access(request: Request, user_id: UUID) -> HttpResponse:
    """The panel for another context's page about a person: their sentences, as of now without a second factor."""
    subject = subjects.load(user_id)
    if subject is None or subject.kind != "user":
        raise Http404("No such person.")
    form = AsIfForm({})
    form.full_clean()
    explanation = _explain(request, subject, form)
    context = {
        "explanation": explanation,
        "subject": subject,
        "sentences": sentences(explanation),
        "crumbs": crumbs(request.tenant.slug, ("Effective Access", "effective_access"), subject.name),
    }
    return page_or_partial(request, "authz/user_access.html", context, partial="panel")


def _explain(request: Request, subject: Subject, form: AsIfForm) -> Explanation:
    requested = request.GET.get("requested", "")[:MAX_REQUESTED].split()
    explanation = explain(
        tenant_id=request.tenant.tenant_id,
        subject_kind=subject.kind,
        subject_id=subject.id,
        requested=frozenset(requested) or None,
        subject=subject,
        **form.context(timezone.now()),
    )
    if explanation is None:
        raise Http404("No such subject.")
    return explanation


def _drawn(request: Request, explanation: Explanation) -> dict[str, Any]:
    link = links_in(request.tenant.slug)
    reached = [one for one in explanation.applications if one.reached]
    tools = tools_at(
        tenant_id=request.tenant.tenant_id, applications=[one.id for one in reached], at=explanation.at
    )
    names: dict[UUID | None, str] = {one.id: one.application.name for one in explanation.applications}
    return {
        "explanation": explanation,
        "subject": explanation.subject,
        "standing_words": [subjects.SENTENCES[reason] for reason in explanation.standing.reasons],
        "sentences": sentences(explanation),
        "unreached": unreached(explanation),
        "panels": [
            (
                one,
                rows(one, explanation, link),
                link("application", one.id),
                tools_of(one, explanation, tools),
            )
            for one in reached
        ],
        "items": [
            (
                item,
                names.get(item.application_id, ""),
                badges(item, item.met, explanation.at),
            )
            for item in explanation.items
        ],
        "requested": " ".join(request.GET.get("requested", "").split()),
    }


def _may_read_all(request: Request) -> bool:
    powers = request.decision.powers
    return powers is not None and powers.decide("effective_access:read").allowed


def _forbid_peeking(request: Request, subject: Subject) -> None:
    """Everybody may see what reaches themselves; what reaches others takes ``effective_access:read``."""
    if subject.id != request.membership.user_id and not _may_read_all(request):
        raise PermissionDenied("None of your roles gives effective_access:read.")


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
