"""The embedded PostgreSQL: a cluster of the checkout's own, driven with the binaries of its wheel.

It listens on a Unix socket only and knows its users by their operating system account (peer authentication), so
there is no port to collide and no password to leak. Every process that uses the cluster holds a shared file lock;
the last one to let go stops the server. The kernel drops the lock of a killed process: a crash leaves nothing to
clean up by hand.

The wheel's own `get_server()` is not used: run as root it opens every parent folder to everybody, and once one of
its processes was killed it never stops the server again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shlex
import shutil
import signal
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO
from urllib.parse import quote

from authsec.database.binaries import Account, EmbeddedPostgresError, binaries_for

CHECKOUT = Path(__file__).resolve().parents[2]
OWNER = "authsec_owner"
DATABASE = "authsec"
SOCKET_NAME = ".s.PGSQL.5432"
# sun_path holds 108 bytes on Linux and 104 on macOS, the closing NUL included.
LONGEST_SOCKET_PATH = 103
# The data directory's name for a server that cannot walk down to it: it is started inside.
INSIDE = "/proc/self/cwd"
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30

SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "max_connections": "400",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "2GB",
    "wal_buffers": "64MB",  # a chunk of a bulk action writes 15 MB
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "unix_socket_permissions": "0777",  # the folder around it is 0700, and peer authentication asks who comes
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Postmaster:
    """What a running server says about itself in `postmaster.pid`."""

    pid: int
    ready: bool

    @classmethod
    def read(cls, data: Path) -> Postmaster | None:
        """The server of this data directory, or None when there is none (a stale file counts as none)."""
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
            pid, ready = int(lines[0]), lines[7:8] != [] and lines[7].strip() == "ready"
        except (OSError, ValueError, IndexError):
            return None
        return cls(pid, ready) if _is_postgres_of(pid, data) else None


def _is_postgres_of(pid: int, data: Path) -> bool:
    """Whether this process is the server of that data directory, not a stranger with a reused number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # the server is ours or, as root, within our reach
    process = Path("/proc") / str(pid)
    if not Path("/proc/self").exists():
        return True  # without /proc the number has to be enough
    try:
        return os.path.samestat((process / "cwd").stat(), data.stat())
    except (
        PermissionError
    ):  # root of a container may not look into other people's processes, but everybody sees command lines
        arguments = process.joinpath("cmdline").read_bytes().split(b"\0")
        return os.fsencode(data) in arguments or os.fsencode(INSIDE) in arguments
    except OSError:
        return False


class Cluster:
    """One PostgreSQL cluster in a directory of its own: `data/`, `socket/`, `server.log` and two lock files."""

    def __init__(self, directory: Path | str, *, durable: bool = True) -> None:
        """`durable=False` switches fsync off, for tests: a crash of the machine may then lose the cluster."""
        self.directory = Path(directory).absolute()
        self.durable = durable
        self._use: IO[str] | None = None

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @cached_property
    def account(self) -> Account:
        return Account.for_server()

    @property
    def running(self) -> bool:
        """Whether the server takes connections. Asked by connecting: a killed one leaves its files behind."""
        postmaster = Postmaster.read(self.data)
        if postmaster is None or not postmaster.ready:
            return False
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(self.socket))
            except OSError:
                return False
        return True

    def url(self, database: str = DATABASE, *, role: str = OWNER) -> str:
        """The address of a database of this cluster, for libpq and for Django; right also while it is down."""
        host = quote(str(self.socket_directory), safe="")
        return f"postgresql://{quote(role)}@/{quote(database)}?host={host}&port=5432"

    @property
    def socket_directory(self) -> Path:
        """Inside the cluster's directory, or under /tmp where that path is too long or out of the server's reach."""
        inside = self.directory / "socket"
        if len(os.fsencode(inside / SOCKET_NAME)) <= LONGEST_SOCKET_PATH and self.account.can_reach(
            self.directory
        ):
            return inside
        digest = hashlib.sha256(os.fsencode(self.directory.resolve())).hexdigest()[:16]
        return Path("/tmp" if Path("/tmp").is_dir() else tempfile.gettempdir()) / f"authsec-{digest}"  # noqa: S108 - checked when made

    @property
    def socket(self) -> Path:
        return self.socket_directory / SOCKET_NAME

    def start(self) -> bool:
        """Make the cluster if it is not there, start it if it is not up, and keep it up until `stop()`.

        Returns whether this call started the server. Raises EmbeddedPostgresError with the server's words.
        """
        if self._use is not None and self.running:
            return False
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with self._alone():
                self._hold()
                if self.running:
                    return False
                try:
                    self._bring_up()
                except BaseException:
                    self._release()
                    self._halt()
                    raise
                return True
        except PermissionError as error:
            raise EmbeddedPostgresError(f"{error}: does {self.directory} belong to another user?") from error

    def stop(self, *, force: bool = False) -> bool:
        """Let go of the server, and stop it if nobody else uses it (or with `force`, regardless).

        Returns whether this call stopped it.
        """
        if not self.directory.exists():
            return False
        with self._alone():
            if not (self._release() or force):
                return False
            return self._halt()

    def __enter__(self) -> Cluster:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # locks

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time starts or stops the cluster."""
        with (self.directory / "start.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _hold(self) -> None:
        if self._use is None:
            self._use = (self.directory / "use.lock").open("w")
            fcntl.flock(self._use, fcntl.LOCK_SH)

    def _release(self) -> bool:
        """Give up our hold; True when no other process has one."""
        if self._use is not None:
            self._use.close()
            self._use = None
        with (self.directory / "use.lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
            return True

    # making, starting, stopping

    def _bring_up(self) -> None:
        self._halt()  # a server without its socket, or one that is going down
        # What a killed server left behind names a process number that may be a stranger's, or nobody's, by now.
        for leftover in (
            self.data / "postmaster.pid",
            self.socket,
            self.socket.with_name(f"{SOCKET_NAME}.lock"),
        ):
            leftover.unlink(missing_ok=True)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._launch()
        self._ensure_owner()

    def _initialise(self) -> None:
        """initdb, in a directory that only becomes `data` when it is complete."""
        new = self.directory / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if not self.account.is_ours:
            os.chown(new, self.account.uid, self.account.gid)
        command = [
            str(self.binaries / "initdb"),
            "--pgdata",
            self._seen_by_server(new),
            "--username=postgres",
            "--encoding=UTF8",
        ]
        command += [
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--auth=reject",
            "--no-instructions",
        ]
        if not self.durable:
            command.append("--no-sync")
        done = self.account.run(command, cwd=new, capture_output=True)
        if done.returncode:
            raise EmbeddedPostgresError(f"initdb failed in {self.directory}:\n{done.stdout}{done.stderr}")
        shutil.rmtree(self.data, ignore_errors=True)
        new.rename(self.data)

    def _launch(self) -> None:
        self._write_access_rules()
        sockets = self._make_socket_directory()
        settings = (
            SETTINGS | {"unix_socket_directories": str(sockets)} | ({} if self.durable else NOT_DURABLE)
        )
        options = " ".join(
            f"-c {name}={shlex.quote(value) if value else chr(39) * 2}" for name, value in settings.items()
        )
        log = self.directory / "server.log"
        if log.exists() and log.stat().st_size > 10_000_000:
            log.replace(log.with_suffix(".log.1"))
        command = [
            str(self.binaries / "pg_ctl"),
            "--pgdata",
            self._seen_by_server(self.data),
            "--options",
            options,
        ]
        command += ["--wait", f"--timeout={START_TIMEOUT_S}", "start"]
        for _ in range(20):
            with log.open("a") as output:
                os.fchmod(output.fileno(), 0o600)
                written = output.tell()
                if self.account.run(command, cwd=self.data, stdout=output, stderr=output).returncode == 0:
                    return
            said = log.read_bytes()[written:].decode(errors="replace")
            if "is still in use" not in said:
                break
            time.sleep(0.5)  # sessions of a killed server are about to notice it
        raise EmbeddedPostgresError(f"PostgreSQL did not start:\n{said}")

    def _halt(self) -> bool:
        """Stop the server of this data directory, sessions and all; True if there was one."""
        postmaster = Postmaster.read(self.data)
        if postmaster is None:
            return False
        for request in (
            signal.SIGINT,
            signal.SIGQUIT,
        ):  # fast: roll back and leave; immediate: leave, recover at the next start
            with contextlib.suppress(ProcessLookupError):
                os.kill(postmaster.pid, request)
            deadline = time.monotonic() + STOP_TIMEOUT_S
            while time.monotonic() < deadline:
                if not _is_postgres_of(postmaster.pid, self.data):
                    return True
                time.sleep(0.02)
        raise EmbeddedPostgresError(f"PostgreSQL (process {postmaster.pid}) does not stop")

    def _write_access_rules(self) -> None:
        """Peer authentication: our account and the server's may be any role, nobody else may be anyone."""
        import pwd

        names = {self.account.name, pwd.getpwuid(os.geteuid()).pw_name}
        rules = {
            "pg_hba.conf": "local all all peer map=product\n",
            "pg_ident.conf": "".join(f'product "{name}" all\n' for name in sorted(names)),
        }
        for name, text in rules.items():
            path = self.data / name
            path.write_text(text)
            path.chmod(0o600)
            if not self.account.is_ours:
                os.chown(path, self.account.uid, self.account.gid)

    def _make_socket_directory(self) -> Path:
        """The socket directory, ours alone: under /tmp a stranger may have laid a trap by its name."""
        path = self.socket_directory
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
            if not self.account.is_ours:
                os.chown(path, self.account.uid, self.account.gid)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.account.uid or found.st_mode & 0o077:
            raise EmbeddedPostgresError(
                f"{path} should be a directory of {self.account.name} with mode 0700; remove it"
            )
        return path

    def _ensure_owner(self) -> None:
        """The owner's role (may make roles and databases, is no superuser) and its database."""
        import psycopg

        with psycopg.connect(self.url("postgres", role="postgres"), autocommit=True) as connection:
            if not connection.execute("select 1 from pg_roles where rolname = %s", [OWNER]).fetchone():
                connection.execute(f"create role {OWNER} login createrole createdb")
            if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
                connection.execute(f"create database {DATABASE} owner {OWNER}")

    def _seen_by_server(self, data: Path) -> str:
        """The data directory's name for the server: its path, where that is safe and the server can walk down to it.

        pg_ctl hands the name to a shell between double quotes, so some letters would change it on the way.
        """
        plain = not set(str(data)) & set('"$`\\\n')
        return str(data) if plain and self.account.can_reach(data.parent) else INSIDE

    @cached_property
    def binaries(self) -> Path:
        """The folder of initdb and pg_ctl."""
        return binaries_for(self.account)


_default: Cluster | None = None


def cluster() -> Cluster:
    """The checkout's own cluster, under `var/postgres` (AUTHSEC_VAR moves it)."""
    global _default
    if _default is None:
        _default = Cluster(Path(os.environ.get("AUTHSEC_VAR") or CHECKOUT / "var") / "postgres")
    return _default


def url(database: str = DATABASE) -> str:
    """The address of a database of the checkout's own cluster."""
    return cluster().url(database)
