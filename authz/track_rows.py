"""Rows for the track: each scope's way through the three terms, its facts as badges, its paths as chains."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from authsec.web import clock
from authz.effective import Explanation
from authz.grants import Item
from authz.models import Binding
from authz.sentences import how, span, speaking
from authz.subject import Subject
from authz.terms import ApplicationAccess, Path, ScopeAccess

ANSWERS = {
    "active": "yes",
    "pending_step_up": "mfa",
    "missing_context": "context",
    "outside_ip": "address",
    "none": "no",
}
UNMET = {"pending_step_up": "mfa", "outside_ip": "address", "missing_context": "address"}
SOURCES = {
    "group": ("Group", "users-round"),
    "service-account": ("Service account", "bot"),
    "plan": ("Plan tier", "layers"),
}
Link = Callable[[str, Any], str]


def rows(one: ApplicationAccess, explanation: Explanation, link: Link) -> list[dict[str, Any]]:
    """What components/track_table.html draws; ``link(kind, id)`` gives the URL of a role, group, account or user."""
    drawn = [_row(scope, one, explanation, link) for scope in one.scopes]
    # The first that waits is open: it is the one that people ask about.
    for row in drawn:
        row["open"] = row is next((r for r in drawn if r["state"] == "pending_step_up"), None)
    return drawn


def badges(item: Item | Binding, state: str, now: datetime) -> list[tuple[str, str, bool]]:
    """A binding's conditions as badges: kind, text, whether it is met in ``state``."""
    unmet, said = UNMET.get(state, ""), []
    if item.requires_mfa:
        said.append(("mfa", f"MFA within {span(item.mfa_max_age)}", unmet != "mfa"))
    if item.ip_ranges:
        said.append(("address", ", ".join(map(str, item.ip_ranges)), unmet != "address"))
    if item.not_before and item.not_before > now:
        said.append(("not-before", f"from {clock.date(item.not_before)}", False))
    if item.expires_at and item.expires_at > now:
        ends = clock.relative(item.expires_at, now)
        said.append(("ends", f"ends {ends}" if ends.startswith(("in ", "tom")) else f"ends on {ends}", True))
    return said


def _row(scope: ScopeAccess, one: ApplicationAccess, explanation: Explanation, link: Link) -> dict[str, Any]:
    best = speaking(scope)
    sources = dict.fromkeys((path.item.source, "", True) for path in scope.paths)
    conditions = dict.fromkeys(
        badge for path in best for badge in badges(path.item, path.state, explanation.at)
    )
    entitled = ANSWERS.get(scope.entitled, scope.entitled)
    return {
        "scope": scope.name,
        "description": scope.facts.description if scope.facts else "",
        "risk": scope.facts.risk if scope.facts else "",
        "badges": [*sources, *conditions],
        "entitled": entitled,
        "supported": "yes" if scope.supported else "no",
        "requested": "yes" if scope.requested else "unasked",
        "state": _state(scope),
        "removed_by": "standing" if scope.entitled == "suspended" else scope.removed_by,
        "reason": _reason(scope, one, explanation),
        "paths": [_path(path, one, explanation, link) for path in scope.paths],
    }


def _state(scope: ScopeAccess) -> str:
    if scope.granted:
        return scope.granted
    if scope.removed_by == "entitled" and scope.entitled != "none":
        return scope.entitled
    return "not_granted"


def _reason(scope: ScopeAccess, one: ApplicationAccess, explanation: Explanation) -> str:
    name = explanation.subject.name
    if scope.granted:
        return how(speaking(scope))
    if scope.entitled == "none":
        return f"no binding reaches {name}"
    if scope.entitled == "suspended":
        return (
            f"{one.application.name} is disabled" if not one.application.enabled else f"{name} does not stand"
        )
    if scope.removed_by == "entitled":
        return ""
    if scope.removed_by == "requested":
        return "the client did not ask"
    if scope.facts and scope.facts.dropped_at:
        by = f" by {scope.facts.dropped_by}" if scope.facts.dropped_by else ""
        return f"dropped on {clock.date(scope.facts.dropped_at)}{by}"
    return f"{one.application.name} doesn’t know it"


def _path(path: Path, one: ApplicationAccess, explanation: Explanation, link: Link) -> dict[str, Any]:
    item, subject = path.item, explanation.subject
    place = one.application.name if item.application_id else ""
    binding = {
        "kind": "Binding",
        "icon": "link",
        "name": f"on {place}" if place else "tenant-wide",
        "note": " · ".join(
            filter(
                None,
                [
                    *(text for _, text, _ in badges(item, path.state, explanation.at)),
                    f"by {item.given_by}" if item.given_by else "by AuthSec",
                    clock.date(item.created_at),
                ],
            )
        ),
    }
    role = {
        "kind": "Role",
        "icon": "shield-check",
        "name": item.role_name,
        "note": _contents(item),
        "url": link("role", item.role_id),
    }
    middle = [_between(item, subject, link)] if item.source in SOURCES else []
    return {
        "state": path.state,
        "state_text": "",
        "reason": why(path, explanation),
        "links": [role, binding, *middle, _end(subject)],
    }


def why(path: Path, explanation: Explanation) -> str:
    """One sentence about the state of a path."""
    item, at, ranges = path.item, explanation.at, ", ".join(path.item.ip_ranges)
    if path.state == "pending_step_up":
        asks = f"this binding asks for one within {span(item.mfa_max_age)}"
        if explanation.mfa_at is None:
            return f"No second factor; {asks}."
        return f"Last second factor was {clock.relative(explanation.mfa_at, at)}; {asks}."
    return {
        "active": f"Counts, {how([path])}.",
        "outside_ip": f"{explanation.ip} is outside {ranges}.",
        "missing_context": f"Asks for an address in {ranges}; none is known.",
        "not_yet": f"Starts on {clock.date(item.not_before)}." if item.not_before else "",
        "expired": f"Expired on {clock.date(item.expires_at)}." if item.expires_at else "",
        "ended": f"Ended on {clock.date(item.ended_at)}." if item.ended_at else "",
        "suspended": "Standing comes first: nothing counts until it is back.",
    }.get(path.state, "")


def _contents(item: Item) -> str:
    counts = ((len(item.scopes), "scope"), (len(item.console_permissions), "console permission"))
    return ", ".join(f"{n} {word}{'s' if n != 1 else ''}" for n, word in counts if n)


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
