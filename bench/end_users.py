"""The End Users pages over real HTTP: a tenant of a million beside two as large, and one of ten thousand.

One request at a time, a few in each tenant in turn. The processor time of server and PostgreSQL stands beside what the
clock says: other work on the machine lengthens the second, not the first. Afterwards PostgreSQL's own counters tell
whether any of it read a large table whole, and how many index entries a request came to: an exact count would read
them all.
"""

import argparse
import os
import subprocess
import sys
from collections import defaultdict
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import psycopg

from authsec.database.embedded import CHECKOUT, Cluster, Postmaster
from authsec.web.pagination import CAP, LIMIT, Cursor
from bench import cpu
from bench.crowds import LARGE, NAME, SMALL, Crowds, build
from bench.effective_access import _ask
from bench.introspection import _serving, free_port
from bench.world import World

# ms, p95. The detail page and the overview are console pages.
BUDGETS = {
    "first page": 60,
    "filtered": 60,
    "searched, one": 80,
    "searched, many": 80,
    "by cursor, deep": 60,
    "API list": 40,
    "overview": 60,
    "detail": 60,
}
MOST_RATIO = 1.5
TURN = 5  # requests in one tenant, before it is the other's turn
DEEP = {LARGE: 5_000, SMALL: 100}  # the page that the cursor leads to
TABLES = [
    "endusers_enduser",
    "tenants_profile",
    "users",
    "oauth_consent",
    "endusers_endusertier",
    "audit_event",
]
AT = """
select last_seen_at, user_id from endusers_enduser where tenant_id = %s
 order by last_seen_at desc nulls last, user_id desc offset %s limit 1
"""
READ = """
select (select sum(seq_scan) from pg_stat_user_tables where relname = any(%(tables)s)),
       (select sum(idx_tup_read) from pg_stat_user_indexes where relname = any(%(tables)s))
"""
SIZES = "select tenant_id::text, count(*) from endusers_enduser group by 1"


def run(cluster: Cluster, options: argparse.Namespace) -> list[str]:
    """Fill, ask, change in bulk and export; return the tables' lines."""
    crowds = build(cluster, people=options.people, beside=options.beside, port=free_port())
    url = cluster.url(NAME)
    port = int(crowds.environment["PORT"])
    took: dict[tuple[str, str], list[float]] = defaultdict(list)
    spent: dict[tuple[str, str], float] = defaultdict(float)
    load = os.getloadavg()[0]
    roads = {slug: _roads(crowds.tenants[slug], url) for slug in (SMALL, LARGE)}
    before = _read(url)
    requests = 0
    command = ["manage.py", "serve", "--port", str(port), "--workers", "1"]
    with _serving("end users", port, command, World(crowds.environment, ("", ""), [])) as server:
        postmaster = Postmaster.read(cluster.data)
        processes = [server.process.pid, *([postmaster.pid] if postmaster else [])]
        for turn in range(options.turns + 1):
            for slug in (SMALL, LARGE) if turn % 2 else (LARGE, SMALL):
                for road, request in roads[slug].items():
                    begun = sum(map(cpu.tree_seconds, processes))
                    each = [_ask(port, *request) for _ in range(TURN)]
                    requests += TURN
                    if turn:  # the first warms up
                        took[road, slug] += each
                        spent[road, slug] += sum(map(cpu.tree_seconds, processes)) - begun
    scans, entries = (now - then for now, then in zip(_read(url), before, strict=True))
    lines = [*_table(took, spent, _sizes(url, crowds)), "", f"Load average at the start {load:.1f}."]
    if load > (os.cpu_count() or 1):
        lines[-1] += " The machine was busy with other work: measure again when it is quiet."
    lines += [
        "",
        f"Sequential scans of the {len(TABLES)} large tables meanwhile: {scans}. Index entries read: "
        f"{entries / requests:,.0f} a request (counting stops at {CAP:,}).",
    ]
    if options.bulk:
        lines += ["", "## Bulk", "", *_bulk(crowds, "suspend"), "", *_bulk(crowds, "export")]
    return lines


def _roads(tenant: dict[str, str], url: str) -> dict[str, tuple[str, str, str, dict[str, str]]]:
    """What is asked: method, path, body, headers."""
    page = f"/t/{tenant['slug']}/end-users/"
    cookie = {"Cookie": tenant["cookie"]}
    bearer = {"Authorization": f"Bearer {tenant['token']}", "X-Tenant-ID": tenant["tenant"]}

    def listed(**query: str) -> tuple[str, str, str, dict[str, str]]:
        return "GET", f"{page}?{urlencode(query)}", "", cookie

    return {
        "first page": listed(),
        "filtered": listed(plan_tier="pro", seen="7d"),
        "searched, one": listed(q=tenant["email"]),
        "searched, many": listed(q="tanaka"),
        "by cursor, deep": listed(cursor=_deep(tenant, url)),
        "API list": ("GET", f"/uflow/v2/tenants/{tenant['tenant']}/end-users", "", bearer),
        "overview": ("GET", f"{page}overview/", "", cookie),
        "detail": ("GET", f"{page}{tenant['person']}/", "", cookie),
    }


def _deep(tenant: dict[str, str], url: str) -> str:
    """The cursor at the end of the page before the deep one."""
    with psycopg.connect(url) as connection:
        connection.execute("set local role authsec_system")
        skipped = (DEEP[tenant["slug"]] - 1) * LIMIT - 1
        # A tenant that was filled for a trial is not so deep.
        row: tuple[datetime, UUID] | None = connection.execute(AT, [tenant["tenant"], skipped]).fetchone()
    return Cursor("last_seen:desc", False, *row).encode() if row else ""


def _read(url: str) -> tuple[int, int]:
    """Sequential scans and index entries of the large tables so far, of servers that have ended."""
    with psycopg.connect(url) as connection:
        row: Any = connection.execute(READ, {"tables": TABLES}).fetchone()
    return int(row[0]), int(row[1])


def _sizes(url: str, crowds: Crowds) -> dict[str, int]:
    """End users of the small and the large tenant, and of all (an empty key)."""
    with psycopg.connect(url) as connection:
        connection.execute("set local role authsec_system")
        sizes: dict[str, int] = dict(connection.execute(SIZES).fetchall())
    return {slug: sizes[tenant["tenant"]] for slug, tenant in crowds.tenants.items()} | {
        "": sum(sizes.values())
    }


def _table(
    took: dict[tuple[str, str], list[float]], spent: dict[tuple[str, str], float], sizes: dict[str, int]
) -> list[str]:
    lines = [
        "## End users",
        "",
        f"A tenant of {sizes[LARGE]:,} end users of {sizes['']:,} in all, and one of {sizes[SMALL]:,}; one request at "
        f"a time. The deep page is number {DEEP[LARGE]:,} of the large tenant and number {DEEP[SMALL]:,} of the small "
        "one. CPU is the server's and PostgreSQL's, milliseconds a request.",
        "",
        "| | small p50 ms | small p95 ms | large p50 ms | large p95 ms | large : small (p50) | budget p95 ms "
        "| small CPU | large CPU | large : small (CPU) | requests |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for road, budget in BUDGETS.items():
        small, large = (sorted(took[road, slug]) for slug in (SMALL, LARGE))
        halves = [one[len(one) // 2] * 1000 for one in (small, large)]
        tails = [one[int(len(one) * 0.95)] * 1000 for one in (small, large)]
        work = [1000 * spent[road, slug] / len(small) for slug in (SMALL, LARGE)]
        over = " **over**" if tails[1] > budget or halves[1] > MOST_RATIO * halves[0] else ""
        lines.append(
            f"| {road} | {halves[0]:.0f} | {tails[0]:.0f} | {halves[1]:.0f} | {tails[1]:.0f} "
            f"| {halves[1] / halves[0]:.2f} | {budget}{over} | {work[0]:.0f} | {work[1]:.0f} "
            f"| {work[1] / max(work[0], 0.001):.2f} | {len(small) + len(large)} |"
        )
    return lines


def _bulk(crowds: Crowds, action: str) -> list[str]:
    """One bulk action on the large tenant, by `bench.bulk` with a worker of its own; its lines as a list."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.bulk", "--keep", "--database", NAME, "--action", action],
        cwd=CHECKOUT,
        env={name: value for name, value in crowds.environment.items() if name != "AUTHSEC_VAR"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return [f"- {line}" for line in done.stdout.splitlines() if line]
