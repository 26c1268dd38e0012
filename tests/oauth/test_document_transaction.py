"""A stranger's server is waited for without holding anything of the database's."""

import pytest
from django.db import connection
from django.test import Client as Browser

from tests.oauth.internet import URL, Internet
from tests.oauth.world import REDIRECT_URI

pytestmark = pytest.mark.slow


def test_no_transaction_is_open_while_a_document_is_fetched(own_database: None, internet: Internet) -> None:
    open_then: list[bool] = []
    internet.before = lambda: open_then.append(connection.in_atomic_block)
    query = f"client_id={URL}&redirect_uri={REDIRECT_URI}"
    answer = Browser().get(f"/oauth/authorize?{query}")
    assert open_then == [False]
    assert answer.status_code == 302, "the client is known: what else is wrong is told to it"
    assert answer["Location"].startswith(REDIRECT_URI)
