"""Introspection beside the bare ceiling: same server, same settings, same run, alternating rounds.

The product's answer holds standing, live entitlement and every field of RFC 7662; the ceiling reads one row.
"""

import argparse
import base64
import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from urllib.request import urlopen

from authsec.database.embedded import CHECKOUT, Cluster, Postmaster
from bench import client, cpu
from bench.world import World

WARM_UP_S = 1.0
FOREIGN_SHARE = 0.15  # of the machine: with more than that a round is repeated
MOST_TRIES = 4
PATIENCE_S = 60


@dataclass
class Server:
    """A contender and what was measured of it. ``foreign``: the worst share of the machine that strangers used."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    rounds: list[client.Round] = field(default_factory=list)
    server_cpu: list[float] = field(default_factory=list)
    database_cpu: list[float] = field(default_factory=list)
    foreign: float = 0.0


def run(cluster: Cluster, world: World, options: argparse.Namespace) -> list[str]:
    """Run the rounds, return the table's lines."""
    ports = [int(world.environment["PORT"]), free_port()]
    size = ["--port", str(ports[0]), "--workers", str(options.workers), "--threads", str(options.threads)]
    bare = [str(ports[1]), str(options.workers), str(options.threads)]
    with (
        _serving("AuthSec /oauth/introspect", ports[0], ["manage.py", "serve", *size], world) as product,
        _serving("bare WSGI + one prepared SELECT", ports[1], ["-m", "bench.bare", *bare], world) as ceiling,
    ):
        for server in (product, ceiling):
            _round(server, world, cluster, options, WARM_UP_S)
            server.rounds.clear()
            server.server_cpu.clear()
            server.database_cpu.clear()
            server.foreign = 0.0
        for server in [product, ceiling, ceiling, product] * options.repeats:
            _quiet_round(server, world, cluster, options)
        return _table(product, ceiling, len(world.tokens), options)


def _quiet_round(server: Server, world: World, cluster: Cluster, options: argparse.Namespace) -> None:
    """A round, repeated while strangers used too much of the machine; the last try counts anyway, and says so."""
    for attempt in range(MOST_TRIES):
        foreign = _round(server, world, cluster, options, options.seconds)
        if foreign <= FOREIGN_SHARE or attempt == MOST_TRIES - 1:
            server.foreign = max(server.foreign, foreign)
            return
        for measured in (server.rounds, server.server_cpu, server.database_cpu):
            measured.pop()


def _round(
    server: Server, world: World, cluster: Cluster, options: argparse.Namespace, seconds: float
) -> float:
    postmaster = Postmaster.read(cluster.data)
    trees = [server.process.pid, postmaster.pid if postmaster else 0]
    before = [*map(cpu.tree_seconds, trees), time.process_time(), cpu.machine_seconds()]
    began = time.perf_counter()
    measured = client.drive(
        server.port, _requests(world), b'"active":true', connections=options.connections, seconds=seconds
    )
    took = time.perf_counter() - began
    after = [*map(cpu.tree_seconds, trees), time.process_time(), cpu.machine_seconds()]
    own, database, load, machine = (late - early for early, late in zip(before, after, strict=True))
    answers = max(len(measured.latencies), 1)
    server.rounds.append(measured)
    server.server_cpu.append(own / answers)
    server.database_cpu.append(database / answers)
    return max(machine - own - database - load, 0.0) / (took * (os.cpu_count() or 1))


def _requests(world: World) -> Iterator[bytes]:
    """One request after the other, with another token each."""
    basic = base64.b64encode(":".join(world.credential).encode()).decode()
    made = []
    for token in world.tokens:
        body = f"token={token}"
        made.append(
            (
                f"POST /oauth/introspect HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {basic}\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            ).encode()
        )
    return itertools.cycle(made)


@contextmanager
def _serving(name: str, port: int, command: list[str], world: World) -> Iterator[Server]:
    environment = world.environment | {"PORT": str(port)}
    process = subprocess.Popen([sys.executable, *command], cwd=CHECKOUT, env=environment)
    try:
        _wait(port, process)
        yield Server(name, port, process)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("A server of the benchmark did not start.")
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _table(product: Server, ceiling: Server, tokens: int, options: argparse.Namespace) -> list[str]:
    lines = [
        "## Introspection",
        "",
        f"{tokens:,} live tokens of a tenant of {options.end_users:,} end users, each round another one every time.",
        "",
        "| | requests/s, median | least–most | p50 ms | p99 ms | server CPU µs | PostgreSQL CPU µs | wrong |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for server in (product, ceiling):
        if not any(one.latencies for one in server.rounds):
            raise RuntimeError(f"{server.name} gave no answer that was right.")
        rates = [one.rate for one in server.rounds]
        lines.append(
            f"| {server.name} | {median(rates):,.0f} | {min(rates):,.0f}–{max(rates):,.0f} "
            f"| {1000 * median(one.quantile(0.5) for one in server.rounds):.1f} "
            f"| {1000 * median(one.quantile(0.99) for one in server.rounds):.1f} "
            f"| {1e6 * median(server.server_cpu):.0f} | {1e6 * median(server.database_cpu):.0f} "
            f"| {sum(one.wrong for one in server.rounds)} |"
        )
    ratio = median(one.rate for one in product.rounds) / median(one.rate for one in ceiling.rounds)
    foreign = max(product.foreign, ceiling.foreign)
    lines += ["", f"Ratio to the ceiling: **{ratio:.2f}** (budget: at least 0.55)."]
    if foreign > FOREIGN_SHARE:
        lines.append(
            f"Others used up to {foreign:.0%} of the machine meanwhile: measure again when it is quiet."
        )
    return lines
