"""`manage.py run`: everything a developer needs in one process, for `make run`."""

import contextlib
import json
import os
import signal
import socket
import threading
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from authsec.console.management.commands.serve import claim_port, serve
from authsec.console.management.commands.work import Beside

SHOWN_SIGN_INS = ("olga", "alice", "alex")


class Command(BaseCommand):
    help = "Development: migrate, load the demo, serve until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
        parser.add_argument("--workers", type=int, default=2)
        parser.add_argument("--threads", type=int, default=2)

    def handle(self, *, port: int, workers: int, threads: int, **_: Any) -> None:
        if settings.AUTHSEC_ENV != "development":
            raise CommandError("run is for development; in production use setup and serve")
        address = "127.0.0.1"
        claim_port(address, port)
        leave_with_make()
        if migrations_are_pending():
            self.stdout.write("Migrating the database")
            call_command("migrate", interactive=False, verbosity=0)
        if "demo" in get_commands():
            self.load_demo()
        jobs = Beside()
        threading.Thread(target=self.greet, args=(address, port, jobs), daemon=True).start()
        try:
            # A browser's idle connection must not hold up Ctrl-C.
            serve(
                address=address,
                port=port,
                workers=workers,
                threads=threads,
                stop_on_hangup=True,
                stop_timeout_s=2,
                on_stop=jobs.ask_to_stop,
            )
        finally:
            jobs.stop()

    def load_demo(self) -> None:
        """Load the demo; a world that people changed too much to complete keeps nobody from starting again."""
        try:
            call_command("demo", verbosity=0)
        except Exception as error:
            if not (settings.VAR / "demo.json").exists():
                raise
            self.stderr.write(f"  The demo stays as it is: {error}")

    def greet(self, address: str, port: int, jobs: Beside) -> None:
        """Say where to go and how to sign in, once somebody answers there; then see to the job worker."""
        while not _answers(address, port):
            time.sleep(0.1)
        lines = ["", f"  AuthSec is ready:  http://localhost:{port}/", ""]
        lines += [f"  {name:<6} {email:<26} {password}" for name, email, password in demo_sign_ins()]
        lines += ["", "  Ctrl-C stops it. Everything it keeps is under var/.", ""]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()
        jobs.keep()


def migrations_are_pending() -> bool:
    """Whether migrate has something to do; asking is much quicker than a migrate without work."""
    executor = MigrationExecutor(connections["default"])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def demo_sign_ins() -> list[tuple[str, str, str]]:
    """Name, e-mail and password of the sign-ins worth showing first; empty without a demo."""
    path: Path = settings.VAR / "demo.json"
    try:
        users = {user["key"]: user for user in json.loads(path.read_text())["users"]}
    except (OSError, ValueError, KeyError):
        return []
    return [(key, users[key]["email"], users[key]["password"]) for key in SHOWN_SIGN_INS if key in users]


def _answers(address: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False


def leave_with_make() -> None:
    """End with the `make` that started us, also where it is killed or gets a SIGINT of its own.

    make hands SIGTERM to its children but expects a terminal to have given them SIGINT already.
    """
    make = os.getppid()
    if "MAKELEVEL" in os.environ and make != 1:
        arguments = (make, _catches_sigint(make))
        threading.Thread(target=_watch_make, args=arguments, name="make-watch", daemon=True).start()


def _watch_make(make: int, caught_at_first: bool) -> None:
    """make's handler of SIGINT puts back the default and waits for its children: then it catches it no more."""
    while os.getppid() == make and not (caught_at_first and not _catches_sigint(make)):
        time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGTERM)


def _catches_sigint(pid: int) -> bool:
    """Whether a process handles SIGINT by itself; False where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) & 1 << (signal.SIGINT - 1))
