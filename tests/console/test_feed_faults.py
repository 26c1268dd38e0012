"""A feed that is dead, silent, behind a pooler or in a forked child: the database decides until it is heard again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.console import feed as feeds
from authsec.console.feed import Feed, FeedLost, connect_directly, refuse_pooler
from authsec.database.context import tenant_context
from authsec.database.embedded import CHECKOUT
from tenants import operations as tenants
from tests import cast, databases
from tests.console.api import Api, cli, problem, token_of
from tests.console.fast_path import listening
from tests.servers import eventually

pytestmark = [pytest.mark.slow]
READ = "/uflow/v2/groups"


@contextmanager
def silent() -> Iterator[None]:
    """The database's end of every feed stops answering, without closing anything."""
    with connect_directly() as connection:
        rows = connection.execute(
            "select pid from pg_stat_activity where application_name = 'authsec feed'"
            " and datname = current_database() and pid <> pg_backend_pid()"
        )
        pids = [row[0] for row in rows]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.skipif(
    bool(os.environ.get("DATABASE_URL")), reason="stops a process of the embedded PostgreSQL, on this machine"
)
@pytest.mark.usefixtures("own_database")
def test_a_silent_feed_is_not_trusted_for_more_than_five_seconds() -> None:
    acme = cast.open_tenant()
    adam = cast.member(acme, "adam@acme.example", "admin")
    cli()
    with listening() as feed:
        api = Api(token_of(adam), acme)
        assert api.get(READ).status_code == 200
        with silent():
            began = feeds.clock()
            with tenant_context(acme.pk):
                tenants.remove_member(tenant_id=acme.pk, user_id=adam.pk, actor=SYSTEM, now=timezone.now())
            asked = feeds.clock()
            while api.get(READ).status_code != 403:
                assert asked - began <= feeds.LIVE_S, "no request that begins later is let in"
                asked = feeds.clock()
            assert problem(api.get(READ)) == (403, "membership-left")
            assert not feed.live
        eventually(lambda: feed.live, what="the feed's return")
        assert problem(api.get(READ)) == (403, "membership-left")


@pytest.mark.django_db
def test_a_feed_that_cannot_connect_says_so_once_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    refused = [True]

    def connect() -> psycopg.Connection[object]:
        if refused:
            raise psycopg.OperationalError("connection refused")
        return connect_directly()

    feed = Feed(connect=connect)
    feed.start()
    try:
        eventually(lambda: "event=feed.lost" in caplog.text, what="the word of it")
        assert not feed.live
        refused.clear()
        eventually(lambda: feed.live, what="the feed's first beat")
    finally:
        feed.stop(wait_s=5)
    assert not feed.live
    ours = [record.getMessage() for record in caplog.records if record.name == "authsec.feed"]
    assert [line.split()[0] for line in ours] == ["event=feed.lost", "event=feed.live"]
    assert "connection refused" in ours[0]


@pytest.mark.django_db
def test_a_pooler_is_refused_because_it_would_drop_what_we_wait_for() -> None:
    class Pooled:
        """A connection whose server process is another one than the one we were introduced to."""

        class info:
            backend_pid = 1

        def __init__(self, connection: psycopg.Connection[object]) -> None:
            self.execute = connection.execute

    with connect_directly() as connection:
        refuse_pooler(connection)
        with pytest.raises(FeedLost, match="DATABASE_DIRECT_URL"):
            refuse_pooler(Pooled(connection))  # type: ignore[arg-type]


FORKS = """
import os, time, django
django.setup()
from authsec.console import feed

def live():
    feed.keep_running()
    until = time.monotonic() + 60
    while not feed.current().live and time.monotonic() < until:
        time.sleep(0.02)
    return feed.current().live

assert feed.current() is None
assert live()
parents = feed.current()
child = os.fork()
if child == 0:
    alone = feed.current() is None
    os._exit(0 if alone and live() and feed.current() is not parents else 1)
assert os.waitpid(child, 0)[1] == 0, "the child"
time.sleep(1.5)
assert parents.live, "the parent's connection"
"""


def test_a_forked_child_listens_for_itself_and_leaves_its_parents_connection_alone() -> None:
    with databases.clone() as address:
        done = subprocess.run(
            [sys.executable, "-c", FORKS],
            cwd=CHECKOUT,
            env=databases.clean_environment()
            | {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "authsec.settings"},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
    assert done.returncode == 0, done.stderr
