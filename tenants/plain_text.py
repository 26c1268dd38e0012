"""Text of people, made safe to stand in a header or on a line of plain text."""

import unicodedata

STEERING = (
    "Cc",
    "Cf",
    "Zl",
    "Zp",
    "Cs",
)  # control, format and direction, line and paragraph ends, lone surrogates


def without_steering(text: str, keep: str = "") -> str:
    """The text without characters that steer instead of saying something, but for those in ``keep``."""
    return "".join(
        character
        for character in text
        if character in keep or unicodedata.category(character) not in STEERING
    )


def one_line(text: str) -> str:
    """The text on one line, with single blanks: fit for a mail's header."""
    return " ".join(without_steering(text, keep="\n\r\t\x0b\x0c\u2028\u2029\x85").split())
