"""The database under the tests: the checkout's embedded PostgreSQL unless DATABASE_URL names another."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from authsec.database import embedded

_cluster = ExitStack()


def pytest_sessionstart() -> None:
    if not os.environ.get("DATABASE_URL"):
        _cluster.enter_context(embedded.cluster())


def pytest_sessionfinish() -> None:
    _cluster.close()


@pytest.fixture(autouse=True)
def outbox_of_its_own(settings: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Mails of a test go to a folder of its own."""
    settings.EMAIL_FILE_PATH = tmp_path_factory.mktemp("outbox")  # type: ignore[attr-defined]
    yield
