"""Times as a person says them, before the browser localises them."""

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE, HOUR, DAY = 60, 3600, 86400


def relative(moment: dt.datetime, now: dt.datetime | None = None) -> str:
    """ "2 min ago", "yesterday", "in 6 days"; a date once it is more than four weeks away.

    What is to come is said to the nearest unit: what was given for four hours a moment ago ends "in 4 h".
    """
    seconds = ((now or timezone.now()) - moment).total_seconds()
    size = abs(seconds)
    whole = int if seconds > 0 else round
    if size < 45:
        return _("now")
    if size >= 28 * DAY:
        return date(moment, now)
    if size < HOUR - 30:
        amount = _("%d min") % max(round(size / MINUTE), 1)
    elif size < DAY:
        amount = _("%d h") % max(whole(size / HOUR), 1)
    elif size < 14 * DAY:
        days = whole(size / DAY)
        if days == 1:
            return _("yesterday") if seconds > 0 else _("tomorrow")
        amount = ngettext("%d day", "%d days", days) % days
    else:
        weeks = whole(size / DAY / 7)
        amount = ngettext("%d week", "%d weeks", weeks) % weeks
    return (_("%s ago") if seconds > 0 else _("in %s")) % amount


def date(moment: dt.datetime, now: dt.datetime | None = None) -> str:
    """ "3 Nov 2026", in UTC until the browser knows better."""
    local = moment.astimezone(dt.UTC)
    return f"{local.day} {local:%b %Y}"


def full(moment: dt.datetime) -> str:
    """ "3 Nov 2026, 14:32:07 UTC": what a title shows."""
    return f"{date(moment)}, {moment.astimezone(dt.UTC):%H:%M:%S} UTC"


def span(seconds: float) -> str:
    """ "12 s", "3 min", "2 h": a time's length, as long as a person waits for something."""
    whole = max(round(seconds), 1)
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 90 else f"{round(minutes / 60)} h"
