"""What bulk work leaves behind: outcomes longer than their jobs are kept, and files that nobody put into force."""

from datetime import datetime, timedelta

from django.db import connection

from authsec.audit.insertion import stamp
from authsec.database.context import system_context
from authsec.jobs.cleanup import ROWS_KEPT

UPLOADS_KEPT = timedelta(days=7)
# A job's id begins with the moment it was asked for.
OUTCOMES = """
delete from endusers_outcome where (tenant_id, job_id, user_id) in (
  select tenant_id, job_id, user_id from endusers_outcome where job_id < %s::uuid limit %s)
"""
LINES = """
delete from endusers_uploadline where id in (
  select l.id from endusers_uploadline l join endusers_upload u on u.tenant_id = l.tenant_id and u.id = l.upload_id
   where u.created_at < %s limit %s)
"""
UPLOADS = """
delete from endusers_upload where id in (select id from endusers_upload where created_at < %s limit %s)
"""


def delete_over(*, now: datetime, batch: int = 5_000) -> dict[str, int]:
    """Delete in batches, of every tenant. Returns counts."""
    oldest = f"{stamp(now - ROWS_KEPT - timedelta(days=1))}-7000-8000-000000000000"
    before = now - UPLOADS_KEPT
    return {
        "outcomes": _batches(OUTCOMES, oldest, batch),
        "lines": _batches(LINES, before, batch),
        "uploads": _batches(UPLOADS, before, batch),
    }


def _batches(statement: str, bound: datetime | str, batch: int) -> int:
    deleted = 0
    while True:
        with system_context(), connection.cursor() as cursor:
            cursor.execute(statement, [bound, batch])
            found: int = cursor.rowcount
        deleted += found
        if found < batch:
            return deleted
