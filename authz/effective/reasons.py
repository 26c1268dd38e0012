"""Why a path counts or doesn't, and which term removed a scope: never a bare *denied*."""

from datetime import datetime

from authsec.web import clock
from authz.effective.explanation import Explanation
from authz.effective.grants import Item
from authz.effective.subject import SENTENCES
from authz.effective.terms import ApplicationAccess, ScopeAccess
from authz.effective.words import how, span

# Every condition that is asked for is met, not met, or can't be told without what nobody gave.
MET, UNMET, MISSING = "met", "not met", "missing context"


# What a state is called in a line of text; the pills say the same.
STATE_WORDS = {
    "active": "active",
    "pending_step_up": "needs step-up",
    "outside_ip": "not met: address",
    "missing_context": "missing context",
    "not_yet": "not yet",
    "expired": "expired",
    "ended": "ended",
    "suspended": "suspended",
    "unsupported": "unsupported",
    "disabled": "Application disabled",
    "unverified": "Application not verified",
    "none": "nothing",
}


def words_of(state: str) -> str:
    """A state in words."""
    return STATE_WORDS.get(state, state)


def why(item: Item, state: str, explanation: Explanation) -> str:
    """One sentence about the state of a binding, as it is for this subject in these circumstances."""
    at, ranges = explanation.at, ", ".join(item.ip_ranges)
    if state == "pending_step_up":
        asks = f"this binding asks for one within {span(item.mfa_max_age)}"
        if explanation.mfa_at is None:
            return f"No second factor; {asks}."
        return f"The last second factor was {span(at - explanation.mfa_at)} ago; {asks}."
    return {
        "active": "Counts now.",
        "outside_ip": f"{explanation.ip} is outside {ranges}.",
        "missing_context": f"Asks for an address in {ranges}, and no address is given.",
        "not_yet": f"Starts on {clock.date(item.not_before)}." if item.not_before else "",
        "expired": f"Expired on {clock.date(item.expires_at)}." if item.expires_at else "",
        "ended": f"Ended on {clock.date(item.ended_at)}{_by(item.ended_by)}." if item.ended_at else "",
        "suspended": "Standing comes first: nothing counts until it is back.",
        "unsupported": "Its role gives nothing that is supported where it counts.",
    }.get(state, "")


def conditions(item: Item, state: str, explanation: Explanation) -> list[tuple[str, str, str]]:
    """What the binding asks for: kind (mfa, address, not-before, ends), its words, and met, not met or missing context.

    Three values, because an address that nobody gave is neither inside nor outside.
    """
    said = []
    if item.requires_mfa:
        waits = state == "pending_step_up" or explanation.mfa_at is None
        said.append(("mfa", f"MFA within {span(item.mfa_max_age)}", UNMET if waits else MET))
    if item.ip_ranges:
        word = MISSING if explanation.ip is None else UNMET if state == "outside_ip" else MET
        said.append(("address", ", ".join(item.ip_ranges), word))
    if item.not_before and item.not_before > explanation.at:
        said.append(("not-before", f"from {clock.date(item.not_before)}", UNMET))
    if item.expires_at and item.expires_at > explanation.at:
        said.append(("ends", ending(item.expires_at, explanation.at), MET))
    return said


def ending(moment: datetime, now: datetime) -> str:
    """*ends in 6 days*, *ends tomorrow*, *ends on 3 Nov 2027*."""
    ends = clock.relative(moment, now)
    return f"ends {ends}" if ends.startswith(("in ", "tom", "now")) else f"ends on {ends}"


def removed(scope: ScopeAccess, one: ApplicationAccess, explanation: Explanation) -> str:
    """What stands behind the verdict about a scope: the ways that give it, or why the term removed it."""
    if scope.granted:
        return how(path.item for path in scope.speaking)
    if scope.entitled == "none":
        return f"no binding of {explanation.subject.short_name} gives it"
    if scope.entitled == "suspended":
        gone = not one.application.enabled and explanation.standing.active
        return f"{one.application.name} is disabled" if gone else f"{explanation.subject.name} does not stand"
    if scope.removed_by == "entitled":
        sentence = why(scope.paths[0].item, scope.entitled, explanation).rstrip(".")
        return sentence[:1].lower() + sentence[1:]
    if scope.removed_by == "requested":
        return "the client did not ask"
    if scope.facts and scope.facts.dropped_at:
        return f"dropped on {clock.date(scope.facts.dropped_at)}{_by(scope.facts.dropped_by)}"
    return f"{one.application.name} doesn’t know it"


def standing_words(explanation: Explanation) -> list[str]:
    """Why the subject does not stand, a sentence each, with what the one who suspended wrote."""
    subject = explanation.subject
    written = {
        "membership_suspended": subject.member_reason,
        "end_user_suspended": subject.end_user_reason,
    }
    return [
        f"{SENTENCES[reason].rstrip('.')}: {written[reason]}." if written.get(reason) else SENTENCES[reason]
        for reason in explanation.standing.reasons
    ]


def removing_term(scope: ScopeAccess) -> str:
    """The term as people read it: entitled, supported, requested, or standing; empty for what is granted."""
    return "standing" if scope.entitled == "suspended" else scope.removed_by


def _by(name: str | None) -> str:
    return f" by {name}" if name else ""
