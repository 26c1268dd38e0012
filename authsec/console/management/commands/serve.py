"""`manage.py serve`: the product's web server, for production and for `make run`."""

import multiprocessing
import os
import signal
import socket
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from authsec import limiting
from authsec.database.checks import UnsafeDatabase, refuse_unsafe_login
from authsec.database.context import owner_context

# A predecessor that was killed takes its workers along at once; the kernel may need a moment longer for the port.
PATIENCE_S = 5


class Command(BaseCommand):
    help = "Serve AuthSec until SIGTERM or Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--address", default="127.0.0.1", help="address to listen on (default: %(default)s)"
        )
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
        parser.add_argument(
            "--workers", type=int, default=os.cpu_count() or 1, help="processes (default: cores)"
        )
        parser.add_argument(
            "--threads", type=int, default=2, help="threads of a process (default: %(default)s)"
        )

    def handle(self, *, address: str, port: int, workers: int, threads: int, **_: Any) -> None:
        serve(address=address, port=port, workers=workers, threads=threads)


def serve(
    *,
    address: str,
    port: int,
    workers: int,
    threads: int,
    stop_on_hangup: bool = False,
    stop_timeout_s: int = 15,
    on_stop: Callable[[], None] | None = None,
    load: Callable[[], Callable[..., Any]] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. Raises CommandError when the port is taken or the login unsafe.

    Workers are spawned, not forked: they share no connection, lock or thread with this process. SIGHUP replaces
    them one by one, or, with `stop_on_hangup`, stops the server when its terminal closes. A worker that still serves
    somebody `stop_timeout_s` seconds after it was asked to stop is killed. `on_stop` runs when the server is asked to
    stop, in the signal's handler. `load` makes each worker's WSGI application; the benchmarks give another one.
    """
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    claim_port(address, port)
    try:
        with owner_context():  # as the login itself, which may not even be allowed to become another role
            refuse_unsafe_login()
    except UnsafeDatabase as error:
        raise CommandError(str(error)) from error
    connections.close_all()
    limiting.share(settings.VAR / "counters" / str(port))
    multiprocessing.set_start_method("spawn", force=True)
    server = Server(
        "authsec.wsgi:application",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        respawn_failed_workers=True,
        workers_kill_timeout=stop_timeout_s,
        log_level=LogLevels.warning,
    )
    server.main_loop_interrupt = StopKept(server)
    if stop_on_hangup and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        server.on_startup(lambda: signal.signal(signal.SIGHUP, server.signal_handler_interrupt))
    if on_stop:
        server.on_startup(lambda: _call_at_stop(on_stop))
    server.serve(target_loader=load or load_application, wrap_loader=False)


class StopKept(threading.Event):
    """The event that the server's loop waits for, which stays set once the server is to stop.

    The loop asks whether to stop, then clears the event to replace a worker that died. A closing terminal may end a
    worker before it has left the group, and this process's own signal arrives between the two: it would be lost, and
    the server would wait for ever.
    """

    def __init__(self, server: Any) -> None:
        super().__init__()
        self._server = server

    def clear(self) -> None:
        super().clear()
        if self._server.interrupt_signal:
            self.set()


def _call_at_stop(call: Callable[[], None]) -> None:
    """Put ``call`` before the server's own handlers of SIGTERM and SIGINT."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def both(number: int, frame: Any) -> None:
        call()
        handler = handlers[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in handlers:
        signal.signal(number, both)


def claim_port(address: str, port: int) -> None:
    """Fail if somebody else serves this port: workers share their port, so the kernel would share it."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind((address, port))
                attempt.listen()
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise CommandError(
                        f"Cannot listen on {address}:{port}: {error.strerror}. Choose another PORT."
                    ) from error
        time.sleep(0.1)


def load_application() -> Callable[..., Any]:
    """Called in each worker: the WSGI application, and a watch on the parent, so that no worker outlives it."""
    os.setpgrp()  # Ctrl-C reaches the parent alone, which stops its workers in good order
    threading.Thread(target=leave_with_parent, name="parent-watch", daemon=True).start()
    from authsec.wsgi import application

    return application


def leave_with_parent() -> None:
    """In a child process: wait for the parent's end, then end too."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
    os._exit(1)
