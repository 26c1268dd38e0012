"""A real job worker in a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection

from authsec.database.context import app_context
from authsec.database.embedded import CHECKOUT
from tests import databases

HEARTBEAT_S = (
    0.75  # dead workers are noticed after four of them; one that only had to wait for its turn is not dead
)
STOP_TIMEOUT_S = 60
STEP_S = 0.5
DAWDLES = f"""
create function dawdle() returns trigger language plpgsql as $$
begin
  if new.attempt = 1 and old.done > 0 and new.done > old.done then perform pg_sleep({STEP_S}); end if;
  return new;
end $$;
create trigger dawdles before update on jobs_job for each row execute function dawdle();
"""


def dawdling() -> None:
    """From its second step on a job's first attempt takes its time, in this database of a test's own.

    However quick the worker and however late the test, it is seen, stopped and killed half-way.
    """
    as_owner(DAWDLES)


def as_owner(statement: str, *values: str) -> Any:
    """Run a statement as the database's owner; returns the first value that it answers."""
    with app_context(), connection.cursor() as cursor:
        cursor.execute("set local role none")
        cursor.execute(statement, values or None)
        row = cursor.fetchone() if cursor.description else None
    return row and row[0]


@contextmanager
def working(database_url: str, var: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """`manage.py work` on this database; stopped at the end, where it still runs, and then it must end well."""
    log = var / "work.log"
    with log.open("a") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "work", "--concurrency=2", f"--heartbeat={HEARTBEAT_S}"],
            cwd=CHECKOUT,
            env=databases.clean_environment()
            | {"DATABASE_URL": database_url, "AUTHSEC_VAR": str(var)}
            | environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
        if process.poll() is None:
            assert stop(process) == 0, log.read_text()
    except BaseException:
        print(log.read_text())  # what it said, beside what the test missed
        raise
    finally:
        process.kill()
        process.wait()


def stop(process: subprocess.Popen[bytes]) -> int:
    """Ask a worker to end, as a process manager does. Returns its status."""
    process.send_signal(signal.SIGTERM)
    return process.wait(STOP_TIMEOUT_S)
