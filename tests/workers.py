"""A real job worker in a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from authsec.database.embedded import CHECKOUT
from tests import databases

HEARTBEAT_S = 0.25  # dead workers are noticed after four of them
STOP_TIMEOUT_S = 20


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
    finally:
        process.kill()
        process.wait()


def stop(process: subprocess.Popen[bytes]) -> int:
    """Ask a worker to end, as a process manager does. Returns its status."""
    process.send_signal(signal.SIGTERM)
    return process.wait(STOP_TIMEOUT_S)
