"""DATABASE_URL: any PostgreSQL, here a separate server over TCP with a password, made with the same binaries."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from authsec.database.binaries import Account, binaries_for
from authsec.database.embedded import CHECKOUT

pytestmark = pytest.mark.slow
PASSWORD = "a password: with/odd@letters"
QUOTED = "a%20password%3A%20with%2Fodd%40letters"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Server:
    """A PostgreSQL that listens on TCP and knows its users by password."""

    port: int

    def url(self, role: str = "deploy", database: str = "authsec") -> str:
        return f"postgresql://{role}:{QUOTED}@127.0.0.1:{self.port}/{database}"

    def run(self, sql: str, **login: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url(**login), autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    place = Path(tempfile.mkdtemp(prefix="postgres-"))
    place.chmod(0o755)
    account, port = Account.for_server(), free_port()
    binaries = binaries_for(account)
    data = place / "data"
    data.mkdir(mode=0o700)
    (place / "password").write_text(PASSWORD)
    if not account.is_ours:
        shutil.chown(data, account.uid, account.gid)
        shutil.chown(place / "password", account.uid, account.gid)
    making = ["--username=dba", f"--pwfile={place / 'password'}", "--auth=scram-sha-256", "--no-sync"]
    account.run([str(binaries / "initdb"), f"--pgdata={data}", *making], cwd=data, check=True)
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off"
    control = [str(binaries / "pg_ctl"), f"--pgdata={data}", "--wait"]
    with (place / "log").open("w") as log:
        account.run([*control, f"--options={options}", "start"], cwd=data, stdout=log, stderr=log, check=True)
    server = Server(port)
    password = f"login password '{PASSWORD}'"
    server.run(f"create role deploy createrole createdb {password}", role="dba", database="postgres")
    server.run("create database authsec owner deploy", role="dba", database="postgres")
    yield server
    account.run([*control, "--mode=immediate", "stop"], cwd=data, check=True)
    shutil.rmtree(place)


def manage(*arguments: str, url: str, var: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DATABASE_URL": url, "AUTHSEC_VAR": str(var)}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)


def test_it_migrates_and_serves_from_another_server(server: Server, tmp_path: Path) -> None:
    done = manage("migrate", "--verbosity=0", url=server.url(), var=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "postgres").exists(), "the embedded one stays asleep"
    forced = "select count(*) from pg_class where relrowsecurity and relforcerowsecurity"
    assert server.run(forced)[0][0] != 0
    assert manage("check", "--database=default", url=server.url(), var=tmp_path).returncode == 0

    port = free_port()
    environment = os.environ | {"DATABASE_URL": server.url(), "AUTHSEC_VAR": str(tmp_path)}
    command = [sys.executable, "manage.py", "serve", f"--port={port}", "--workers=1"]
    process = subprocess.Popen(command, cwd=CHECKOUT, env=environment)
    try:
        assert answer(f"http://127.0.0.1:{port}/readyz") == 200
    finally:
        process.terminate()
        process.wait(timeout=30)
    assert process.returncode == 0


def answer(url: str) -> int:
    """The status of the first answer there, within half a minute."""
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            assert time.monotonic() < deadline, f"nobody answers at {url}"
            time.sleep(0.05)


@pytest.mark.parametrize("command", [["migrate"], ["serve", "--port=0"]])
def test_a_superuser_is_refused(command: list[str], server: Server, tmp_path: Path) -> None:
    done = manage(*command, url=server.url(role="dba"), var=tmp_path)
    assert done.returncode != 0
    assert "superuser" in done.stderr


def test_a_login_that_bypasses_row_security_is_refused(server: Server, tmp_path: Path) -> None:
    if not server.run("select 1 from pg_roles where rolname = 'sly'"):
        server.run(f"create role sly login bypassrls password '{PASSWORD}'", role="dba")
    done = manage("serve", "--port=0", url=server.url(role="sly"), var=tmp_path)
    assert done.returncode != 0
    assert "BYPASSRLS" in done.stderr
