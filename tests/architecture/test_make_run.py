"""`make run` from a copy of the checkout: it serves, keeps its data, and leaves no process behind, however it ends."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from authsec.database.embedded import CHECKOUT, Cluster
from tests.architecture.test_any_postgres import answer
from tests.servers import free_port

pytestmark = [pytest.mark.slow]  # one checkout, one process
NOT_COPIED = (
    ".git",
    ".venv",
    "var",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
)


MIGRATES = "Migrating the database"


class Checkout:
    """A copy of the checkout with a port of its own, and the `.venv` of this one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.took_s: list[float] = []  # until it answered, run by run
        shutil.copytree(CHECKOUT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED), symlinks=True)
        (folder / ".venv").symlink_to(CHECKOUT / ".venv")
        self.cluster = Cluster(folder / "var" / "postgres")

    def run(self) -> subprocess.Popen[bytes]:
        """`make run`, in a process group of its own as a terminal would start it; returns when it answers."""
        inherited = {
            k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "AUTHSEC_VAR", "PUBLIC_URL"}
        }
        inherited = {k: v for k, v in inherited.items() if not k.startswith("MAKE")}
        with (self.folder / "output").open("ab") as output:
            process = subprocess.Popen(
                ["make", "run"],
                cwd=self.folder,
                env=inherited | {"PORT": str(self.port)},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        begun = time.monotonic()
        assert answer(f"http://127.0.0.1:{self.port}/readyz") == 200, self.output()
        self.took_s.append(time.monotonic() - begun)
        return process

    def output(self) -> str:
        return (self.folder / "output").read_text()

    def processes(self) -> list[str]:
        """The command lines of everything that runs inside this checkout."""
        found = []
        for process in Path("/proc").iterdir():
            try:
                if process.name.isdigit() and Path(os.readlink(process / "cwd")).is_relative_to(self.folder):
                    found.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found

    def is_quiet(self) -> bool:
        return not self.processes()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    copy = Checkout(tmp_path_factory.mktemp("run") / "checkout")
    yield copy
    copy.cluster.stop(force=True)


def wait_until(condition: Callable[[], bool], seconds: float = 90) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def child_of(process: subprocess.Popen[bytes]) -> int:
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


def end_by_ctrl_c(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGINT)


def end_make_by_sigint(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)


def end_make_by_sigterm(process: subprocess.Popen[bytes]) -> None:
    process.terminate()


def end_server_by_sigterm(process: subprocess.Popen[bytes]) -> None:
    os.kill(child_of(process), signal.SIGTERM)


def kill_make(process: subprocess.Popen[bytes]) -> None:
    process.kill()


def close_terminal(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGHUP)


ENDINGS = [end_by_ctrl_c, end_make_by_sigterm]
RARER_ENDINGS = [end_make_by_sigint, end_server_by_sigterm, kill_make, close_terminal]


@pytest.mark.parametrize(
    "end", [*ENDINGS, *(pytest.param(end, marks=pytest.mark.long) for end in RARER_ENDINGS)]
)
def test_it_stops_everything_that_it_started(
    end: Callable[[subprocess.Popen[bytes]], None], checkout: Checkout
) -> None:
    process = checkout.run()
    end(process)
    process.wait(timeout=120)
    assert wait_until(checkout.is_quiet), checkout.processes()


def test_the_next_run_recovers_from_a_crash_and_stops_what_that_left(checkout: Checkout) -> None:
    process = checkout.run()
    os.kill(child_of(process), signal.SIGKILL)
    process.wait(timeout=120)
    assert wait_until(lambda: not any("spawn_main" in line for line in checkout.processes())), (
        "a worker outlived it"
    )

    process = checkout.run()
    end_by_ctrl_c(process)
    process.wait(timeout=120)
    assert wait_until(checkout.is_quiet), checkout.processes()


def test_a_second_run_is_quick_and_keeps_the_data(checkout: Checkout) -> None:
    process = checkout.run()
    with psycopg.connect(checkout.cluster.url(), autocommit=True) as connection:
        connection.execute("create table kept as select 42 as answer")
    end_by_ctrl_c(process)
    process.wait(timeout=120)

    said, address = len(checkout.output()), f"http://localhost:{checkout.port}/"
    process = checkout.run()
    assert wait_until(lambda: address in checkout.output()[said:])
    assert checkout.output().count(MIGRATES) == 1, "the first run did, and this one has nothing to do"
    assert checkout.took_s[-1] < checkout.took_s[0]
    with psycopg.connect(checkout.cluster.url(), autocommit=True) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)
    end_by_ctrl_c(process)
    process.wait(timeout=120)


def test_a_port_in_use_is_said_in_one_line(checkout: Checkout) -> None:
    process = checkout.run()
    again = subprocess.run(
        [".venv/bin/python", "manage.py", "run", "--port", str(checkout.port)],
        cwd=checkout.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 1
    assert again.stderr.strip().count("\n") == 0
    assert "Choose another PORT" in again.stderr
    end_by_ctrl_c(process)
    process.wait(timeout=120)


def test_it_says_where_to_go_and_how_to_sign_in(checkout: Checkout) -> None:
    process = checkout.run()
    address = f"http://localhost:{checkout.port}/"
    assert wait_until(lambda: address in checkout.output())
    demo = checkout.folder / "var" / "demo.json"
    if demo.exists():
        users = {user["key"]: user for user in json.loads(demo.read_text())["users"]}
        assert wait_until(lambda: users["alex"]["password"] in checkout.output())
        assert users["olga"]["email"] in checkout.output()
        assert users["alice"]["email"] in checkout.output()
    end_by_ctrl_c(process)
    process.wait(timeout=120)
