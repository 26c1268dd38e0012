"""Work over the rows of all tenants, a batch a transaction: nothing is locked for long, and what is done stays done."""

from collections.abc import Mapping
from typing import Any

from django.db import connection

from authsec.database.context import system_context


def in_batches(statement: str, values: Mapping[str, Any], *, batch: int, most: int | None = None) -> int:
    """Run a statement that takes ``%(batch)s`` rows until it finds fewer, or has found ``most``. Returns how many."""
    found = 0
    while most is None or found < most:
        with system_context(), connection.cursor() as cursor:
            cursor.execute(statement, {**values, "batch": batch})
            taken = cursor.rowcount
        found += taken
        if taken < batch:
            break
    return found
