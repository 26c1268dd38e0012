"""`python -m bench.bulk`: one bulk action over HTTP, done by a real worker: its time, its memory, what others feel.

A database of its own with the demo. Asked for through the API by the owner's token; meanwhile one connection asks
twenty times a second, an introspection and the list's first page in turn. ``--kill`` kills the worker in the middle.
"""

import argparse
import base64
import http.client
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from authsec.database import embedded
from bench import cpu
from bench.introspection import free_port
from bench.world import INSERT, TOKENS

NAME = "authsec_bulk"
CALM_S = 10.0
PACE_S = 0.05
PATIENCE_S = 600.0
HEARTBEAT_S = 0.5  # a dead worker is noticed after four of them
WORKER_STARTS_S = 8.0
LOOK_S = 0.25
CLIENT = "authsec-cli"
PARAMS = {
    "set_plan_tier": {"plan_tier": "custom"},
    "set_rate_limit": {"limit": 10, "window_s": 60},
    "export": {"format": "csv"},
}
# Who came lately, so many of them. The list's filter by first consent means exactly them.
SINCE = """
select min(first_consent_at) from (
  select first_consent_at from endusers_enduser where tenant_id = %s and status = 'active'
   and first_consent_at is not null order by first_consent_at desc limit %s) newest
"""
ONCE = """
select o.*, e.* from
  (select count(*), count(distinct user_id) from endusers_outcome
    where tenant_id = %(tenant)s and job_id = %(job)s::uuid and fate = 'changed') o,
  (select count(*), count(distinct target_id) from audit_event
    where tenant_id = %(tenant)s and action = 'end_user.suspended' and after->>'job' = %(job)s::text) e
"""


@dataclass
class Bench:
    """The running server and who speaks to it. ``felt``: milliseconds of the others' requests."""

    port: int
    tenant: str
    token: str
    others: Iterator[tuple[str, str, dict[str, str], str]]
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method: str, path: str, headers: dict[str, str], body: str = "") -> Any:
        """One request; the answer's JSON."""
        self.connection.request(method, path, body or None, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:500]!r}")
        return json.loads(content)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the management API."""
        headers = {"Authorization": f"Bearer {self.token}", "X-Tenant-ID": self.tenant}
        return self.ask(
            method,
            f"/uflow/v2{path}",
            headers | {"Content-Type": "application/json"},
            json.dumps(body) if body else "",
        )

    def felt(self, until: Callable[[], bool]) -> list[float]:
        """What the others' requests take, in milliseconds, until that is so."""
        took = []
        while not until():
            begun = time.perf_counter()
            self.ask(*next(self.others))
            took.append((time.perf_counter() - begun) * 1000)
            time.sleep(max(PACE_S - (time.perf_counter() - begun), 0))
        return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--end-users", type=int, default=1_000_000, help="in the tenant (default: %(default)s)"
    )
    parser.add_argument("--people", type=int, default=100_000, help="to change (default: %(default)s)")
    parser.add_argument(
        "--action", default="suspend", help="a bulk action of the API; export takes everybody"
    )
    parser.add_argument("--kill", action="store_true", help="kill the worker in the middle")
    parser.add_argument("--keep", action="store_true", help="use the database of the last run")
    parser.add_argument("--database", default=NAME, help="(default: %(default)s)")
    options = parser.parse_args()
    with embedded.cluster() as cluster:
        var = embedded.CHECKOUT / "var" / options.database.removeprefix("authsec_")
        os.environ |= {
            "DATABASE_URL": cluster.url(options.database),
            "AUTHSEC_VAR": str(var),
            "AUTHSEC_ENV": "development",
            "PORT": str(free_port()),
            "PYTHONPATH": str(embedded.CHECKOUT),
            "DJANGO_SETTINGS_MODULE": "authsec.settings",
        }
        if not options.keep:
            _build(cluster.url(embedded.DATABASE), options.end_users, var)
        with _process("serve", "--workers", "2", "--threads", "2"):
            _measure(_bench(int(os.environ["PORT"]), var), options)
    return 0


def _build(url: str, end_users: int, var: Path) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {NAME} with (force)")
        connection.execute(f"create database {NAME}")
    for command in (
        ["migrate", "--verbosity", "0"],
        ["demo", "--verbosity", "0", "--end-users", str(end_users)],
    ):
        subprocess.run([sys.executable, "manage.py", *command], cwd=embedded.CHECKOUT, check=True)
    tenant, application = _demo(var)
    with _database() as connection:
        connection.execute(INSERT, [tenant, application["id"], TOKENS])
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("vacuum analyze")


def _demo(var: Path) -> tuple[str, dict[str, Any]]:
    """The large tenant's id, and an Application of it."""
    demo = json.loads((var / "demo.json").read_text())
    tenant = next(entry["id"] for entry in demo["tenants"] if entry["slug"] == "alex-tools")
    return tenant, next(entry for entry in demo["applications"] if entry["slug"] == "pdf-mcp")


@contextmanager
def _process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command of manage.py, ended at the end."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", *command], cwd=embedded.CHECKOUT, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def _bench(port: int, var: Path) -> Bench:
    """The owner's token, and what the others ask, once the server is up."""
    import django

    django.setup()
    from django.utils import timezone

    from authsec.database.context import tenant_context
    from authsec.database.fields import uuid7
    from oauth import api_token
    from tenants.models import Membership

    tenant, application = _demo(var)
    with tenant_context(tenant):
        owner = Membership.objects.select_related("user").get(tenant=tenant, type="owner").user.identity_id
    token = api_token.for_identity(
        identity_id=owner, client_id=CLIENT, scopes=api_token.SCOPES, jti=uuid7(), now=timezone.now()
    )
    basic = base64.b64encode(":".join(application["credential"][key] for key in ("id", "secret")).encode())
    form = {"Authorization": f"Basic {basic.decode()}", "Content-Type": "application/x-www-form-urlencoded"}
    mine = {"Authorization": f"Bearer {token}", "X-Tenant-ID": tenant}
    page = ("GET", f"/uflow/v2/tenants/{tenant}/end-users", mine, "")
    introspections = (("POST", "/oauth/introspect", form, f"token=bench-{n}") for n in range(1, TOKENS))
    others = itertools.chain.from_iterable((one, page) for one in introspections)
    bench = Bench(port, tenant, token, itertools.cycle(others))
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            bench.ask("GET", "/healthz", {})
            return bench
        except (OSError, http.client.HTTPException):
            bench.connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _measure(bench: Bench, options: argparse.Namespace) -> None:
    over = time.monotonic() + CALM_S
    calm = bench.felt(lambda: time.monotonic() > over)
    worker = ["work", "--concurrency=1", *([f"--heartbeat={HEARTBEAT_S}"] if options.kill else [])]
    with _process(*worker) as first:
        time.sleep(WORKER_STARTS_S)
        idle, used = _peak(first.pid), _cpu(first.pid)
        job = bench.api("POST", f"/tenants/{bench.tenant}/end-users/bulk", _asked(bench, options))
        watch = Watch(bench, job["id"], first.pid)
        busy = bench.felt(lambda: watch.over() or (options.kill and watch.third()))
        if options.kill:
            first.kill()
            first.wait()
            with _process(*worker) as second:
                watch.worker = second.pid
                busy += bench.felt(watch.over)
        job = watch.job
        begun, ended = (datetime.fromisoformat(job[at]) for at in ("created_at", "finished_at"))
        took = (ended - begun).total_seconds()
        cpu_s = [late - early for early, late in zip(used, _cpu(watch.worker), strict=True)]
    print(f"{options.action}: {job['done']:,} of {job['total']:,} people, {job['status']}")
    print(f"{took:.2f} s from the request to the last, {job['done'] / took:,.0f} a second")
    if not options.kill:  # who has ended takes their time along
        print(f"CPU: worker {cpu_s[0]:.1f} s, database {cpu_s[1]:.1f} s, the others' requests among it")
    print(f"worker {idle / 1e6:.0f} MB idle, {watch.peak / 1e6:.0f} MB at most")
    print(f"others, p95: {_p95(calm):.1f} ms before, {_p95(busy):.1f} ms meanwhile ({len(busy)} requests)")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if options.action == "suspend":
        print(_once(bench.tenant, job["id"]))


def _asked(bench: Bench, options: argparse.Namespace) -> dict[str, Any]:
    """The request: those who came last and are active, or for an export everybody."""
    body = {"action": options.action, "params": PARAMS.get(options.action, {}), "reason": "bench"}
    if options.action == "export":
        return body | {"filter": {}}
    with _database() as connection:
        row = connection.execute(SINCE, [bench.tenant, options.people]).fetchone()
    return body | {"filter": {"status": "active", "consent_from": row[0].isoformat() if row else None}}


@dataclass
class Watch:
    """Looks at a job from time to time, and at its worker's memory all the time."""

    bench: Bench
    id: str
    worker: int
    peak: int = 0
    looked_at: float = 0.0
    job: dict[str, Any] = field(default_factory=lambda: {"status": "queued", "done": 0, "total": None})

    def over(self) -> bool:
        """Whether the job is over."""
        self.peak = max(self.peak, _peak(self.worker))
        if time.monotonic() - self.looked_at > LOOK_S:
            self.looked_at = time.monotonic()
            self.job = self.bench.api("GET", f"/jobs/{self.id}")
        return self.job["status"] not in ("queued", "running")

    def third(self) -> bool:
        """Whether a third is done."""
        return self.job["done"] > (self.job["total"] or 0) / 3 > 0


def _once(tenant: str, job: str) -> str:
    """Whether each person was done exactly once: the job's outcomes, and its events."""
    with _database() as connection:
        counts = connection.execute(ONCE, {"tenant": tenant, "job": job}).fetchone()
    return "outcomes, people in them, events, people in them: " + ", ".join(
        f"{each:,}" for each in counts or ()
    )


@contextmanager
def _database() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute("set local role authsec_system")
        yield connection


def _peak(pid: int) -> int:
    """The most memory that a process ever held, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(found[0].split()[1]) * 1024 if found else 0


def _cpu(worker: int) -> list[float]:
    """Seconds that the worker and the database have used."""
    postmaster = embedded.Postmaster.read(embedded.cluster().data)
    return [cpu.tree_seconds(worker), cpu.tree_seconds(postmaster.pid) if postmaster else 0.0]


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else float("nan")


if __name__ == "__main__":
    sys.exit(main())
