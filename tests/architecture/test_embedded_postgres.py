"""The embedded PostgreSQL through its life: start, stop, crash, neighbours, unfriendly places."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from authsec.database.binaries import EmbeddedPostgresError
from authsec.database.embedded import CHECKOUT, Cluster

HOLD = """
import sys, time
from authsec.database.embedded import Cluster
cluster = Cluster(sys.argv[1], durable=False)
print(cluster.start(), flush=True)
sys.stdin.read()
print(cluster.stop(), flush=True)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every account may walk down to, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="embedded-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def make() -> Iterator[Callable[..., Cluster]]:
    """Clusters that are stopped afterwards whatever happened."""
    made: list[Cluster] = []

    def _make(directory: Path, *, durable: bool = False) -> Cluster:
        made.append(Cluster(directory, durable=durable))
        return made[-1]

    yield _make
    for cluster in made:
        cluster.stop(force=True)


def query(cluster: Cluster, sql: str, **parameters: object) -> object:
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        cursor = connection.execute(sql, parameters)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def holder(directory: Path) -> subprocess.Popen[str]:
    """Another process that uses the cluster until its input is closed."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "gave up waiting"
        time.sleep(0.02)


def test_it_starts_answers_stops_and_keeps_its_data(place: Path, make: Callable[..., Cluster]) -> None:
    cluster = make(place / "postgres")
    assert not cluster.running
    assert cluster.start()
    assert not cluster.start(), "the second start finds it running"
    query(cluster, "create table kept as select 42 as answer")
    assert cluster.stop()
    assert not cluster.running
    assert not cluster.stop()

    assert cluster.start()
    assert query(cluster, "select answer from kept") == 42


def test_the_owner_may_make_roles_and_databases_and_is_no_superuser(
    place: Path, make: Callable[..., Cluster]
) -> None:
    cluster = make(place / "postgres")
    cluster.start()
    rights = "concat(rolsuper, rolbypassrls, rolcreaterole, rolcreatedb)"
    assert query(cluster, f"select {rights} from pg_roles where rolname = current_user") == "fftt"
    assert query(cluster, "select pg_get_userbyid(datdba) from pg_database where datname = 'authsec'") == (
        "authsec_owner"
    )


def test_it_opens_no_port(place: Path, make: Callable[..., Cluster]) -> None:
    cluster = make(place / "postgres")
    cluster.start()
    assert query(cluster, "show listen_addresses") == ""


def test_a_killed_server_starts_again_with_its_data(place: Path, make: Callable[..., Cluster]) -> None:
    cluster = make(place / "postgres", durable=True)
    cluster.start()
    query(cluster, "create table kept as select 42 as answer")
    os.kill(postmaster(cluster), signal.SIGKILL)
    wait_until(lambda: not cluster.running)

    assert cluster.start()
    assert query(cluster, "select answer from kept") == 42


def test_a_process_number_that_a_stranger_got_does_not_stop_it_from_starting(
    place: Path, make: Callable[..., Cluster]
) -> None:
    cluster = make(place / "postgres")
    cluster.start()
    os.kill(postmaster(cluster), signal.SIGKILL)
    wait_until(lambda: not cluster.running)
    lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    (cluster.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    assert cluster.start()


def test_the_server_of_a_killed_process_is_found_and_stopped_by_the_next(
    place: Path, make: Callable[..., Cluster]
) -> None:
    cluster = make(place / "postgres")
    process = holder(cluster.directory)
    assert said(process) == "True"
    process.kill()
    process.wait()

    assert cluster.running
    assert not cluster.start(), "it goes on with the server that is there"
    assert cluster.stop()
    assert not cluster.running


def test_the_last_one_to_leave_stops_it(place: Path, make: Callable[..., Cluster]) -> None:
    cluster = make(place / "postgres")
    assert cluster.start()
    neighbour = holder(cluster.directory)
    assert said(neighbour) == "False"

    assert not cluster.stop(), "the neighbour still uses it"
    assert cluster.running
    assert neighbour.communicate(timeout=120)[0].strip() == "True"
    assert not cluster.running


def test_of_many_that_start_it_at_once_one_does(place: Path, make: Callable[..., Cluster]) -> None:
    cluster = make(place / "postgres")
    crowd = [holder(cluster.directory) for _ in range(5)]
    assert sorted(said(process) for process in crowd) == ["False"] * 4 + ["True"]
    assert sorted(process.communicate(timeout=120)[0].strip() for process in crowd) == ["False"] * 4 + [
        "True"
    ]
    assert not cluster.running


def test_two_clusters_run_side_by_side(place: Path, make: Callable[..., Cluster]) -> None:
    one, other = make(place / "one"), make(place / "other")
    assert one.start()
    assert other.start()
    query(one, "create table mine (id int)")
    assert query(one, "select to_regclass('mine')::text") == "mine"
    assert query(other, "select to_regclass('mine')::text") is None


@pytest.mark.parametrize(
    "name", ["a long name " * 15, 'it\'s a "so-called" %41 näme; $HOME', "semi;colon\\n"]
)
def test_it_lives_at_an_unfriendly_path(name: str, place: Path, make: Callable[..., Cluster]) -> None:
    cluster = make(place / name / "postgres")
    assert cluster.start()
    assert query(cluster, "select 1") == 1


def test_it_lives_where_its_account_cannot_walk(place: Path, make: Callable[..., Cluster]) -> None:
    (place / "private").mkdir(mode=0o700)
    cluster = make(place / "private" / "postgres")
    assert cluster.start()
    os.kill(postmaster(cluster), signal.SIGKILL)
    wait_until(lambda: not cluster.running)
    assert cluster.start()
    assert cluster.stop()
    assert (place / "private").stat().st_mode & 0o777 == 0o700, "no folder was opened up for it"


def test_it_refuses_a_socket_directory_that_is_open_to_others(
    place: Path, make: Callable[..., Cluster]
) -> None:
    cluster = make(place / ("long " * 30) / "postgres")
    trap = cluster.socket_directory
    trap.mkdir(mode=0o777)
    trap.chmod(0o777)
    try:
        with pytest.raises(EmbeddedPostgresError, match="0700"):
            cluster.start()
    finally:
        trap.rmdir()
    assert not cluster.running


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as somebody else")
def test_another_account_of_the_machine_is_refused(place: Path, make: Callable[..., Cluster]) -> None:
    cluster = make(place / "postgres")
    cluster.start()
    attempt = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    done = subprocess.run(
        ["/usr/bin/env", "-i", "python3", "-c", attempt, str(cluster.socket)],
        cwd="/",
        user=65534,
        group=65534,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "PermissionError" in done.stderr


def test_importing_it_loads_neither_django_nor_a_driver() -> None:
    program = (
        "import sys, authsec.database.embedded as e; e.url(); print({'django', 'psycopg'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
