"""What an Application says to people about who runs it: whom to ask, and where its rules stand."""

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from authz.resource_uri import HOST, URI_CHARACTERS

MAX_LENGTH = 500
MAX_CONTACT = 320  # an address's longest, RFC 3696 errata 1690 with room
is_address = EmailValidator()


def problem_of_link(link: str) -> str:
    """Why ``link`` can't be shown to people as a link, in a sentence; empty when it can, or when it is empty.

    An https address and nothing else: people click on it on a page that they trust.
    """
    if not link:
        return ""
    if len(link) > MAX_LENGTH:
        return f"At most {MAX_LENGTH} characters."
    if not link.startswith("https://"):
        return "An address that starts with https://."
    if not URI_CHARACTERS.fullmatch(link.replace("#", "", 1)):
        return "Write blanks and other special characters percent-encoded."
    try:
        parts = urlsplit(link)
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        return "That is no address: look at the host and the port."
    if "@" in parts.netloc:
        return "Without a user name or password."
    if not HOST.fullmatch(parts.hostname or "") or "." not in (parts.hostname or ""):
        return "That is no host name. Write an international name in its xn-- form."
    return ""


def problem_of_contact(contact: str) -> str:
    """Why ``contact`` names nobody to ask: neither an e-mail address nor an https page; empty when it does."""
    if not contact or contact.startswith("https://"):
        return problem_of_link(contact)
    if len(contact) > MAX_CONTACT:
        return f"At most {MAX_CONTACT} characters."
    try:
        is_address(contact)
    except ValidationError:
        return "An e-mail address, or a page that starts with https://."
    # What mailto: would read as a header or a second address (RFC 6068 §2).
    return "An e-mail address without ?, & or %." if set(contact) & set("?&%") else ""
