"""What never reaches a log: the links that are secrets themselves."""

import logging
import re

# Invitations, also as an encoded ``next``; password resets; confirmations of an address.
LINK = re.compile(
    r"((?:/|%2F)(?:invitations|password(?:/|%2F)reset(?:/|%2F)key|confirm-email)(?:/|%2F))[^/\s?&\"'%]{16,}",
    re.IGNORECASE,
)


class WithoutLinks(logging.Filter):
    """Takes the secret part out of every record's text, as Django writes the path of each refused request."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if (plain := LINK.sub(r"\1…", text)) != text:
            record.msg, record.args = plain, ()
        return True
