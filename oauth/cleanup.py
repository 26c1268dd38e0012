"""What is over and has no further use: expired codes and tokens, deleted in bounded batches."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection

from authsec.database.context import system_context

# Codes stay a day longer: by the row a replay is recognised (RFC 6749 §4.1.2). Access tokens go soon; a refresh token
# stays as long as its family may live, because a revoked one that comes back has to end the family.
KEPT = {
    "oauth_grant": ("expires", timedelta(days=1)),
    "oauth_accesstoken": ("expires", timedelta(hours=1)),
    "oauth_refreshtoken": ("family_expires", timedelta(days=1)),
}


def delete_expired(*, now: datetime, batch: int = 5_000) -> dict[str, int]:
    """Delete expired rows of every tenant, ``batch`` a transaction, until none is left. Returns counts by table."""
    return {table: sum(_batches(table, column, now - kept, batch)) for table, (column, kept) in KEPT.items()}


def _batches(table: str, column: str, before: datetime, batch: int) -> Iterator[int]:
    """One ordered range of the index at a time; rows that a request has locked wait for the next run."""
    statement = (
        f"delete from {table} where ctid in (select ctid from {table} where {column} < %s"  # noqa: S608
        f" order by {column} limit %s for update skip locked)"
    )
    while True:
        with system_context(), connection.cursor() as cursor:
            cursor.execute(statement, [before, batch])
            deleted = cursor.rowcount
        yield deleted
        if deleted < batch:
            return
