"""What an inviter types: addresses and a message, brought into one form or refused with a reason."""

import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from tenants.operations.invitation_refusals import NotAnAddress
from tenants.plain_text import without_steering

AT_MOST = 50  # addresses in one call
LONGEST_ADDRESS = 254  # RFC 5321 §4.5.3.1.3, and the column
LONGEST_MESSAGE = 500
BETWEEN = re.compile(r"[\s,;]+")


def split_addresses(text: str) -> list[str]:
    """The addresses of a text field, between blanks, commas, semicolons or line ends; none is checked."""
    return [part for part in BETWEEN.split(text) if part]


def read_addresses(texts: Iterable[str]) -> list[str]:
    """The addresses in lower case, in order, each once. Raises NotAnAddress that names what is wrong."""
    found = list(dict.fromkeys(text.strip().lower() for text in texts))
    if not found:
        raise NotAnAddress("Name at least one e-mail address.")
    if len(found) > AT_MOST:
        raise NotAnAddress(f"At most {AT_MOST} addresses at once.")
    wrong = [address for address in found if not _is_address(address)]
    if wrong:
        named = ", ".join(f"“{address[:80]}”" for address in wrong[:5])
        raise NotAnAddress(f"Not an e-mail address: {named}.")
    return found


def read_message(text: str) -> str:
    """The message as plain lines of text, without control and direction characters; cut at its longest."""
    lines = [without_steering(line).rstrip() for line in text.strip().splitlines()]
    return "\n".join(lines)[:LONGEST_MESSAGE].strip()


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= LONGEST_ADDRESS
