"""Effective Access of one person, over real HTTP, in a small tenant and in a large one: it must not grow with it.

The person has 50 groups and 300 bindings in both. Requests go one after the other, a few in each tenant in turn.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from authsec.database.embedded import CHECKOUT, Cluster
from bench.introspection import _wait
from bench.world import NAME, World

SMALL = ("bench-small", 10_000, 100, 2_000)
LARGE, GROUPS, BINDINGS = "bench-large", 5_000, 200_000
BUDGETS = {"page": 80, "API": 80, "who has": 80, "what if": 150}  # ms, p95
TURN = 5  # requests in one tenant, before it is the other's turn


def run(cluster: Cluster, world: World, options: argparse.Namespace) -> list[str]:
    """Fill both tenants, ask, return the table's lines."""
    large = (LARGE, options.users, GROUPS, BINDINGS)
    began = time.perf_counter()
    tenants = [_make(world, *map(str, size)) for size in (SMALL, large)]
    with psycopg.connect(cluster.url(NAME), autocommit=True) as connection:
        connection.execute("vacuum analyze")
    filled = time.perf_counter() - began
    port = int(world.environment["PORT"])  # tokens name it in their issuer
    measured: dict[tuple[str, str], list[float]] = {}
    load = os.getloadavg()[0]
    with _serving(port, world):
        for turn in range(options.turns + 1):
            for tenant in tenants if turn % 2 else reversed(tenants):
                for road, request in _roads(tenant).items():
                    for _ in range(TURN):
                        took = _ask(port, *request)
                        if turn:  # the first warms up
                            measured.setdefault((road, tenant["slug"]), []).append(took)
    return _table(measured, large, filled, load)


def _make(world: World, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.access_tenant", *arguments],
        cwd=CHECKOUT,
        env=world.environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made


def _roads(tenant: dict[str, Any]) -> dict[str, tuple[str, str, str, dict[str, str]]]:
    """What is asked: method, path, body, headers."""
    page = f"/t/{tenant['slug']}/authz/effective-access/"
    cookie = {"Cookie": tenant["cookie"]}
    bearer = {"Authorization": f"Bearer {tenant['token']}", "X-Tenant-ID": tenant["tenant"]}
    change = {"kind": "remove_from_group", "group_id": tenant["group"], "user_id": tenant["person"]}
    body = json.dumps({"change": change, "users": [tenant["person"]]})
    return {
        "page": ("GET", f"{page}?user={tenant['person']}", "", cookie),
        "API": ("GET", f"/uflow/v2/users/{tenant['person']}/effective-access", "", bearer),
        "who has": (
            "GET",
            f"{page}who-has/?application={tenant['application']}&scope={tenant['scope']}",
            "",
            cookie,
        ),
        "what if": ("POST", "/uflow/v2/simulate", body, bearer | {"Content-Type": "application/json"}),
    }


def _ask(port: int, method: str, path: str, body: str, headers: dict[str, str]) -> float:
    """Seconds until the whole answer is there. Raises for an answer that is none."""
    connection = http.client.HTTPConnection("localhost", port, timeout=60)
    connection.connect()
    began = time.perf_counter()
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    content = answer.read()
    took = time.perf_counter() - began
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status} for {path}: {content[:500]!r}")
    return took


@contextmanager
def _serving(port: int, world: World) -> Iterator[None]:
    command = [sys.executable, "manage.py", "serve", "--port", str(port), "--workers", "1"]
    environment = world.environment | {"PORT": str(port)}
    process = subprocess.Popen(command, cwd=CHECKOUT, env=environment)
    try:
        _wait(port, process)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _table(
    measured: dict[tuple[str, str], list[float]], large: tuple[str, int, int, int], filled: float, load: float
) -> list[str]:
    lines = [
        "## Effective Access",
        "",
        f"One person with 50 groups and 300 bindings, in a tenant of {SMALL[1]:,} users, {SMALL[2]:,} groups and "
        f"{SMALL[3]:,} bindings, and in one of {large[1]:,}, {large[2]:,} and {large[3]:,}. One request at a time; "
        f"filled in {filled:.0f} s; load average at the start {load:.1f}.",
        "",
        "| | small p50 ms | small p95 ms | large p50 ms | large p95 ms | large : small (p50) | budget p95 ms "
        "| requests |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for road, budget in BUDGETS.items():
        small, big = sorted(measured[road, SMALL[0]]), sorted(measured[road, large[0]])
        halves = [one[len(one) // 2] * 1000 for one in (small, big)]
        tails = [one[int(len(one) * 0.95)] * 1000 for one in (small, big)]
        lines.append(
            f"| {road} | {halves[0]:.0f} | {tails[0]:.0f} | {halves[1]:.0f} | {tails[1]:.0f} "
            f"| {halves[1] / halves[0]:.2f} | {budget} | {len(small) + len(big)} |"
        )
    if load > (os.cpu_count() or 1):
        lines += ["", "The machine was busy with other work: measure again when it is quiet."]
    return lines
