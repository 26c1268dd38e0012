"""A database of its own for tests that commit, from several connections at once."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.db import connection

from tests import databases


@pytest.fixture
def own_database(django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """Django, in every thread, speaks to a fresh clone; dropped at the end."""
    with databases.clone() as address, django_db_blocker.unblock():  # type: ignore[attr-defined]
        before = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = urlsplit(address).path.removeprefix("/")
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before
