"""One end user's page: its head with the tabs, and the tabs of this context.

Those of the contexts above stand in ``TABS`` by URL name and build on :func:`frame`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from rest_framework.renderers import JSONRenderer

from authsec.audit import queries as audit
from authsec.audit.catalog import describe
from authsec.web import clock
from authsec.web.access import requires
from authsec.web.htmx import page_or_partial
from authsec.web.http import Request
from endusers import person
from endusers.api.end_users import answer
from endusers.limits import limit_of, own_limit
from endusers.views.people import crumbs

LATEST = 6  # events on the overview


@dataclass(frozen=True)
class Tab:
    """``counts``: what of the person it counts, see ``held`` of :func:`endusers.person.find`."""

    key: str
    label: str | Promise
    url_name: str
    permission: str
    counts: str = ""


TABS = (
    Tab("overview", _("Overview"), "endusers:detail", "endusers:read"),
    Tab("access", _("Effective access"), "authz:person_access", "effective_access:read"),
    Tab("connections", _("Connections"), "oauth:person_connections", "tokens:read", "connections"),
    Tab("tokens", _("Tokens and sessions"), "oauth:person_tokens", "tokens:read", "tokens"),
    Tab("activity", _("Activity"), "endusers:activity", "audit:read"),
    Tab("limits", _("Limits and plan"), "endusers:limits", "endusers:read"),
    Tab("json", _("Raw JSON"), "endusers:raw", "endusers:read"),
)


@requires("endusers:read")
@require_safe
def overview(request: Request, user_id: UUID) -> HttpResponse:
    """Where they stand, what they reach, how they came, a month of what they did."""
    context = frame(request, user_id, "overview", closely=True)
    seen, tenant_id = context["end_user"].seen, request.tenant.tenant_id
    reads_audit = "audit:read" in request.decision.can
    context |= {
        "limit": limit_of(context["end_user"], timezone.now()),
        "first": seen["first"],
        "second_factor_at": _moment(seen["second_factor_at"]),
        "days": person.month(seen["days"]),
        "seen_lately": bool(seen["days"]),
        "start": clock.date(person.first_day(timezone.now())).rsplit(" ", 1)[0],
        "entries": audit.around(tenant_id, user_id, limit=LATEST) if reads_audit else None,
    }
    return show(request, "endusers/detail.html", context)


@requires("audit:read")
@require_safe
def activity(request: Request, user_id: UUID) -> HttpResponse:
    """Everything that was done to them and by them, page by page; ``?kind=`` narrows it."""
    context = frame(request, user_id, "activity")
    kind = audit.KINDS_OF_PERSON.get(request.GET.get("kind", ""), audit.KINDS_OF_PERSON[""])
    page = audit.history(request.tenant.tenant_id, user_id, kind=kind, cursor=request.GET.get("cursor", ""))
    kinds = [
        {"label": one.label, "url": f"?kind={key}" if key else "?", "current": one is kind}
        for key, one in audit.KINDS_OF_PERSON.items()
    ]
    context |= {"page": page, "entries": [describe(event) for event in page.items], "kinds": kinds}
    return show(request, "endusers/activity.html", context)


@requires("endusers:read")
@require_safe
def limits(request: Request, user_id: UUID) -> HttpResponse:
    """Their plan tier and those before it, what another would do, and how often they may call."""
    context = frame(request, user_id, "limits")
    end_user = context["end_user"]
    context |= {"limit": limit_of(end_user, timezone.now()), "own": own_limit(end_user)}
    context["told"] = told = "audit:read" in request.decision.can
    context["plan"] = person.plan(request.tenant.tenant_id, user_id, told=told)
    return show(request, "endusers/limits.html", context)


@requires("endusers:read")
@require_safe
def raw(request: Request, user_id: UUID) -> HttpResponse:
    """What the API answers about them, member by member."""
    context = frame(request, user_id, "json")
    said = JSONRenderer().render(answer(request.tenant.tenant_id, user_id).data, "application/json; indent=2")
    path = reverse(
        "endusers_api:end_user", kwargs={"tenant_id": request.tenant.tenant_id, "user_id": user_id}
    )
    return show(request, "endusers/raw.html", context | {"said": said.decode(), "path": path})


def frame(request: Request, user_id: UUID, key: str, *, closely: bool = False) -> dict[str, Any]:
    """What every tab needs: ``end_user``, ``tabs``, ``tab_title``, ``crumbs``. One statement. 404 as :func:`load`."""
    end_user = load(request, user_id, closely=closely)
    tabs = [
        {
            "key": tab.key,
            "label": tab.label,
            "url": url,
            "current": tab.key == key,
            "count": end_user.held[tab.counts] or None if tab.counts else None,
        }
        for tab in TABS
        if tab.permission in request.decision.can and (url := address(request, tab.url_name, user_id))
    ]
    title = next(tab.label for tab in TABS if tab.key == key)
    return {"end_user": end_user, "tabs": tabs, "tab_title": title, "crumbs": crumbs(request, end_user.name)}


def show(request: Request, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A tab as a page, or for htmx what stands below the head."""
    return page_or_partial(request, template, context, partial="tab", status=status)


def address(request: Request, url_name: str, user_id: UUID) -> str:
    """The address of a page about this person, of whichever context; "" where there is none."""
    try:
        return reverse(url_name, kwargs={"slug": request.tenant.slug, "user_id": user_id})
    except NoReverseMatch:
        return ""


def load(request: Request, user_id: UUID, *, closely: bool = False) -> Any:
    """The end user of the address with a ``name``, or 404: unknown, another tenant's, or a member only."""
    end_user = person.find(request.tenant.tenant_id, user_id, timezone.now(), closely=closely)
    if end_user is None:
        raise Http404("No such end user.")
    end_user.name = end_user.display_name or end_user.email
    end_user.member_type_words = (end_user.member_type or "").replace("_", " ")
    return end_user


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
