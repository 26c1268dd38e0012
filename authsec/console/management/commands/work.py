"""`manage.py work`: does the jobs that requests leave behind, and what has to be done every hour or day."""

import asyncio
import multiprocessing
import os
import threading
import time
from argparse import ArgumentParser
from multiprocessing.process import BaseProcess
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from authsec.console.management.commands.serve import leave_with_parent
from authsec.database.checks import UnsafeDatabase, refuse_unsafe_login
from authsec.database.context import owner_context

HEARTBEAT_S = 5.0
STOP_TIMEOUT_S = 3
PAUSE_S = 1  # how soon a worker that died is missed


class Command(BaseCommand):
    help = "Do queued and periodic jobs until SIGTERM or Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--concurrency",
            type=int,
            default=os.cpu_count() or 1,
            help="jobs at one time (default: cores)",
        )
        parser.add_argument(
            "--heartbeat",
            type=float,
            default=HEARTBEAT_S,
            help="seconds between signs of life; after four without one others take this worker's jobs "
            "(default: %(default)s)",
        )

    def handle(self, *, concurrency: int, heartbeat: float, **_: Any) -> None:
        run_worker(concurrency=concurrency, heartbeat_s=heartbeat)


def run_worker(*, concurrency: int, heartbeat_s: float) -> None:
    """Work until SIGTERM or SIGINT. Raises CommandError when the login is unsafe."""
    from authsec.jobs import worker

    try:
        with owner_context():
            refuse_unsafe_login()
    except UnsafeDatabase as error:
        raise CommandError(str(error)) from error
    connections.close_all()
    asyncio.run(worker.work(concurrency=concurrency, heartbeat_s=heartbeat_s))


class Beside:
    """A worker as a child process of `manage.py run`: ends with it, also where that is killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: BaseProcess | None = None
        self._stopped = False

    def keep(self) -> None:
        """Start the child, and another one whenever it died, until it is stopped."""
        while not self._stopped:
            self.start()
            while not self._stopped and self._process is not None and self._process.exitcode is None:
                time.sleep(PAUSE_S)
            time.sleep(PAUSE_S)  # one that can't start is not tried without a break

    def start(self) -> None:
        """Start the child, unless it was stopped already."""
        with self._lock:
            if not self._stopped:
                spawned = multiprocessing.get_context("spawn")
                process = spawned.Process(target=_work_as_child, name="jobs", daemon=True)
                process.start()
                self._process = process  # only now: a signal's handler may ask it to end at any moment

    def ask_to_stop(self) -> None:
        """Ask the child to end. Does not wait: for signal handlers."""
        self._stopped = True
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """Ask the child to end, and end it where it does not."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.terminate()
                self._process.join(STOP_TIMEOUT_S)
                self._process.kill()
                self._process.join()


def _work_as_child() -> None:
    os.setpgrp()  # Ctrl-C reaches the parent alone, which stops its children in good order
    threading.Thread(target=leave_with_parent, name="parent-watch", daemon=True).start()
    import django

    django.setup()
    run_worker(concurrency=1, heartbeat_s=HEARTBEAT_S)
