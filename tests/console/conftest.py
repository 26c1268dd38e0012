"""What the tests of the console share."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import transaction

from tests.console import world as worlds


@pytest.fixture(scope="module")
def shared_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[worlds.World]:
    """Both tenants, made once for a module; each test that asks for ``db`` rolls back to here."""
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(transaction.atomic())
        made = worlds.build()
        stack.callback(transaction.set_rollback, True)
        yield made
