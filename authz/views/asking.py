"""What the pages that change something share: the questions before it."""

import json
from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode

from django.forms import BaseForm
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from authsec.web.htmx import page_or_partial
from authsec.web.http import Request
from authz.forms.binding import ReasonForm
from authz.views.links import Crumbs
from authz.what_if.changes import Change
from authz.what_if.changes.wire import to_json
from authz.what_if.preview import Preview, preview
from authz.what_if.words import FEW
from tenants.confirming import is_confirmed

MOST_BESIDE = 5  # lines of a what if, where a confirmation counts other things too
GET_OR_POST = ["GET", "HEAD", "POST"]


def must_confirm(request: Request, given: Collection[Any]) -> bool:
    """Whether somebody would gain console permissions (``given``) from a person who has to confirm who they are first,
    as for member types: else a session that lies open made an owner by another road. Scopes alone ask nobody.
    """
    return bool(given) and not is_confirmed(request, now=timezone.now())


def missing_in(form: BaseForm) -> tuple[str, ...]:
    """What a form that is still being filled in lacks or has wrong, a sentence for each field."""
    said = []
    for name, errors in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        said.append(f"{label}: {errors[0]}" if label else str(errors[0]))
    return tuple(said)


def consequences(effect: Preview, most: int = FEW) -> list[tuple[object, str]]:
    """What a change would do, as counted lines of a confirmation, at most ``most`` of them."""
    if effect.busy or effect.resting:
        return [("?", "what else would change can’t be said right now; ask again in a minute")]
    said: list[tuple[object, str]] = []
    kept = 0
    if effect.too_many:
        sampled = (
            f"of the first {effect.looked_at} of them:" if effect.lines else "too many to count them all"
        )
        said.append((effect.reach, f"people are reached; {sampled}"))
    for line in effect.lines[:most]:
        if line.mark == "kept":
            kept += 1
            continue
        who = "person" if line.count == 1 else "people"
        verb = f"{line.verb}s" if line.count == 1 and line.verb in ("gain", "lose", "keep") else line.verb
        place = f" ({line.place})" if line.place else ""
        said.append((line.count, f"{who} {verb} {line.name}{place}{line.note}"))
    if kept:
        what = "scope or permission stays" if kept == 1 else "scopes and permissions stay"
        said.append((kept, f"{what} with everybody another way"))
    if more := effect.more + len(effect.lines[most:]):
        said.append((more, "more such lines"))
    return said


def ask(
    request: Request,
    form: ReasonForm,
    question: dict[str, Any],
    *,
    back: str,
    way: Crumbs,
    change: Change | None = None,
) -> HttpResponse:
    """A confirmation as a page, or as a dialog for htmx.

    ``question``: ``question`` (verb, object, tenant), ``text``, ``reversible``, ``action`` (the button), ``lines`` of
    counted consequences, ``more_url`` of further ones that a later floor counts, and ``hidden`` (name, value) pairs
    that are posted along. ``change`` is tried out, and whom it costs what is counted with the other lines.
    """
    context = question | {"form": form, "back": back, "crumbs": [*way, (question["action"], None)]}
    if change is not None and request.method != "POST":
        effect = preview(
            tenant_id=request.tenant.tenant_id, change=change, actor=request.actor, now=timezone.now()
        )
        context["lines"] = [*question.get("lines", []), *consequences(effect, MOST_BESIDE)]
        if "effective_access:read" in request.decision.can and not effect.too_many:
            context.setdefault("more_url", _tokens_of(request, change))
    status = 422 if request.htmx and form.errors else form.status  # htmx draws no 403
    return page_or_partial(request, "authz/ask.html", context, partial="dialog", status=status)


def _tokens_of(request: Request, change: Change) -> str:
    """Where the live tokens that a change touches are counted: a floor above."""
    asked = {"change": json.dumps(to_json(change)), "tokens": "1"}
    return f"{reverse('oauth:what_if', kwargs={'slug': request.tenant.slug})}?{urlencode(asked)}"
