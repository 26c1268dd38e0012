"""Counting introspections: exact whoever counts at one time, and kept while the database is away."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from authsec.database.embedded import CHECKOUT
from oauth.reasons import ACTIVE, INACTIVE, RATE_LIMITED
from oauth.usage.activity import Counters

TENANT, FIRST, SECOND = uuid4(), uuid4(), uuid4()


class Ledger:
    """Where the counters write; ``away`` while the database does not answer."""

    def __init__(self) -> None:
        self.away, self.kept = False, Counter[tuple[Any, ...]]()

    def __enter__(self) -> "Ledger":
        if self.away:
            raise psycopg.OperationalError("away")
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to give back."""

    def execute(self, statement: str, columns: list[list[Any]]) -> None:
        for *key, number in zip(*columns, strict=True):
            self.kept[tuple(key[1:2] + key[3:])] += number


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def test_nothing_is_lost_or_counted_twice_while_it_is_written_down(ledger: Ledger) -> None:
    counters = Counters(lambda: ledger, every_s=3600)  # type: ignore[arg-type, return-value]

    def work(number: int) -> None:
        for turn in range(500):
            counters.count(TENANT, FIRST if turn % 2 else SECOND, active=True, reason="")
            if turn % 50 == number:
                counters.flush()

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(work, range(8)))
    counters.stop()
    assert ledger.kept == {(FIRST, True, ""): 2_000, (SECOND, True, ""): 2_000}


def test_what_could_not_be_written_is_written_later(ledger: Ledger) -> None:
    counters = Counters(lambda: ledger, every_s=3600)  # type: ignore[arg-type, return-value]
    ledger.away = True
    counters.count(TENANT, FIRST, active=False, reason="expired")
    counters.flush()
    counters.count(TENANT, FIRST, active=False, reason="expired")
    counters.flush()
    assert not ledger.kept
    ledger.away = False
    counters.stop()
    assert ledger.kept == {(FIRST, False, "expired"): 2}


def test_every_reason_that_the_database_gives_has_words() -> None:
    folder = CHECKOUT / "oauth" / "sql"
    rule = (folder / "standing.sql").read_text().split("$$")[1]
    given = set(re.findall(r"(?:then|else) '(\w+)'", rule)) - {"unknown", "user"}
    said = [
        line
        for line in (folder / "introspect.sql").read_text().splitlines()
        if "why" in line or "expired" in line
    ]
    given |= set(re.findall(r"'(\w+)'", "\n".join(said)))
    given.add(RATE_LIMITED)  # that one the endpoint gives itself
    assert given == set(INACTIVE) | set(ACTIVE) - {""}
