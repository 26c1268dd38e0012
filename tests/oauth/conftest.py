"""The protocol's tests share an address: what one counted must not stop the next."""

from collections.abc import Iterator

import pytest

from authsec import limiting
from oauth.documents import clients as documents
from oauth.outbound import fetch
from tests.oauth.internet import Internet


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    """Each test starts with no request counted."""
    limiting.start_over()


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Internet]:
    """The outside, of which these tests decide what it says; the fetcher's own tests speak to a real server."""
    made = Internet()
    monkeypatch.setattr(fetch, "fetch", made.fetch)
    documents.failures.clear()
    yield made
    documents.failures.clear()
