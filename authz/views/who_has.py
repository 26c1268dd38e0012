"""*Who has…*: the reverse of Effective Access, as a list and as a file."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from authsec.jobs.operations import TooManyJobs
from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, told
from authsec.web.pagination import Count
from authz import jobs
from authz.effective import subject as subjects
from authz.effective.track_rows import Badge, badges
from authz.effective.wanted import Wanted
from authz.effective.who_has import AsIf, Holder, TooManyMatch, Way, count, who_has
from authz.forms.as_if import AsIfForm
from authz.forms.who_has import KINDS, WORDS, WhoHasForm
from authz.views.links import crumbs, links_for, page

PAGE = "authz/who_has.html"
COUNT = "count"  # in the address: count, too
SHOWN = 4  # ways of one person; the rest is on their own page
AS_IF = ("mfa", "hours", "ip", "at")
UNMET = {"pending_step_up": "mfa", "outside_ip": "address", "missing_context": "address"}


@requires("effective_access:read")
@require_safe
def who_has_list(request: Request) -> HttpResponse:
    """Who has what the address asks about, as if asked in the circumstances given."""
    slug, tenant_id = request.tenant.slug, request.tenant.tenant_id
    form, as_if = WhoHasForm(request.GET, tenant_id=tenant_id), AsIfForm(request.GET)
    context: dict[str, Any] = {
        "form": form,
        "as_if": as_if,
        "kinds": [{"label": KINDS[key], "url": f"?by={key}", "current": key == form.by} for key in KINDS],
        "crumbs": crumbs(slug, ("Effective Access", "effective_access"), "Who has…"),
    }
    partial = "answer"
    if form.is_valid() and as_if.is_valid() and not form.wanted.is_empty:
        asked = AsIf.of(as_if.context(timezone.now()))
        if request.htmx and COUNT in request.GET:
            context |= {"count": _counted(request, form, asked)}
            partial = "count"
        else:
            context |= _answered(request, form, asked)
    status = 422 if form.errors or as_if.errors else 200
    return page_or_partial(request, PAGE, context, partial=partial, status=status)


@requires("effective_access:read")
@require_POST
def export(request: Request) -> HttpResponse:
    """Start the file of exactly those whom the address shows."""
    slug, tenant_id = request.tenant.slug, request.tenant.tenant_id
    form, as_if = WhoHasForm(request.GET, tenant_id=tenant_id), AsIfForm(request.GET)
    if not (form.is_valid() and as_if.is_valid()) or form.wanted.is_empty:
        raise BadRequest("Nothing is asked about that could be exported.")
    asked: dict[str, Any] = told(request) | {name: request.GET.get(name, "") for name in AS_IF}
    try:
        job = jobs.export(wanted=form.wanted, narrowed=form.narrowed, **asked)
    except TooManyJobs as error:
        messages.error(request, str(error))
        return go_to(request, f"{page(slug, 'who_has')}?{request.GET.urlencode()}")
    return go_to(request, reverse("jobs:job", kwargs={"slug": slug, "job_id": job.pk}))


def _counted(request: Request, form: WhoHasForm, as_if: AsIf) -> Count | None:
    """The number alone, which takes longer than a page and is asked for behind it; None beyond what is searched."""
    try:
        return count(
            tenant_id=request.tenant.tenant_id, wanted=form.wanted, as_if=as_if, narrowed=form.narrowed
        )
    except TooManyMatch:
        return None


def _answered(request: Request, form: WhoHasForm, as_if: AsIf) -> dict[str, Any]:
    try:
        found = who_has(
            tenant_id=request.tenant.tenant_id,
            wanted=form.wanted,
            as_if=as_if,
            narrowed=form.narrowed,
            cursor=request.GET.get("cursor", ""),
            counted=COUNT in request.GET,
        )
    except TooManyMatch as error:
        form.add_error("q", str(error))
        return {}
    link = links_for(request)
    kept = urlencode({name: request.GET[name] for name in AS_IF if request.GET.get(name)})
    person = f"{page(request.tenant.slug, 'effective_access')}?{kept}{'&' if kept else ''}user="
    all_here = found.next is None and found.previous is None
    shown = sorted(found.items, key=lambda one: one.name.casefold()) if all_here else found.items
    return {
        "page": found,
        "count": found.count,
        "rows": [_row(one, as_if, link, f"{person}{one.id}") for one in shown],
        "what": _what(form),
        "wanted": form.wanted,
        "narrowing": form.narrowed.source or form.narrowed.state or form.narrowed.text,
    }


def _row(one: Holder, as_if: AsIf, link: Any, url: str) -> dict[str, Any]:
    return {
        "one": one,
        "url": url,
        "state": WORDS[one.state],
        "reason": subjects.SENTENCES.get(one.reason, ""),
        "ways": [
            {
                "way": way,
                "badges": _conditions(way, as_if.at),
                "url": link(way.source, way.source_id),
                "role_url": link("role", way.role_id),
                "differs": way.state != one.state
                and one.state not in ("suspended", "unsupported", "unverified"),
            }
            for way in one.ways[:SHOWN]
        ],
        "more": max(len(one.ways) - SHOWN, 0),
    }


def _conditions(way: Way, at: datetime) -> list[Badge]:
    """A way's conditions as badges; the one that its state names is not met."""
    return [(kind, words, bool(met) and UNMET.get(way.state) != kind) for kind, words, met in badges(way, at)]


def _what(form: WhoHasForm) -> tuple[str, str]:
    """The thing and its place, as the heading says them: *deploy:run* on *deploy-mcp*."""
    wanted: Wanted = form.wanted
    if form.by == "permission":
        return wanted.permission, ""
    field: Any = form.fields["application" if form.by == "scope" else form.by]
    names = dict(field.choices)
    if form.by == "scope":
        return wanted.scope, names.get(str(wanted.application_id), "")
    return names.get(str(wanted.role_id or wanted.group_id), ""), ""
