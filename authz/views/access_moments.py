"""What the Effective Access page says about its moment, and about another one beside it."""

from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from authz.effective.comparison import Change, compare, in_order
from authz.effective.comparison_words import TODAYS, sentence
from authz.effective.explanation import Explanation
from authz.effective.sentences import sentences
from authz.effective.subject import SENTENCES

NOW = timedelta(minutes=1)
MOST = 200


def moments(explanation: Explanation, other: Explanation | None, now: datetime) -> dict[str, Any]:
    """The context: which moment is answered (``tense`` past, future or empty), and the ``comparison`` with another."""
    tense = "past" if explanation.at < now - NOW else "future" if explanation.at > now + NOW else ""
    return {
        "tense": tense,
        "todays": TODAYS,
        "comparison": compared(explanation, other) if other else None,
    }


def compared(one: Explanation, other: Explanation) -> dict[str, Any]:
    """Both sides in sentences, and every difference with what made it, by Application."""
    before, after = in_order(one, other)
    found = compare(before, after)
    shown = found.changes[:MOST]
    return {
        "sides": [(side, sentences(side)) for side in (before, after)],
        "before": before,
        "after": after,
        "counts": [(len(found.of_kind(kind)), kind) for kind in ("gained", "lost", "changed")],
        "places": [
            {"place": place, "rows": [(change, _why(change)) for change in changes]}
            for place, changes in groupby(shown, key=lambda change: change.place)
        ],
        "total": len(found.changes),
        "more": len(found.changes) - len(shown),
        "standing_gone": [SENTENCES[reason] for reason in found.standing_gone],
        "standing_come": [SENTENCES[reason] for reason in found.standing_come],
    }


def _why(change: Change) -> str:
    return " ".join(sentence(reason) for reason in change.reasons)
