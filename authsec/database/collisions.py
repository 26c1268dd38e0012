"""Two transactions that each wait for the other: PostgreSQL ends one of them, of which nothing stays.

Verbs lock in one order, so that it hardly ever happens. Where it does, the one that was ended can simply be sent again.
"""

import psycopg.errors

ENDED = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
AGAIN = "Somebody was changing the same at this very moment, so nothing was done. Try again."
AGAIN_IN_S = "1"  # Retry-After


def collided(error: BaseException | None) -> bool:
    """Whether the database ended this transaction for the sake of another one."""
    return error is not None and isinstance(error.__cause__, ENDED)
