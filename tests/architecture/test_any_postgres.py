"""DATABASE_URL: any PostgreSQL, here a separate server over TCP with a password, made with the same binaries."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from authsec.database import roles
from authsec.database.binaries import Account, binaries_for
from authsec.database.embedded import CHECKOUT
from tests.servers import free_port

pytestmark = pytest.mark.slow
PASSWORD = "a password: with/odd@letters"
QUOTED = "a%20password%3A%20with%2Fodd%40letters"


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
    """A server whose owner may make roles, and has."""
    with started() as server:
        for statement in roles.create_statements():
            server.run(statement)
        yield server


@pytest.fixture
def untouched_server() -> Iterator[Server]:
    with started() as server:
        yield server


@contextmanager
def started() -> Iterator[Server]:
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


def manage(*arguments: str, url: str, var: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DATABASE_URL": url, "AUTHSEC_VAR": str(var)} | more
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)


def test_it_migrates_and_serves_from_another_server(server: Server, tmp_path: Path) -> None:
    done = manage("migrate", "--verbosity=0", url=server.url(), var=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "postgres").exists(), "the embedded one stays asleep"
    forced = "select count(*) from pg_class where relrowsecurity and relforcerowsecurity"
    assert server.run(forced)[0][0] != 0
    assert manage("check", "--database=default", url=server.url(), var=tmp_path).returncode == 0

    assert statuses_when_served(server.url(), tmp_path, "/readyz") == [200]


def statuses_when_served(url: str, var: Path, *paths: str) -> list[int]:
    """What `manage.py serve` with this DATABASE_URL answers to GETs of these paths."""
    port = free_port()
    environment = os.environ | {"DATABASE_URL": url, "AUTHSEC_VAR": str(var)}
    command = [sys.executable, "manage.py", "serve", f"--port={port}", "--workers=1"]
    process = subprocess.Popen(command, cwd=CHECKOUT, env=environment)
    try:
        return [answer(f"http://127.0.0.1:{port}{path}") for path in paths]
    finally:
        process.terminate()
        assert process.wait(timeout=120) == 0


def answer(url: str) -> int:
    """The status of the first answer there, within ten minutes: a first run migrates, beside others' tests."""
    deadline = time.monotonic() + 600
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


def test_setup_tells_a_dba_what_to_run_and_then_opens_the_first_tenant(
    server: Server, tmp_path: Path
) -> None:
    password = f"login password '{PASSWORD}'"
    for login in ("narrow", "serving"):
        server.run(f"create role {login} {password}", role="dba")
    server.run("create database second owner narrow", role="dba")
    owner = server.url(role="narrow", database="second")
    serving = server.url(role="serving", database="second")
    first = {
        "AUTHSEC_SETUP_EMAIL": "First@example.com",
        "AUTHSEC_SETUP_NAME": "First",
        "AUTHSEC_SETUP_TENANT": "First Co",
    }
    first |= {"AUTHSEC_SETUP_PASSWORD": "quite a long one", "DATABASE_OWNER_URL": owner}

    refused = manage("setup", url=serving, var=tmp_path, **first)
    assert refused.returncode == 1
    for statement in refused.stderr.split("again:")[1].split(";"):
        if statement.strip():
            server.run(statement, role="dba")

    done = manage("setup", url=serving, var=tmp_path, **first)
    assert done.returncode == 0, done.stderr
    assert "first@example.com owns First Co" in done.stdout
    assert "/t/first-co/" in done.stdout
    tables = "select count(*) from pg_tables where schemaname = 'public' and tableowner = 'serving'"
    assert server.run(tables, role="narrow", database="second") == [(0,)]
    assert statuses_when_served(serving, tmp_path, "/readyz") == [200]

    again = manage("setup", url=serving, var=tmp_path, DATABASE_OWNER_URL=owner)
    assert again.returncode == 0
    assert "an administrator already" in again.stdout


@pytest.mark.long
def test_setup_refuses_a_weak_password(server: Server, tmp_path: Path) -> None:
    weak = {"AUTHSEC_SETUP_PASSWORD": "password12"}
    options = ["--email=weak@example.com", "--name=Weak", "--tenant=Weak"]
    done = manage("setup", *options, url=server.url(), var=tmp_path, **weak)
    assert done.returncode == 1
    assert "too common" in done.stderr
