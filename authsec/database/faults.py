"""What keeps a command from its work, in a sentence that says what to do, instead of a traceback."""

import psycopg.errors
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, OperationalError

# What PostgreSQL says of a schema that isn't there, or is older than the code: tables, columns, functions, our roles.
UNMIGRATED = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.InvalidSchemaName,
)
NO_ROLE = 'role "authsec_'


def in_words(error: BaseException) -> str | None:
    """A sentence about a fault of the installation; None for a fault of ours, whose traceback is wanted."""
    if isinstance(error, ImproperlyConfigured):
        return f"A setting is wrong. {error}\nThe settings and their values stand in docs/deploy.md."
    if not isinstance(error, DatabaseError):
        return None
    cause = error.__cause__
    if isinstance(cause, UNMIGRATED) or NO_ROLE in str(error):
        return (
            "The database is not migrated, or not up to this version. `manage.py migrate` does it; "
            "`make run` in development and `manage.py setup` in production do it too."
        )
    if isinstance(error, OperationalError) and getattr(cause, "sqlstate", None) is None:  # never got through
        said = " ".join(str(error).split())
        return f"The database does not answer: {said}\nDATABASE_URL says where it is and who connects."
    return None
