"""Two databases of a new cluster may be migrated at one moment: the roles belong to the cluster."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from authsec.database import roles
from authsec.database.embedded import CHECKOUT, Cluster

WAITING = "select count(*) from pg_stat_activity where datname = 'second' and wait_event_type = 'Lock'"


def until_it_waits(watcher: psycopg.Connection[tuple[int]], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while watcher.execute(WAITING).fetchone() == (0,):
        assert process.poll() is None, "it did not wait for the other one"
        assert time.monotonic() < deadline


@pytest.mark.slow
def test_the_second_of_two_databases_waits_for_the_firsts_roles_and_uses_them() -> None:
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder) / "cluster", durable=False) as cluster:
        with psycopg.connect(cluster.url("postgres"), autocommit=True) as watcher:
            for name in ("first", "second"):
                watcher.execute(f"create database {name}")
            with psycopg.connect(cluster.url("first")) as first:
                for statement in roles.statements():
                    first.execute(statement)
                second = subprocess.Popen(
                    [sys.executable, "manage.py", "migrate", "database", "--verbosity", "0"],
                    cwd=CHECKOUT,
                    env=os.environ | {"DATABASE_URL": cluster.url("second")},
                    stderr=subprocess.PIPE,
                    text=True,
                )
                until_it_waits(watcher, second)
            said = second.communicate(timeout=90)[1]
        assert second.returncode == 0, said
