"""What has to be done again and again, and when (UTC): the one table of it.

Each entry is a verb that takes ``now``, works in bounded batches and finds nothing to do when it runs twice. One
worker of all takes an entry at its time; one that failed runs again at its next time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from procrastinate.contrib.django import app

from authsec import sessions
from authsec.audit import installation
from authsec.jobs import cleanup as jobs
from endusers import cleanup as endusers
from endusers import rollups
from oauth import cleanup as oauth
from oauth import client_sessions, key_schedule, retention, verification
from oauth.account import exports as data_exports
from tenants import trusted_browsers


@dataclass(frozen=True)
class Entry:
    """``cron``: minute, hour, day, month, weekday."""

    cron: str
    name: str
    does: Callable[..., Any]


SCHEDULE = (
    Entry("*/5 * * * *", "count end users for the overview", rollups.refresh),
    Entry("7 * * * *", "delete expired codes and tokens", oauth.delete_expired),
    Entry("9 * * * *", "delete abandoned requests of clients", oauth.delete_abandoned_requests),
    Entry("12 * * * *", "delete unused clients", oauth.delete_unused_clients),
    Entry("17 * * * *", "delete expired results of jobs", jobs.delete_expired),
    Entry("22 * * * *", "delete old outcomes of bulk jobs", endusers.delete_over),
    Entry("27 * * * *", "delete expired sessions", sessions.delete_expired),
    Entry("29 * * * *", "delete sign-ins at clients that are over", client_sessions.delete_over),
    Entry("32 * * * *", "delete expired trust in browsers", trusted_browsers.delete_expired),
    Entry("42 * * * *", "look again at verified addresses", verification.recheck_due),
    Entry("34 * * * *", "delete old copies of people's data", data_exports.delete_expired),
    Entry("11 3 * * *", "delete history that is no longer kept", retention.delete_history),
    Entry("21 3 * * *", "delete Decisions that are no longer kept", retention.delete_decisions),
    Entry("31 3 * * *", "delete events that are no longer kept", retention.delete_events),
    Entry("41 3 * * *", "delete what people did about themselves long ago", installation.delete_old),
    Entry("37 * * * *", "rotate signing keys that are due", key_schedule.rotate_when_due),
)


def _register(entry: Entry) -> None:
    def at_its_time(timestamp: int) -> None:
        entry.does(now=datetime.fromtimestamp(timestamp, UTC))

    # A run that still waits when the next one is due is enough; two never run at one time.
    task = app.task(name=entry.name, queueing_lock=entry.name, lock=entry.name)(at_its_time)
    app.periodic(cron=entry.cron)(task)


for _entry in SCHEDULE:
    _register(_entry)
