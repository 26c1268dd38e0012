"""`python -m bench.bulk`: one bulk suspension by a real worker, its memory, and what a list page feels meanwhile.

A database of its own with the demo; the figures go to the terminal, with the load of the machine beside them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from authsec.database import embedded

NAME = "authsec_bulk"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--end-users", type=int, default=110_000, help="in the tenant (default: %(default)s)")
    parser.add_argument(
        "--action", default="suspend", help="suspend, suspend_and_revoke, set_plan_tier or export"
    )
    parser.add_argument("--keep", action="store_true", help="use the database of the last run")
    options = parser.parse_args()
    with embedded.cluster() as cluster:
        var = embedded.CHECKOUT / "var" / "bulk"
        os.environ |= {
            "DATABASE_URL": cluster.url(NAME),
            "AUTHSEC_VAR": str(var),
            "AUTHSEC_ENV": "development",
            "PYTHONPATH": str(embedded.CHECKOUT),
            "DJANGO_SETTINGS_MODULE": "authsec.settings",
        }
        if not options.keep:
            _build(cluster.url(embedded.DATABASE), options.end_users)
        import django

        django.setup()
        _measure(options.action, var)
    return 0


def _build(url: str, end_users: int) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {NAME} with (force)")
        connection.execute(f"create database {NAME}")
    for command in (
        ["migrate", "--verbosity", "0"],
        ["demo", "--verbosity", "0", "--end-users", str(end_users)],
    ):
        subprocess.run([sys.executable, "manage.py", *command], cwd=embedded.CHECKOUT, check=True)
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("vacuum analyze")


def _measure(action: str, var: Path) -> None:
    from authsec.database.context import tenant_context
    from authsec.jobs.models import Job
    from tenants.models import Tenant

    demo = json.loads((var / "demo.json").read_text())
    tenant = next(entry for entry in demo["tenants"] if entry["slug"] == "alex-tools")
    with tenant_context(tenant["id"]):
        open_tenant = Tenant.objects.get(pk=tenant["id"])
    calm = [_page(open_tenant) for _ in range(200)]
    job = _ask(open_tenant, action)
    work = [sys.executable, "manage.py", "work", "--concurrency=1"]
    busy: list[float] = []
    with subprocess.Popen(work, cwd=embedded.CHECKOUT, stdout=subprocess.DEVNULL) as worker:
        peak = 0
        while True:
            busy.append(_page(open_tenant))
            peak = max(peak, _peak(worker.pid))
            with tenant_context(open_tenant.pk):
                now = Job.objects.get(pk=job.pk)
            if not now.active:
                break
            time.sleep(0.02)
        worker.terminate()
    took = (now.finished_at - now.started_at).total_seconds()
    each = now.done / took
    print(f"{action}: {now.done:,} of {now.total:,} people, {now.status}, {took:.2f} s, {each:,.0f} a second")
    print(f"worker's peak {peak / 1e6:.0f} MB; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"the list's first page, p95: {_p95(calm):.1f} ms before, {_p95(busy):.1f} ms meanwhile")


def _ask(tenant: Any, action: str) -> Any:
    from django.utils import timezone

    from authsec.audit.actor import Actor
    from authsec.database.context import tenant_context
    from endusers.bulk import jobs
    from endusers.bulk.selection import Selection
    from endusers.bulk.verbs import VERBS
    from endusers.queries import Filters
    from tenants.models import Membership

    params = {"set_plan_tier": {"plan_tier": "pro"}, "export": {"format": "csv"}}.get(action, {})
    whom = {"status": "suspended"} if action == "reactivate" else {"status": "active"}
    with tenant_context(tenant.pk):
        owner = Membership.objects.get(tenant=tenant, type="owner").user_id
        return jobs.ask(
            tenant_id=tenant.pk,
            verb=VERBS[action],
            selection=Selection(Filters(**whom)),
            params=params,
            reason="bench",
            actor=Actor("member", owner, "Alex", "owner", via="console"),
            now=timezone.now(),
        )


def _page(tenant: Any) -> float:
    from authsec.database.context import tenant_context
    from endusers.queries import Filters, search

    begun = time.perf_counter()
    with tenant_context(tenant.pk):
        search(tenant.pk, Filters())
    return (time.perf_counter() - begun) * 1000


def _peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(found[0].split()[1]) * 1024 if found else 0


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


if __name__ == "__main__":
    sys.exit(main())
