"""Rows for the track: each scope's way through the three terms, its facts as badges, its paths as chains."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from authsec.web import clock
from authz.effective.explanation import Explanation
from authz.effective.grants import Item
from authz.effective.reasons import conditions, ending, removed, removing_term, why
from authz.effective.subject import Subject
from authz.effective.terms import ApplicationAccess, Path, ScopeAccess
from authz.effective.who_has import Way
from authz.effective.words import many, span
from authz.models import Binding

ANSWERS = {
    "active": "yes",
    "pending_step_up": "mfa",
    "missing_context": "context",
    "outside_ip": "address",
    "none": "no",
}
SOURCES = {
    "group": ("Group", "users-round"),
    "service-account": ("Service account", "bot"),
    "plan": ("Plan tier", "layers"),
}
MOST_PATHS, MOST_BADGES = 2, 3
Link = Callable[[str, Any], str]
Badge = tuple[str, str, str | bool]


def rows(
    one: ApplicationAccess, explanation: Explanation, link: Link, ways_url: Callable[[UUID, str], str]
) -> list[dict[str, Any]]:
    """What components/track_table.html draws; ``link(kind, id)`` gives the URL of a role, group, account or user, and
    ``ways_url(application, scope)`` that of all ways, of which the first few are drawn.
    """
    drawn = [_row(scope, one, explanation, link) for scope in one.scopes]
    for row in drawn:
        row["more_url"] = ways_url(one.id, row["scope"]) if row["more_paths"] else ""
    # The first that waits is open: it is the one that people ask about.
    for row in drawn:
        row["open"] = row is next((r for r in drawn if r["state"] == "pending_step_up"), None)
    return drawn


def summary(one: ApplicationAccess) -> list[tuple[int, str]]:
    """How the scopes of an Application fare: *1 granted, 1 after MFA, 3 asked for but removed, 1 not asked for*."""
    unasked = sum(scope.removed_by == "requested" or not scope.requested for scope in one.scopes)
    now, later = one.count("active"), one.count("pending_step_up")
    gone = "removed" if one.asked is None else "asked for but removed"
    counted = [(now, "granted"), (later, "after MFA"), (len(one.scopes) - now - later - unasked, gone)]
    return [pair for pair in [*counted, (unasked, "not asked for")] if pair[0]]


def badges(item: Binding | Way, now: datetime) -> list[Badge]:
    """A binding's conditions as badges, whoever it reaches: kind, text, whether it can be met now."""
    said: list[Badge] = []
    if item.requires_mfa:
        said.append(("mfa", f"MFA within {span(item.mfa_max_age)}", True))
    if item.ip_ranges:
        said.append(("address", ", ".join(map(str, item.ip_ranges)), True))
    if item.not_before and item.not_before > now:
        said.append(("not-before", f"from {clock.date(item.not_before)}", False))
    if item.expires_at and item.expires_at > now:
        said.append(("ends", ending(item.expires_at, now), True))
    return said


def _row(scope: ScopeAccess, one: ApplicationAccess, explanation: Explanation, link: Link) -> dict[str, Any]:
    sources = dict.fromkeys((path.item.source, "", True) for path in scope.paths)
    asked = _asked(scope, explanation)
    return {
        "scope": scope.name,
        "description": scope.facts.description if scope.facts else "",
        "risk": scope.facts.risk if scope.facts else "",
        "badges": [*sources, *asked],
        "entitled": ANSWERS.get(scope.entitled, scope.entitled),
        "supported": "yes" if scope.supported else "no",
        "requested": "yes" if scope.requested else "unasked",
        "state": state_of(scope),
        "removed_by": removing_term(scope),
        "reason": removed(scope, one, explanation),
        "paths": ways(scope, one, explanation, link, slice(MOST_PATHS)),
        "more_paths": max(len(scope.paths) - MOST_PATHS, 0),
    }


def _asked(scope: ScopeAccess, explanation: Explanation) -> list[Badge]:
    """The conditions that the answer rests on; none where one of its ways has none."""
    each = [conditions(path.item, path.state, explanation) for path in scope.speaking]
    if [] in each:
        return []
    found: dict[Badge, None] = {badge: None for said in each for badge in said}
    return list(found)[:MOST_BADGES]


def state_of(scope: ScopeAccess) -> str:
    """What the last column says: active, pending_step_up, the state that entitled is in, or not_granted."""
    if scope.granted:
        return scope.granted
    if scope.removed_by == "entitled" and scope.entitled != "none":
        return scope.entitled
    return "not_granted"


def ways(
    scope: ScopeAccess,
    one: ApplicationAccess,
    explanation: Explanation,
    link: Link,
    picked: slice = slice(None),
) -> list[dict[str, Any]]:
    """The ways by which a scope reaches the subject, as ``{% chain %}`` draws them."""
    return [_path(path, one, explanation, link) for path in scope.paths[picked]]


def _path(path: Path, one: ApplicationAccess, explanation: Explanation, link: Link) -> dict[str, Any]:
    item = path.item
    place = one.application.name if item.application_id else ""
    return {
        "state": path.state,
        "state_text": "",
        "reason": why(item, path.state, explanation),
        "links": chain(item, path.state, explanation, link, place),
    }


def chain(item: Item, state: str, explanation: Explanation, link: Link, place: str) -> list[dict[str, Any]]:
    """One way: role ← binding ← group, service account or plan ← user; ``place``: the Application, "" tenant-wide."""
    subject = explanation.subject
    asks = [
        f"{text}" if word == "met" else f"{text} ({word})"
        for _, text, word in conditions(item, state, explanation)
    ]
    given = f"by {item.given_by}" if item.given_by else "by AuthSec"
    binding = {
        "kind": "Binding",
        "icon": "link",
        "name": f"on {place}" if place else "tenant-wide",
        "note": " · ".join([*asks, given, clock.date(item.created_at)]),
    }
    role = {
        "kind": "Role",
        "icon": "shield-check",
        "name": item.role_name,
        "note": contents(item),
        "url": link("role", item.role_id),
    }
    middle = [_between(item, subject, link)] if item.source in SOURCES else []
    return [role, binding, *middle, _end(subject)]


def contents(item: Item) -> str:
    """What a role holds: *3 scopes, 1 console permission*."""
    counts = ((len(item.scopes), "scope"), (len(item.console_permissions), "console permission"))
    return ", ".join(many(n, word) for n, word in counts if n)


def _between(item: Item, subject: Subject, link: Link) -> dict[str, Any]:
    kind, icon = SOURCES[item.source]
    since = f", {clock.date(item.reached_at)}" if item.reached_at else ""
    hands = {
        "manual": "added by hand",
        "scim": "added by SCIM",
        "oidc": "added by OIDC",
        "api": "added by API",
    }
    note = {
        "group": f"{hands.get(item.member_source or '', 'added')}{since}",
        "service-account": f"{subject.name} operates it{since}",
        "plan": f"{subject.name} holds it",
    }[item.source]
    return {
        "kind": kind,
        "icon": icon,
        "name": item.source_name,
        "note": note,
        "url": link(item.source, item.source_id),
    }


def _end(subject: Subject) -> dict[str, Any]:
    if subject.kind == "service_account":
        return {"kind": "Service account", "icon": "bot", "name": subject.name, "note": ""}
    capacities = [
        f"{(subject.member_type or '').replace('_', ' ')}, {subject.member_status}"
        if subject.member_status
        else "",
        f"end user, {subject.end_user_status}" if subject.end_user_status else "",
    ]
    return {
        "kind": "User",
        "icon": "user",
        "name": subject.name,
        "note": " · ".join(filter(None, capacities)),
    }
