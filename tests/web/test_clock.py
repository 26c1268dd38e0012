"""Times are said as a person says them."""

import datetime as dt

import pytest

from authsec.web import clock

NOW = dt.datetime(2026, 11, 22, 14, 32, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (dt.timedelta(seconds=20), "now"),
        (dt.timedelta(seconds=50), "1 min ago"),
        (dt.timedelta(minutes=59, seconds=20), "59 min ago"),
        (dt.timedelta(minutes=59, seconds=40), "1 h ago"),
        (dt.timedelta(hours=23, minutes=59), "23 h ago"),
        (dt.timedelta(days=1, hours=3), "yesterday"),
        (dt.timedelta(days=6), "6 days ago"),
        (dt.timedelta(days=20), "2 weeks ago"),
        (dt.timedelta(days=40), "13 Oct 2026"),
        (-dt.timedelta(days=6), "in 6 days"),
        (-dt.timedelta(days=1, hours=1), "tomorrow"),
        (-dt.timedelta(hours=3, minutes=59), "in 4 h"),
        (-dt.timedelta(hours=3, minutes=20), "in 3 h"),
    ],
)
def test_relative_times_read_like_speech(ago: dt.timedelta, said: str) -> None:
    assert clock.relative(NOW - ago, NOW) == said


def test_the_full_time_names_its_zone() -> None:
    assert clock.full(NOW) == "22 Nov 2026, 14:32:00 UTC"
