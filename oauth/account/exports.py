"""A person's copy of their data as work of the job worker: asked for, written, fetched for a day, deleted.

Jobs belong to tenants (``authsec.jobs``): behind a tenant's wall, seen by whoever holds a permission there. This is
nobody's but the person's, so it has a row of its own and shares with them the queue and the folder.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from procrastinate.contrib.django import app

from authsec.database.context import system_context
from authsec.jobs import files
from oauth.models import DataExport

TASK = "authsec.export_own_data"
A_DAY = timedelta(days=1)
MOST_A_DAY = 3
ROWS_KEPT = timedelta(days=90)
Status = DataExport.Status


class TooManyExports(Exception):
    """So many in a day are enough; the text says so."""


class NoFile(Exception):
    """There is nothing to fetch: unknown, not ready, or over."""


def start(*, identity_id: UUID, now: datetime) -> DataExport:
    """Ask for a copy; kept with the caller's transaction or not at all. One that is under way is returned as it is.

    Raises TooManyExports.
    """
    with connection.cursor() as cursor:  # who asks twice at one moment asks one after the other
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"export {identity_id}"])
    recent = list(DataExport.objects.filter(identity_id=identity_id, created_at__gt=now - A_DAY))
    waiting = next((export for export in recent if export.active), None)
    if waiting:
        return waiting
    if len(recent) >= MOST_A_DAY:
        raise TooManyExports(f"You have asked for {MOST_A_DAY} copies within a day. Come back tomorrow.")
    export = DataExport.objects.create(identity_id=identity_id, created_at=now)
    app.configure_task(TASK, lock=f"export:{identity_id}").defer(export_id=str(export.pk))
    return export


def latest(identity_id: UUID) -> DataExport | None:
    """The copy that was asked for last."""
    return DataExport.objects.filter(identity_id=identity_id).order_by("-created_at").first()


def find_file(*, identity_id: UUID, export_id: UUID, now: datetime) -> DataExport:
    """A finished copy of this person whose file is there. Raises NoFile."""
    export = DataExport.objects.filter(identity_id=identity_id, pk=export_id).first()
    if export is None or export.status != Status.DONE or not export.expires_at:
        raise NoFile("There is no such file.")
    if export.expires_at <= now or not (files.folder() / export.file).is_file():
        raise NoFile("The file is deleted: it was kept for a day. Ask for another copy.")
    return export


def delete_of(identity_id: UUID) -> None:
    """Delete a person's copies, files included."""
    rows = DataExport.objects.filter(identity_id=identity_id)
    for name in rows.exclude(file="").values_list("file", flat=True):
        (files.folder() / name).unlink(missing_ok=True)
    rows.delete()


def delete_expired(*, now: datetime) -> int:
    """Delete old rows; files go by their age with those of jobs. Returns how many."""
    with system_context():
        return DataExport.objects.filter(created_at__lt=now - ROWS_KEPT).delete()[0]
