"""*What if* as a page of its own, and as the panel beside Effective Access: one view, a plain GET form, no script."""

import json
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from authsec.jobs.operations import TooManyJobs
from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, told
from authsec.web.parsers import strict_json
from authz.effective import subject as subjects
from authz.effective.subject import Subject
from authz.forms.as_if import AsIfForm
from authz.refusals import Refused
from authz.views.access_moments import NOW
from authz.views.links import crumbs, page
from authz.what_if.allowance import TOO_MANY, may_try
from authz.what_if.changes import Change
from authz.what_if.changes.wire import from_json, to_json
from authz.what_if.changes.words import said
from authz.what_if.held import Moment
from authz.what_if.simulate import Busy, TooMany
from authz.what_if.words import blocks, lead, lines
from oauth.views.what_if_links import real_verb
from oauth.what_if import jobs as what_if_jobs
from oauth.what_if.choices import Choices, question
from oauth.what_if.form import BY_KEY, chosen, offered
from oauth.what_if.tokens import Tokens, WhatIf, what_if

PAGE = "oauth/what_if.html"
MOST_CHANGE = 20_000  # characters of a change in an address
SHOWN = 50  # people in the list of who is touched; the job's file has them all


@requires("effective_access:read")
@require_safe
def what_if_page(request: Request) -> HttpResponse:
    """Choose a change and see what it would do, to one subject and to others. ``tokens``: their numbers alone."""
    form, context = AsIfForm(request.GET), _asked_of(request)
    if not form.is_valid():
        context["problem"] = " ".join(str(text) for texts in form.errors.values() for text in texts)
        return page_or_partial(request, PAGE, context, partial="panel", status=422)
    when = Moment(**{key: form.context(timezone.now())[key] for key in ("at", "mfa_at", "ip")})
    subject, status = context["subject"], 200
    context["as_of_now"] = when.at < timezone.now() - NOW
    try:
        change = _change(request, context, when)
        if change and not may_try(request.actor):
            context["problem"], status = TOO_MANY, 429
        elif change:
            context |= _answered(request, change, subject, when)
    except Refused as error:
        context["problem"], status = " ".join(error.errors.values()), 422
    except Busy as error:
        context["problem"], status = str(error), 503
    partial = "tokens" if "tokens" in request.GET else "panel"
    return page_or_partial(request, PAGE, context, partial=partial, status=status)


@require_POST
@requires("effective_access:read")
def what_if_all(request: Request) -> HttpResponse:
    """Work it out for everybody whom the change reaches: a job."""
    try:
        change = from_json(request.tenant.tenant_id, _parsed(request.POST.get("change", "")))
        job = what_if_jobs.start(**told(request, change=change))
    except (Refused, TooManyJobs) as error:
        context = _asked_of(request) | {"problem": str(error)}
        return page_or_partial(request, PAGE, context, partial="panel", status=422)
    url = redirect("jobs:job", slug=request.tenant.slug, job_id=job.pk).url
    return go_to(request, url)


def _asked_of(request: Request) -> dict[str, Any]:
    text = request.GET.get("user", "").strip()
    found = subjects.find(text) if text else []
    slug = request.tenant.slug
    return {
        "text": text,
        "shown": (found[0].email or found[0].name) if len(found) == 1 else text,
        "found": found if len(found) != 1 else [],
        "subject": found[0] if len(found) == 1 else None,
        "back": page(slug, "effective_access"),
        "kept": [
            (name, value)
            for name in ("mfa", "hours", "ip", "at")
            if (value := request.GET.get(name, "")) and "\x00" not in value
        ],
        "crumbs": crumbs(slug, ("Effective Access", "effective_access"), _("What if")),
    }


def _change(request: Request, context: dict[str, Any], when: Moment) -> Change | None:
    """The change that is asked about, from the lists or as JSON; the lists go into the context."""
    tenant_id, given = request.tenant.tenant_id, request.GET.get("change", "")
    if given:
        change = from_json(tenant_id, _parsed(given))
        context |= {"said": said(tenant_id, to_json(change)), "change_json": given}
        return change
    asked = question(tenant_id, context["subject"], when, timezone.now())
    kinds = offered(context["subject"])
    kind = BY_KEY.get(request.GET.get("kind", ""))
    context["kinds"] = [(one.key, one.label, one is kind) for one in kinds]
    if kind is None or kind not in kinds:
        return None
    objects = kind.choices(asked)
    value = _value(request, "object", objects)
    thirds = kind.third.choices(asked, value) if kind.third and value else []
    third = _value(request, "place", thirds) if thirds else ""
    context |= {"kind": kind, "objects": _marked(objects, value), "thirds": _marked(thirds, third)}
    members = chosen(kind, asked, value, third)
    return from_json(tenant_id, members) if members else None


def _value(request: Request, name: str, choices: Choices) -> str:
    """What is chosen of a list: the first when nothing of it is; what is not in it, when a link names it."""
    value = request.GET.get(name, "")
    known = [key for key, _label in choices]
    linked = value and "was" not in request.GET
    return value if value in known or linked else known[0] if known else ""


def _marked(choices: Choices, value: str) -> list[tuple[str, str, bool]]:
    """The choices, each with whether it is the one; what a link names and no list holds stands last."""
    listed = [(key, label, key == value) for key, label in choices]
    known = any(current for *_rest, current in listed)
    return listed if known or not value else [*listed, (value, _("the one you came from"), True)]


def _answered(request: Request, change: Change, subject: Subject | None, when: Moment) -> dict[str, Any]:
    """The whole answer; for more people than one answer looks at, the subject's own and the way to the job."""
    asked = told(request, change=change, at=when.at, mfa_at=when.mfa_at, ip=when.ip)
    too_many = None
    try:
        answer = what_if(**asked)
    except TooMany as error:
        too_many = error.count
        answer = what_if(**asked, people=[subject.id] if subject else [])
    names = to_json(change)
    return _drawn(answer, subject) | {
        "too_many": too_many,
        "change_json": json.dumps(names),
        "said": said(request.tenant.tenant_id, names),
        "real": real_verb(request.tenant.slug, names, subject),
    }


def _drawn(answer: WhatIf, subject: Subject | None) -> dict[str, Any]:
    difference = answer.difference
    mine = difference.about(subject.id) if subject else None
    others = [one for one in difference.touched if subject is None or one.subject.id != subject.id]
    all_tokens = answer.all_tokens
    return {
        "answer": answer,
        "difference": difference,
        "lead": lead(mine) if mine and mine.changes else None,
        "blocks": blocks(mine, difference) if mine else [],
        "lines": lines(difference),
        "others": [(one, lead(one)) for one in others[:SHOWN]],
        "others_count": len(others),
        "tokens": answer.tokens.get(subject.id, Tokens()) if subject else all_tokens,
        "all_tokens": all_tokens,
        "used": [(one, difference.applications.get(one.application_id)) for one in answer.used],
    }


def _parsed(text: str) -> Any:
    try:
        return strict_json(text[:MOST_CHANGE])
    except ValueError as error:
        raise Refused({"change": "This is no change that can be read."}) from error
