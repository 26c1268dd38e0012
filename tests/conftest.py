"""The database under the tests: the checkout's embedded PostgreSQL unless DATABASE_URL names another."""

import gc
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from authsec.database import embedded
from tests import sharing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.servers import Service
    from tests.visitor import Visitor

_cluster = ExitStack()
LINES_SHOWN = 40


def pytest_sessionstart() -> None:
    if not os.environ.get("DATABASE_URL"):
        _cluster.enter_context(embedded.cluster())


def pytest_sessionfinish() -> None:
    _cluster.close()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    sharing.order(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> sharing.Scheduling:
    return sharing.scheduler(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed before a served installation shows what that said last: a status alone tells no reason."""
    report = yield
    used = getattr(item, "funcargs", {}).values()
    logs = {
        log for one in used if isinstance(log := getattr(getattr(one, "service", one), "log", None), Path)
    }
    for log in logs if report.failed else ():
        lines = log.read_text(errors="replace").splitlines()
        report.sections.append(("the server's last lines", "\n".join(lines[-LINES_SHOWN:])))
    return report


def pytest_collection_finish() -> None:
    """What is imported and collected stays until the end: the collector need not look at it every time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def static_files_found_once() -> Iterator[None]:
    """Each test client builds the middleware anew, and WhiteNoise would look at every static file each time.

    That is 10 ms, the larger part of a request. The files are those of the checkout; a server of a test's own
    finds them by itself.
    """
    from whitenoise.middleware import WhiteNoiseMiddleware

    look = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[str, Any] = {}

    def look_once(middleware: WhiteNoiseMiddleware) -> None:
        if not found:
            look(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", look_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def patient_what_ifs() -> Iterator[None]:
    """A what if in these processes takes the time it needs: that it gives way after two seconds, so that nobody waits
    for its locks, would say of a test on a busy machine that something else is being changed.
    """
    from authz.what_if import simulate

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulate, "VERB_TIME_S", 60.0)
        patch.setattr(simulate, "HOLD_S", 120.0)
        yield


@pytest.fixture(autouse=True)
def outbox_of_its_own(settings: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Mails of a test go to a folder of its own."""
    settings.EMAIL_FILE_PATH = tmp_path_factory.mktemp("outbox")  # type: ignore[attr-defined]
    yield


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], "Service"]]:
    """Servers by number of workers, each started at its first use and kept until the end of the run."""
    from tests.servers import serving

    with ExitStack() as running:
        started: dict[int, Service] = {}

        def with_workers(workers: int) -> "Service":
            if workers not in started:
                var = tmp_path_factory.mktemp(f"service-{workers}")
                started[workers] = running.enter_context(serving(var, workers=workers))
            return started[workers]

        yield with_workers


@pytest.fixture
def service(services: Callable[[int], "Service"], request: pytest.FixtureRequest) -> "Service":
    """A server process with the demo's world; four workers unless the test is parametrized otherwise."""
    return services(getattr(request, "param", 4))


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A headless Chromium for one module's tests."""
    from tests.visitor import chromium

    with chromium() as opened:
        yield opened


@pytest.fixture
def visit(browser: "Browser", service: "Service") -> Iterator[Callable[..., "Visitor"]]:
    """Opens browser profiles, one a person; they are closed with the test."""
    from tests.visitor import Visitor

    with ExitStack() as open_profiles:

        def newcomer(**options: Any) -> "Visitor":
            visitor = Visitor(browser, service, **options)
            open_profiles.callback(visitor.close)
            return visitor

        yield newcomer


@pytest.fixture
def own_database(django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """Django, in every thread, speaks to a fresh clone; dropped at the end. For tests that commit."""
    from django.db import connection

    from oauth import keys
    from tests import databases

    with databases.clone() as address, django_db_blocker.unblock():  # type: ignore[attr-defined]
        before = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = urlsplit(address).path.removeprefix("/")
        keys.forget()  # each database has signing keys of its own
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before
            keys.forget()
