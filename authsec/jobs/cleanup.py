"""What jobs leave behind: expired results, old rows, unfinished files that nobody goes on with."""

from datetime import datetime, timedelta
from pathlib import Path

from authsec.database.batches import in_batches
from authsec.jobs import files

ROWS_KEPT = timedelta(days=90)
PARTS_KEPT = timedelta(days=2)

FORGET_RESULTS = """
update jobs_job set file = '', size = 0 where id in (
  select id from jobs_job where file <> '' and expires_at < %(before)s limit %(batch)s
  for update skip locked) returning id
"""
DELETE_ROWS = """
delete from jobs_job where id in (
  select id from jobs_job where finished_at < %(before)s limit %(batch)s for update skip locked) returning id
"""
DELETE_QUEUED = """
delete from procrastinate_jobs where id in (
  select job_id from procrastinate_events
   where at < %(before)s and type in ('failed', 'cancelled', 'aborted') limit %(batch)s)
  and status in ('failed', 'cancelled', 'aborted') returning id
"""


def delete_expired(*, now: datetime, batch: int = 1_000) -> dict[str, int]:
    """Delete what is over, of every tenant: results at once, rows after 90 days. Returns counts."""
    return {
        "results": in_batches(FORGET_RESULTS, {"before": now}, batch=batch),
        "rows": in_batches(DELETE_ROWS, {"before": now - ROWS_KEPT}, batch=batch),
        "queue": in_batches(DELETE_QUEUED, {"before": now - PARTS_KEPT}, batch=batch),
        "files": _delete_files(now),
    }


def _delete_files(now: datetime) -> int:
    """Delete files by their age alone: also those whose row was lost, or was written on another node."""
    gone = 0
    for path in files.folder().iterdir():
        kept = PARTS_KEPT if path.suffix == ".part" else files.KEPT
        if _written_at(path) + kept.total_seconds() < now.timestamp():
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
