"""A real feed under tests that run in this process."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from authsec.console import feed
from authsec.console.feed import Feed
from tests.servers import eventually

AN_HOUR = 3_600
BEAT_S = 0.05  # a feed that is told to stop hears it at its next beat


@contextmanager
def listening() -> Iterator[Feed]:
    """A feed of this process, live on the database under test, as if it had listened for an hour.

    What the block finds has therefore not changed lately; what happens inside is heard.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed, "BEAT_S", BEAT_S)
        heard = Feed()
        heard.start()
        before = feed.use(heard)
        try:
            eventually(lambda: heard.live, what="the feed's first beat")
            heard.changes.listening_since(time.time() - AN_HOUR)
            yield heard
        finally:
            feed.use(before)
            heard.stop(wait_s=5)
