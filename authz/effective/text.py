"""Effective access in plain words, to paste into a ticket."""

from authsec.web import clock
from authz.effective.comparison import Change, compare
from authz.effective.comparison_words import sentence
from authz.effective.console_rows import ConsoleRow, console_rows
from authz.effective.explanation import Explanation
from authz.effective.reasons import removed, removing_term, standing_words, why, words_of
from authz.effective.sentences import sentences, unreached
from authz.effective.subject import Subject
from authz.effective.terms import ApplicationAccess, Path, ScopeAccess
from authz.effective.track_rows import chain
from authz.effective.words import how, listed, shortened, span

WAYS, NAMES = 6, 20
VERDICTS = {"active": "granted", "pending_step_up": "after MFA", "": "not granted"}


def written(explanation: Explanation, *, tenant: str) -> str:
    """The same content as the page: who, the circumstances, sentences, each scope with its ways and what removed it."""
    subject = explanation.subject
    lines = [f"Effective access of {subject.name} in {tenant}", *_who(explanation), _as_if(explanation), ""]
    lines += [said.text for said in sentences(explanation)] or [f"No binding reaches {subject.name}."]
    if names := unreached(explanation):
        lines.append(f"No binding reaches {subject.name} on {listed(shortened(names, NAMES))}.")
    for one in explanation.applications:
        if one.reached:
            lines += _application(one, explanation)
    if permissions := console_rows(explanation):
        lines += ["", "Console permissions", *(_permission(row, explanation) for row in permissions)]
    return "\n".join(lines)


def differing(before: Explanation, after: Explanation) -> str:
    """What was gained, lost or changed between two moments, a line for each, and why."""
    lines = [f"From {clock.full(before.at)} to {clock.full(after.at)}:"]
    lines += [_change(change) for change in compare(before, after).changes]
    return "\n".join(lines if len(lines) > 1 else [f"{lines[0]} nothing differs."])


def _change(change: Change) -> str:
    reasons = " ".join(sentence(reason) for reason in change.reasons)
    place = f" on {change.place}" if change.application_id else ""
    return f"  {change.kind}: {change.name}{place}, {words_of(change.before)} → {words_of(change.after)}. {reasons}"


def _who(explanation: Explanation) -> list[str]:
    subject, standing = explanation.subject, explanation.standing
    stands = "standing active" if standing.active else "no standing"
    reasons = " ".join(standing_words(explanation))
    facts = [subject.email or "", *_capacities(subject), f"{stands}: {reasons}" if reasons else stands]
    return [" · ".join(filter(None, facts)), f"id {subject.id}"]


def _capacities(subject: Subject) -> list[str]:
    if subject.kind == "service_account":
        return ["service account"]
    member = f"{subject.type_words}, {subject.member_status}" if subject.member_status else ""
    consumer = (
        f"end user on plan {subject.plan_tier}, {subject.end_user_status}" if subject.end_user_status else ""
    )
    return [member, consumer]


def _as_if(explanation: Explanation) -> str:
    at, mfa_at = explanation.at, explanation.mfa_at
    factor = "no second factor" if mfa_at is None else "a fresh second factor"
    if mfa_at is not None and mfa_at < at:
        factor = f"a second factor {span(at - mfa_at)} old"
    where = f"from {explanation.ip}" if explanation.ip else "from an unknown address"
    return f"Answered as if on {clock.full(at)}, with {factor}, {where}."


def _application(one: ApplicationAccess, explanation: Explanation) -> list[str]:
    asked = "" if one.asked is None else f", asked for {' '.join(sorted(one.asked)) or 'nothing'}"
    lines = ["", f"{one.application.name} ({one.application.resource_uri}){asked}"]
    for scope in one.scopes:
        lines += _scope(scope, one, explanation)
    return lines


def _scope(scope: ScopeAccess, one: ApplicationAccess, explanation: Explanation) -> list[str]:
    term = removing_term(scope)
    reason = removed(scope, one, explanation)
    verdict = f"removed by {term}; {reason}" if term else reason
    lines = [f"  {scope.name}: {VERDICTS[scope.granted]}, {verdict}"]
    lines += [f"    {_way(path, one, explanation)}" for path in scope.paths[:WAYS]]
    if len(scope.paths) > WAYS:
        lines.append(f"    and {len(scope.paths) - WAYS} more ways")
    return lines


def _way(path: Path, one: ApplicationAccess, explanation: Explanation) -> str:
    place = one.application.name if path.item.application_id else ""
    *links, _who = chain(path.item, path.state, explanation, lambda _kind, _key: "", place)
    said = " ← ".join(f"{link['kind'].lower()} {link['name']} ({link['note']})" for link in links)
    return f"{said}: {why(path.item, path.state, explanation)}"


def _permission(row: ConsoleRow, explanation: Explanation) -> str:
    path = row.paths[0]
    limited = f" on {path.place} only" if path.place else ""
    more = f" (and {len(row.paths) - 1} more)" if len(row.paths) > 1 else ""
    state = "" if row.state == "active" else f": {why(path.item, path.state, explanation)}"
    return f"  {row.name}{limited}, {path.item.role_name} {how([path.item])}{more}{state}"
