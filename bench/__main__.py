"""`make bench`: run the benchmarks, print their tables, write them to var/bench.md."""

import argparse
import os
import platform
import sys
from importlib.metadata import version

from authsec.database import embedded
from bench import effective_access, end_users, introspection, verification
from bench.world import build


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a round (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=2, help="times A B B A (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=16, help="keep-alive connections")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes of each server")
    parser.add_argument("--threads", type=int, default=2, help="threads of each of them")
    parser.add_argument("--end-users", type=int, default=5_000, help="end users in the generated world")
    parser.add_argument("--users", type=int, default=1_000_000, help="users of the large tenant")
    parser.add_argument("--turns", type=int, default=12, help="times that each tenant is asked")
    parser.add_argument("--only", choices=["introspection", "access", "end-users"], help="one of them")
    parser.add_argument("--people", type=int, default=1_000_000, help="end users of the large tenant")
    parser.add_argument(
        "--beside", type=int, default=1_000_000, help="end users of each of two tenants beside it"
    )
    parser.add_argument(
        "--bulk", action="store_true", help="with end-users: also suspend 100,000 and export all"
    )
    options = parser.parse_args()
    with embedded.cluster() as cluster:
        lines: list[str] = []
        if options.only != "end-users":
            world = build(cluster, end_users=options.end_users, port=introspection.free_port())
            if options.only != "access":
                lines += [*introspection.run(cluster, world, options), *verification.run(world), ""]
            if options.only != "introspection":
                lines += [*effective_access.run(cluster, world, options), ""]
        if options.only in (None, "end-users"):
            lines += end_users.run(cluster, options)
    text = "\n".join([*_about(options), "", *lines, ""])
    print(text)
    file = embedded.CHECKOUT / "var" / "bench.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    print(f"Written to {file.relative_to(embedded.CHECKOUT)}")
    return 0


def _about(options: argparse.Namespace) -> list[str]:
    return [
        "# Benchmarks",
        "",
        f"{platform.machine()}, {os.cpu_count()} cores, shared by client, servers and PostgreSQL; "
        f"Python {platform.python_version()}, Django {version('django')}, granian {version('granian')}, "
        f"psycopg {version('psycopg')}.",
        f"{options.workers} workers × {options.threads} threads each, {options.connections} keep-alive connections, "
        f"rounds of {options.seconds:g} s in the order A B B A, {options.repeats} times. "
        "Ratios matter, not the absolute figures.",
    ]


if __name__ == "__main__":
    sys.exit(main())
