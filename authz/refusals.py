"""What a verb of this context says when it refuses, and the checks of words that all of them share."""

import re
from collections.abc import Iterable, Mapping

from django.core.exceptions import PermissionDenied

# Control characters, line ends, half surrogate pairs, and what turns the direction of the text around it: a name
# stands in other people's sentences.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Refused(ValueError):
    """A verb's refusal because of what it was given: ``errors`` maps a field's name to a sentence.

    ``""`` holds what belongs to no field. Forms show each sentence beside its field; the API answers 422 with them.
    """

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__(
            "; ".join(f"{field}: {text}" if field else text for field, text in self.errors.items())
        )


class Escalation(PermissionDenied):
    """The actor would give console permissions that they don't hold (Rule 7). ``missing``: their names."""

    def __init__(self, missing: Iterable[str]) -> None:
        self.missing = tuple(sorted(missing))
        super().__init__(f"You can't give what you don't hold: {', '.join(self.missing)}.")


class Findings:
    """Collects refusals field by field, so that a person hears of all of them at once."""

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}

    def add(self, field: str, sentence: str) -> None:
        """Note the first thing that is wrong with a field."""
        self.errors.setdefault(field, sentence)

    def text(self, field: str, value: str | None, limit: int, *, required: bool = True) -> str:
        """The value without outer blanks, noting when it is missing, too long or not one line of text."""
        value = (value or "").strip()
        if required and not value:
            self.add(field, "This is required.")
        if len(value) > limit:
            self.add(field, f"At most {limit} characters.")
        if CONTROL.search(value):
            self.add(field, "One line of text, without control or direction characters.")
        return value

    def stop(self) -> None:
        """Raise Refused if anything was noted."""
        if self.errors:
            raise Refused(self.errors)
