"""The protocol's tests share an address: what one counted must not stop the next."""

import pytest

from oauth import throttle


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    """Each test starts with no request counted."""
    throttle._limiter.cache_clear()
