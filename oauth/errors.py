"""How an error is worded for a client: RFC 6749 takes printable ASCII without quotes and backslashes."""

import re

# What our sentences have beside ASCII, in letters that every parser of an error takes.
SPELT = str.maketrans({"’": "'", "“": "'", "”": "'", '"': "'", "§": "section ", "…": "...", "\\": "/"})
ELSE = re.compile(r"[^\x20-\x7e]")


def described(text: str) -> str:
    """A description of these characters only (RFC 6749 §4.1.2.1, §5.2); what a client sent may stand in it."""
    return ELSE.sub("?", text.translate(SPELT))
