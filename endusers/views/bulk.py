"""Doing something to many end users: a question with its numbers, then a job; what it did, and the way back.

The address says everything: ``action``, and either ``user`` for each person or ``all`` with the list's filters. What
the verb needs besides stands there with ``to-`` before it, so that the list's own ``plan_tier`` stays the filter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from authsec.jobs.operations import TooManyJobs
from authsec.web.access import requires
from authsec.web.htmx import go_to, page_or_partial
from authsec.web.http import Request, posted, told
from endusers import filters, queries
from endusers.bulk import jobs
from endusers.bulk.preview import Preview, look
from endusers.bulk.selection import MOST_IDS, Selection
from endusers.bulk.verbs import VERBS, Verb
from endusers.operations import EndUserError
from endusers.views.people import crumbs
from tenants.forms import OptionalReason

PREFIX = "to"


class ConfirmForm(OptionalReason):
    """Why, and for what can't be undone the tenant's slug, typed out."""

    field_order = ["typed", "reason"]
    typed = forms.CharField(
        max_length=63, widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"})
    )

    def __init__(self, *args: Any, verb: Verb, slug: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.slug = slug
        self.fields["typed"].label = _("Type %s to do it") % slug
        if not verb.final:
            del self.fields["typed"]
        if verb.needs_reason:
            self.fields["reason"].required = True
            self.fields["reason"].error_messages["required"] = _(
                "Say why: the reason is written to the audit log."
            )

    def clean_typed(self) -> str:
        """Exactly the slug of the tenant whose people are meant."""
        if self.cleaned_data["typed"] != self.slug:
            raise forms.ValidationError(_("This is not the slug."))
        return self.slug


@dataclass(frozen=True)
class Asked:
    """What the address asks for. ``chips`` name the filters; ``query`` is the address without the parameters."""

    verb: Verb
    selection: Selection
    chips: list[filters.Chip]
    query: str
    back: str


@requires("endusers:read")
@require_http_methods(["GET", "HEAD", "POST"])
def bulk(request: Request) -> HttpResponse:
    """Say what it would do, counted now; start the job."""
    asked = _asked(request)
    if asked is None:
        messages.info(request, str(_("Choose somebody first.")))
        return redirect("endusers:list", slug=request.tenant.slug)
    form, confirm = _forms(request, asked.verb)
    if request.method == "POST" and all([form.is_valid(), confirm.is_valid()]):
        try:
            job = jobs.ask(
                **told(request),
                verb=asked.verb,
                selection=asked.selection,
                params=form.kept(),  # type: ignore[attr-defined]
                reason=confirm.cleaned_data["reason"],
            )
            return go_to(request, reverse("jobs:job", kwargs={"slug": request.tenant.slug, "job_id": job.pk}))
        except (EndUserError, TooManyJobs, PermissionDenied) as error:
            confirm.add_error(None, str(error))
    return _question(request, asked, form, confirm)


def _asked(request: Request) -> Asked | None:
    """Read the address; None where it names nobody. Raises BadRequest, or PermissionDenied in words."""
    given = request.GET
    verb = VERBS.get(given.get("action", ""))
    if verb is None:
        raise BadRequest("action: there is no such bulk action.")
    check(request, verb.permissions)
    query = given.copy()
    for name in [name for name in query if name.startswith(f"{PREFIX}-")]:
        del query[name]
    back = reverse("endusers:list", kwargs={"slug": request.tenant.slug})
    if "all" in given:
        offered = queries.choices(request.tenant.tenant_id)
        chosen = filters.read(given, offered, timezone.now())
        back += filters.address(given, action=None, all=None)
        return Asked(verb, Selection(chosen.filters), chosen.chips, query.urlencode(), back)
    ids = _ids(given.getlist("user"))
    return Asked(verb, Selection(user_ids=ids), [], query.urlencode(), back) if ids else None


def check(request: Request, permissions: Iterable[str]) -> None:
    """Refuse, in words, who lacks one of the permissions."""
    for permission in permissions:
        decision = request.powers.decide(permission)
        if not decision.allowed:
            raise PermissionDenied(" ".join(decision.reasons))


def _ids(texts: list[str]) -> tuple[UUID, ...]:
    if len(texts) > MOST_IDS:
        raise BadRequest(f"user: at most {MOST_IDS} people one by one.")
    try:
        return tuple(dict.fromkeys(UUID(text) for text in texts))
    except ValueError as error:
        raise BadRequest("user: an id is a UUID.") from error


def _forms(request: Request, verb: Verb) -> tuple[forms.Form, ConfirmForm]:
    """The verb's own form, filled from the address while nothing is posted, and the confirmation."""
    data = posted(request)
    if data is None and any(name.startswith(f"{PREFIX}-") for name in request.GET):
        data = request.GET
    form = verb.form(request.tenant.tenant_id)(data, prefix=PREFIX)
    return form, ConfirmForm(posted(request), verb=verb, slug=request.tenant.slug)


def _params(verb: Verb, form: forms.Form) -> dict[str, Any] | None:
    """What the verb is to be previewed with: what was entered, or what the form's lists show as chosen at first. None
    while something has to be entered.
    """
    if not form.is_bound:
        first: dict[str, Any] = {}
        for name, field in form.fields.items():
            if isinstance(field, forms.ChoiceField):
                first |= {form.add_prefix(name): key for key, _word in list(field.choices)[:1]}  # type: ignore[arg-type]
        form = type(form)(first, prefix=form.prefix)
    return form.kept() if form.is_valid() else None  # type: ignore[attr-defined]


def _question(request: Request, asked: Asked, form: forms.Form, confirm: ConfirmForm) -> HttpResponse:
    seen = look(asked.verb, asked.selection, _params(asked.verb, form), now=timezone.now())
    number = f"{seen.matching} end user{'' if str(seen.matching) == '1' else 's'}"
    context = {
        "asked": asked,
        "verb": asked.verb,
        "form": form,
        "confirm": confirm,
        "seen": seen,
        "heading": asked.verb.title.replace("end users", number),
        "lines": lines(seen),
        "crumbs": crumbs(request, asked.verb.title),
    }
    partial = "numbers" if request.htmx and request.htmx.target == "numbers" else "dialog"
    status = 422 if request.method == "POST" else 200
    return page_or_partial(request, "endusers/bulk.html", context, partial=partial, status=status)


def lines(seen: Preview) -> list[tuple[object, str]]:
    """The preview as numbers with their words."""
    left = [(number, f"left out: {word}") for word, number in seen.left_out]
    found: list[tuple[object, str]] = [(seen.changing, worded(seen.changing, *seen.verb.effect)), *left]
    if seen.held is None:
        return found
    stopping = HELD if seen.verb.needs_reason else HELD[:1]
    numbers = [(seen.held.shown(name), one, many) for name, one, many in stopping]
    return found + [(number, worded(number, one, many)) for number, one, many in numbers]


# What stops: all of it for who is suspended, tokens alone for who keeps their standing.
HELD = (
    ("tokens", "token answers inactive from then on", "tokens answer inactive from then on"),
    ("connections", "connection stops working", "connections stop working"),
    ("sign_ins", "sign-in at a client ends", "sign-ins at clients end"),
)


def worded(number: object, one: str, many: str) -> str:
    """The words behind a number."""
    return one if str(number) == "1" else many
