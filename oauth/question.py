"""What a consent page asked, sealed into its form, and how the person answered, noted in their session.

An answer counts for the question that was asked: of this request, to this person, not long ago. The seal gives
nothing by itself; what may be granted is decided anew when the answer comes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.signing import BadSignature, Signer

COUNTS_FOR = timedelta(minutes=30)
ANSWERS = "authorize_answers"  # in the session: the newest answers, oldest first
REMEMBERED = 10
ALLOWED, DENIED = "allowed", "denied"


class Stale(Exception):
    """An answer to a question that is none any more. ``reason``: unknown, person or old."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Question:
    """``key``: of the request; ``shown``: the names of the boxes that the page had."""

    key: str
    identity_id: UUID
    shown: frozenset[str]
    at: datetime

    def sealed(self) -> str:
        """The text that stands in the form. Nobody else can write one."""
        said = [self.key, str(self.identity_id), sorted(self.shown), int(self.at.timestamp())]
        return _signer().sign_object(said, compress=True)


def unseal(text: str, *, key: str, identity_id: UUID, now: datetime) -> Question:
    """The question that an answer belongs to. Raises Stale."""
    try:
        asked, identity, shown, at = _signer().unsign_object(text)
    except (BadSignature, ValueError) as error:
        raise Stale("unknown") from error
    question = Question(asked, UUID(identity), frozenset(shown), datetime.fromtimestamp(at, UTC))
    if question.identity_id != identity_id:
        raise Stale("person")
    if question.key != key:
        raise Stale("unknown")
    if now - question.at > COUNTS_FOR:
        raise Stale("old")
    return question


def _signer() -> Signer:
    return Signer(salt="oauth.question")


def note_answer(session: Any, *, key: str, answer: str) -> None:
    """Remember that this browser answered a request: coming back to its page gives no second code unasked."""
    session[ANSWERS] = [*_without(session.get(ANSWERS, []), key), [key, answer]][-REMEMBERED:]


def answer_to(session: Any, key: str) -> str:
    """What was answered: allowed, denied, or '' for not yet."""
    return next((answer for one, answer in session.get(ANSWERS, []) if one == key), "")


def forget_answer(session: Any, key: str) -> None:
    """The person wants to be asked again."""
    session[ANSWERS] = _without(session.get(ANSWERS, []), key)


def _without(answers: Iterable[list[str]], key: str) -> list[list[str]]:
    return [one for one in answers if one[0] != key]
