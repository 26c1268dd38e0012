"""Programs, most in Node.js, that stand in for somebody's client, server or suite: started, listened to, ended."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx

from authsec.database.embedded import CHECKOUT
from scripts.node import NODE, holds
from tests.plain_client import Person

FOLDER = CHECKOUT / "tests" / "node"
PATIENCE_S = 60
INHERITED = {"PATH", "HOME", "LANG", "TMPDIR"}


class Program:
    """A Node.js process; its lines are read as they come. It is over at the end of the ``with`` block."""

    def __init__(
        self, script: Path | str, *arguments: str, folder: Path = FOLDER, **environment: str
    ) -> None:
        self._command = [str(NODE), "--disable-warning=ExperimentalWarning", str(script), *arguments]
        self._folder = folder
        self._environment = {name: os.environ[name] for name in INHERITED if name in os.environ} | environment
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.said: list[str] = []

    def __enter__(self) -> "Program":
        assert self._command[0] != str(NODE) or holds(self._folder), (
            "packages are missing: .venv/bin/python scripts/node.py"
        )
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, name="program", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def line(self, start: str) -> str:
        """The next line that starts so. Raises AssertionError when none comes."""
        deadline = time.monotonic() + PATIENCE_S
        while (left := deadline - time.monotonic()) > 0:
            try:
                said = self._lines.get(timeout=left)
            except queue.Empty:
                break
            if said is None:
                break
            self.said.append(said)
            if said.startswith(start):
                return said
        raise AssertionError(f"the program did not say {start!r}:\n" + "\n".join(self.said))

    def told(self, what: str) -> Any:
        """The value of the next line ``what: <JSON>``."""
        return json.loads(self.line(f"{what}: ").removeprefix(f"{what}: "))

    def next(self) -> tuple[str, Any]:
        """Its next line of the form ``what: <JSON>``, whatever it is about."""
        while True:
            what, colon, value = self.line("").partition(": ")
            if colon and what.isidentifier():
                return what, json.loads(value)

    def ask(self, line: Any = None, **what: Any) -> None:
        """Send it a line of JSON: a value, or an object of the named members."""
        assert self._process.stdin
        what = what or line
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Wait for the program's own end; its exit status."""
        while (said := self._lines.get(timeout=PATIENCE_S)) is not None:
            self.said.append(said)
        return self._process.wait(PATIENCE_S)


class PythonProgram(Program):
    """The same for a Python script, by the interpreter of these tests or by another."""

    def __init__(
        self, script: Path | str, *, folder: Path, python: Path | str = sys.executable, **environment: str
    ) -> None:
        super().__init__(script, folder=folder, **environment)
        self._command = [str(python), "-u", str(script)]


def location(person: Person, url: str, **values: str | list[str]) -> str:
    """Where a person's browser ends up that opens an authorize URL, having consented where it was asked."""
    page = person.get(url)
    if page.status_code == 200:
        page = person.post(page, "action", action="allow", **values)
    assert page.is_redirect, f"{page.status_code} {page.text[:2000]}"
    back = str(page.headers["location"])
    assert urlsplit(back).hostname in ("127.0.0.1", "localhost"), back
    return back


def allow(person: Person, url: str, **values: str | list[str]) -> None:
    """The same, for a program that listens there."""
    assert httpx.get(location(person, url, **values), timeout=30, trust_env=False).status_code == 200
