"""How far back a question about a past moment can be answered: as far as history is kept."""

from datetime import datetime, timedelta

from django.conf import settings

from authsec.web import clock


class BeforeHistory(ValueError):
    """A moment before what is kept; the text says since when, in one sentence."""


def horizon(now: datetime) -> datetime | None:
    """The first moment that can be answered for; None: every one (``KEEP_HISTORY_DAYS`` is 0)."""
    days = settings.KEEP_HISTORY_DAYS
    return now - timedelta(days=days) if days else None


def check_moment(at: datetime | None, now: datetime) -> None:
    """Raise BeforeHistory for a moment of which rows may have been deleted. None, and what lies ahead, pass."""
    first = horizon(now)
    if at is not None and first is not None and at < first:
        raise BeforeHistory(
            f"History is kept for {settings.KEEP_HISTORY_DAYS} days: ask about {clock.full(first)} or later."
        )
