"""A real server process over a database of its own, loaded with the demo: what walks and browsers talk to."""

import json
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psycopg

from authsec.database.embedded import CHECKOUT
from tests import databases
from tests.resource_server import ResourceServer
from tests.totp import Authenticator

START_TIMEOUT_S = 180
STOP_TIMEOUT_S = 60
Answer = TypeVar("Answer")


def eventually(ask: Callable[[], Answer], *, within_s: float = 60, what: str = "it") -> Answer:
    """Ask until the answer is true, at most ``within_s`` seconds; returns the answer."""
    deadline = time.monotonic() + within_s
    while True:
        if answer := ask():
            return answer
        assert time.monotonic() < deadline, f"{what} did not happen within {within_s} s"
        time.sleep(0.02)


PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """A port that is free, for a program that takes it later, and perhaps again.

    It stands below those that the system hands out by itself, to listeners and to callers: nobody gets it meanwhile.
    """
    handed_out = int(PORTS.read_text().split()[0]) if PORTS.exists() else 49_152
    below = max(handed_out, 25_000)
    while True:
        port = 20_000 + secrets.randbelow(below - 20_000)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port


def listening() -> socket.socket:
    """A socket on a free loopback port: who holds it holds the port."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    return listener


@dataclass
class Service:
    """The product as its users meet it: an address, the demo's world, and what it handed out so far."""

    base_url: str
    database_url: str
    var: Path
    workers: int
    demo: dict[str, Any]
    log: Path
    sockets: dict[str, socket.socket]
    process: subprocess.Popen[bytes]
    secrets: set[str] = field(default_factory=set)
    closing: ExitStack = field(default_factory=ExitStack)
    servers: dict[str, ResourceServer] = field(default_factory=dict)
    authenticators: dict[str, Authenticator] = field(default_factory=dict)
    people: dict[str, Any] = field(default_factory=dict)  # signed-in demo people, see tests.plain_client

    def user(self, key: str) -> dict[str, Any]:
        """A person of the demo by key, such as ``alice``."""
        return next(user for user in self.demo["users"] if user["key"] == key)

    def tenant(self, slug: str) -> dict[str, Any]:
        return next(tenant for tenant in self.demo["tenants"] if tenant["slug"] == slug)

    def user_id(self, slug: str, key: str) -> str:
        """The users.id of a person in a tenant: what Applications see as ``sub``."""
        return str(self.tenant(slug)["users"][key])

    def application(self, slug: str) -> dict[str, Any]:
        return next(row for row in self.demo["applications"] if row["slug"] == slug)

    def application_of(self, tenant: str) -> dict[str, Any]:
        return next(row for row in self.demo["applications"] if row["tenant"] == tenant)

    def service_account(self, name: str) -> dict[str, Any]:
        return next(row for row in self.demo["service_accounts"] if row["name"] == name)

    def url(self, path: str) -> str:
        return f"{self.base_url}{path}"

    @cached_property
    def http(self) -> httpx.Client:
        """A plain client that follows nothing and keeps no cookies between tests."""
        return self.closing.enter_context(httpx.Client(base_url=self.base_url, timeout=30, trust_env=False))

    def introspect(self, token: str, *, by: str, **more: str) -> dict[str, Any]:
        """What the Application ``by`` (its slug) learns about a token."""
        credential = self.application(by)["credential"]
        answer = self.http.post(
            "/oauth/introspect", data={"token": token, **more}, auth=(credential["id"], credential["secret"])
        )
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def keep(self, *secrets: str | None) -> None:
        """Remember what must never stand in a dump of the database."""
        self.secrets.update(secret for secret in secrets if secret)

    def authenticator(self, secret: str) -> Authenticator:
        """The one authenticator of a TOTP secret: it never gives a code twice."""
        self.keep(secret)
        return self.authenticators.setdefault(secret, Authenticator(secret))

    def resource_server(self, slug: str) -> ResourceServer:
        """The demo Application's own MCP server, started at the first call."""
        if slug not in self.servers:
            server = ResourceServer(self.application(slug), issuer=self.base_url, listener=self.sockets[slug])
            self.servers[slug] = self.closing.enter_context(server)
        return self.servers[slug]

    def mails_to(self, address: str) -> list[str]:
        """Texts of the mails sent to an address, oldest first."""
        import email
        import email.policy

        found = []
        for path in sorted((self.var / "outbox").glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = message.get_body(preferencelist=("plain",))
            if address.lower() in str(message["To"]).lower() and body:
                found.append(body.get_content())
        return found

    def faults(self) -> list[str]:
        """Lines of the server's log that tell of an unhandled error."""
        return [line for line in self.log.read_text().splitlines() if "Traceback" in line or "ERROR" in line]


def _move_resource_servers(database_url: str, demo_file: Path) -> dict[str, socket.socket]:
    """Give every demo Application a free port of its own, so that two test runs never share one."""
    demo = json.loads(demo_file.read_text())
    sockets = {}
    with psycopg.connect(database_url) as connection:
        connection.execute("set local role authsec_system")
        for application in demo["applications"]:
            listener = sockets[application["slug"]] = listening()
            application["resource_uri"] = f"http://localhost:{listener.getsockname()[1]}/mcp"
            moved = connection.execute(
                "update authz_application set resource_uri = %s where id = %s",
                [application["resource_uri"], application["id"]],
            )
            assert moved.rowcount == 1
    demo_file.write_text(json.dumps(demo))
    return sockets


@contextmanager
def serving(var: Path, *, workers: int, **environment: str) -> Iterator[Service]:
    """Load the demo into a fresh database and serve it; everything is gone at the end."""
    with databases.clone() as database_url, ExitStack() as closing:
        port = free_port()
        base_url = f"http://localhost:{port}"
        settings = {
            "AUTHSEC_VAR": str(var),
            "DATABASE_URL": database_url,
            "PORT": str(port),
            "PUBLIC_URL": base_url,
            # Each visitor says where it comes from, so that limits by address count each of them alone.
            "TRUSTED_PROXIES": "127.0.0.0/8,::1/128",
            # The demo's people sign in once a run. After a quarter of an hour, which a slow machine takes, the pages
            # that ask for a password again would be visited no more, but the one that asks.
            "REAUTHENTICATION_SECONDS": "86400",
            **environment,
        }
        databases.manage("demo", "--verbosity", "0", **settings)
        sockets = _move_resource_servers(database_url, var / "demo.json")
        log = var / "server.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(port), "--workers", str(workers)],
                cwd=CHECKOUT,
                env=databases.clean_environment() | settings,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C for the tests is not one for the server: it is stopped below
            )
        try:
            _wait_until_ready(process, base_url, log)
            demo = json.loads((var / "demo.json").read_text())
            service = Service(
                base_url, database_url, var, workers, demo, log, sockets, process, closing=closing
            )
            service.keep(*_secrets_of(demo))
            yield service
        finally:
            closing.close()
            for listener in sockets.values():
                listener.close()
            _stop(process)


def _secrets_of(demo: dict[str, Any]) -> Iterator[str]:
    for user in demo["users"]:
        yield user["password"]
        yield user.get("totp_secret", "")
    for application in demo["applications"]:
        yield application["credential"]["secret"]
    for row in (*demo["clients"], *demo["service_accounts"]):
        yield row.get("client_secret", "")


def _wait_until_ready(process: subprocess.Popen[bytes], base_url: str, log: Path) -> None:
    def ready() -> bool:
        assert process.poll() is None, f"the server ended by itself:\n{log.read_text()}"
        try:
            return httpx.get(f"{base_url}/readyz", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    eventually(ready, within_s=START_TIMEOUT_S, what="the server's first answer")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
