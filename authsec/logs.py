"""What never reaches a log: the links that are secrets themselves."""

import logging
import re
from typing import Any

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


def configuration(*, level: str) -> dict[str, Any]:
    """Everything to standard error from this level on, without links."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "filters": {"without_links": {"()": "authsec.logs.WithoutLinks"}},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["without_links"]}
        },
        "root": {"handlers": ["console"], "level": level},
    }
