"""The process that does the jobs: procrastinate's worker on a direct connection, and the watch over dead ones.

The queue's tables belong to no tenant. Requests may only put jobs in; this process reads and changes them as
``authsec_system``, on session-level connections past any pooler. What a job itself reads and writes goes through
Django's connection, inside its tenant's context like a request.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Coroutine
from typing import Any

import environ
import psycopg
from django.conf import settings
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app as django_app
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout

from authsec.database.context import SYSTEM

log = logging.getLogger(__name__)
# A worker that has not been heard of for so many heartbeats is dead, and its jobs are somebody else's.
MISSED_HEARTBEATS = 4
LONGEST_PAUSE_S = 30
CONNECTION_WAIT_S = 5.0  # for one of the worker's own connections; longer means that the database is gone


async def _as_system(connection: psycopg.AsyncConnection[Any]) -> None:
    """The session's role, on every new connection: the login itself may own nothing."""
    await connection.set_autocommit(True)
    await connection.execute(f"set role {SYSTEM}")


def connector(concurrency: int) -> PsycopgConnector:
    """The worker's own connections, by DATABASE_DIRECT_URL."""
    url = environ.Env.db_url_config(settings.DATABASE_DIRECT_URL)
    named = {
        "host": url.get("HOST"),
        "port": url.get("PORT"),
        "dbname": url.get("NAME"),
        "user": url.get("USER"),
        "password": url.get("PASSWORD"),
        "application_name": "authsec work",
        **url.get("OPTIONS", {}),
    }
    return PsycopgConnector(
        kwargs={name: value for name, value in named.items() if value},
        configure=_as_system,
        min_size=1,
        max_size=concurrency + 2,
        timeout=CONNECTION_WAIT_S,
    )


async def work(*, concurrency: int, heartbeat_s: float) -> None:
    """Do jobs until SIGTERM or SIGINT. A database that goes away is waited for.

    A job in progress stops at its next step when the worker is asked to end, and the next worker goes on with it.
    """
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    pause = 1.0
    while not asked.is_set():
        began = loop.time()
        reason: Exception | str = "its listener ended"
        try:
            await _first(_session(concurrency, heartbeat_s), asked)
        except (ConnectorException, psycopg.Error, PoolTimeout) as error:
            reason = error
        if asked.is_set():
            return
        if loop.time() - began > LONGEST_PAUSE_S:
            pause = 1.0
        log.warning("The job worker lost the database and tries again in %s s: %s", pause, reason)
        await _first(asyncio.sleep(pause), asked)
        pause = min(pause * 2, LONGEST_PAUSE_S)


async def _first(what: Coroutine[Any, Any, None], asked: asyncio.Event) -> None:
    """Wait for the end of it, and end it in good order when the worker is asked to end."""
    doing, asking = asyncio.create_task(what), asyncio.create_task(asked.wait())
    await asyncio.wait({doing, asking}, return_when=asyncio.FIRST_COMPLETED)
    asking.cancel()
    doing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await doing


async def _session(concurrency: int, heartbeat_s: float) -> None:
    """Work on one set of connections. Ends by itself when a helper of procrastinate's lost its own: without an error,
    as if it had been asked to, which is why the signals are ours.
    """
    with django_app.replace_connector(connector(concurrency)) as app:
        async with app.open_async():
            watch = asyncio.create_task(_revive(app, heartbeat_s))
            try:
                await app.run_worker_async(
                    concurrency=concurrency,
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=0,
                    update_heartbeat_interval=heartbeat_s,
                    stalled_worker_timeout=heartbeat_s * MISSED_HEARTBEATS,
                    delete_jobs="successful",
                )
            finally:
                watch.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watch


async def _revive(app: App, heartbeat_s: float) -> None:
    """Put the jobs of dead workers back into the queue. Not a job itself: it must not wait behind long ones."""
    while True:
        for job in await app.job_manager.get_stalled_jobs(
            seconds_since_heartbeat=heartbeat_s * MISSED_HEARTBEATS
        ):
            with contextlib.suppress(ConnectorException):  # another worker was quicker
                await app.job_manager.retry_job(job)
                log.warning("Picked up job %s of a worker that is gone", job.id)
        await asyncio.sleep(heartbeat_s * 2)
