"""What the Effective Access page draws of an explanation."""

from collections.abc import Callable
from itertools import accumulate
from typing import Any
from uuid import UUID

from django.utils.http import urlencode

from authsec.web.http import Request
from authz.effective.console_rows import ConsoleRow, console_rows
from authz.effective.explanation import Explanation
from authz.effective.grants import Item
from authz.effective.reasons import conditions, standing_words, why
from authz.effective.sentences import sentences, unreached
from authz.effective.terms import ORDER, ApplicationAccess
from authz.effective.track_rows import Link, rows, summary
from authz.effective.words import listed, shortened
from authz.tool_access import tools_at, tools_of
from authz.views.links import page

# What is drawn at once; the rest is one link away.
PANELS, ROWS, SENTENCES, BINDINGS, NAMES, WAYS = 6, 40, 12, 25, 8, 3
STATES = (*ORDER, "unsupported")
AS_ASKED = (
    "mfa",
    "hours",
    "ip",
    "at",
    "requested",
    "asked",
)  # of the address: what the ways are answered with


def drawn(
    request: Request, explanation: Explanation, link: Link, *, with_tools: bool = True
) -> dict[str, Any]:
    """The context of the answer's template: sentences, a panel per Application, the console, the bindings."""
    reached = [one for one in explanation.applications if one.reached]
    panels = _panels(reached)
    asked = [one.id for one in panels] if with_tools else []
    tools = tools_at(tenant_id=request.tenant.tenant_id, applications=asked, at=explanation.at)
    said, who, ways_url = sentences(explanation), _reverse(request), _ways_url(request, explanation)
    everything = request.GET.get("bindings") == "all"
    whole = _whole(request, explanation)
    return {
        "explanation": explanation,
        "subject": explanation.subject,
        "standing_words": standing_words(explanation),
        "shown_ids": [one.id for one in panels],
        "sentences": said[:SENTENCES],
        "more_sentences": said[SENTENCES:],
        "unreached": listed(shortened(unreached(explanation), NAMES)),
        "panels": [
            {
                "one": one,
                "rows": [
                    row | {"who_url": who(one.id, row["scope"])}
                    for row in rows(one, explanation, link, ways_url)
                ],
                "url": link("application", one.id),
                "tools": tools_of(one, explanation, tools),
                "summary": summary(one),
                "asked": " ".join(sorted(one.asked)) if one.asked is not None else None,
            }
            for one in panels
        ],
        "beyond": [(one, summary(one), f"{whole}&application={one.id}") for one in reached[len(panels) :]],
        "console": _console(explanation, link),
        "items": _items(explanation, everything, link),
        "all_items": everything,
    }


def _panels(reached: list[ApplicationAccess]) -> list[ApplicationAccess]:
    """The first PANELS of them, fewer where these have more than ROWS scopes together, but one at least."""
    sizes = accumulate(len(one.scopes) for one in reached[:PANELS])
    return reached[: max(sum(size <= ROWS for size in sizes), 1)]


def _reverse(request: Request) -> Callable[[UUID, str], str]:
    """A function from an Application and a scope to who has it; to "" for those who may look at themselves only."""
    here = page(request.tenant.slug, "who_has") if "effective_access:read" in request.decision.can else ""

    def who(application_id: UUID, scope: str) -> str:
        query = urlencode({"by": "scope", "application": str(application_id), "scope": scope})
        return f"{here}?{query}" if here else ""

    return who


def _ways_url(request: Request, explanation: Explanation) -> Callable[[UUID, str], str]:
    """A function from an Application and a scope to all its ways, in the circumstances of this answer."""
    query = [(name, value) for name in AS_ASKED for value in request.GET.getlist(name)]
    query.append(("user", str(explanation.subject.id)))
    here = f"{page(request.tenant.slug, 'access_ways')}?{urlencode(query)}"
    return lambda application_id, scope: (
        f"{here}&{urlencode({'application': str(application_id), 'scope': scope})}"
    )


def _whole(request: Request, explanation: Explanation) -> str:
    """This answer's question about every Application, as a query."""
    query = request.GET.copy()
    query["user"] = str(explanation.subject.id)
    query.pop("application", None)
    return f"?{query.urlencode()}"


def _console(explanation: Explanation, link: Link) -> list[tuple[ConsoleRow, list[dict[str, Any]], int]]:
    """Each permission with its first ways as words and links, and how many more there are."""
    return [
        (
            row,
            [
                {
                    "role": path.item.role_name,
                    "url": link("role", path.item.role_id),
                    "source": path.item.source,
                    "source_name": "" if path.item.source == "direct" else path.item.source_name,
                    "place": path.place,
                    "conditions": conditions(path.item, path.state, explanation),
                    "why": "" if path.state == "active" else why(path.item, path.state, explanation),
                }
                for path in row.paths[:WAYS]
            ],
            max(len(row.paths) - WAYS, 0),
        )
        for row in console_rows(explanation)
    ]


def _items(explanation: Explanation, everything: bool, link: Link) -> list[dict[str, Any]]:
    """The bindings, what counts first; more than BINDINGS only where ``everything`` is asked for."""
    places: dict[UUID | None, str] = {one.id: one.application.name for one in explanation.applications}
    ordered: list[Item] = sorted(explanation.items, key=lambda item: STATES.index(item.state))
    return [
        {
            "item": item,
            "url": link("role", item.role_id),
            "place": places.get(item.application_id, ""),
            "conditions": conditions(item, item.state, explanation),
            "why": why(item, item.state, explanation),
        }
        for item in (ordered if everything else ordered[:BINDINGS])
    ]
