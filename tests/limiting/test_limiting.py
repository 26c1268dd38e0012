"""Limits are counted by all processes together: of one node in shared memory, of several in a real Valkey."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from authsec import limiting
from authsec.database.embedded import CHECKOUT
from authsec.limiting import shared
from authsec.limiting.shared import WAYS, SharedCounts
from authsec.limiting.valkey import Standby
from oauth import throttle
from tests import cast
from tests.limiting.valkey import Valkey, serving
from tests.servers import eventually

SPEND = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "authsec.settings"
from authsec.limiting import valkey
from oauth import throttle
valkey.PATIENCE_S = 10  # of a busy machine
print(sum(throttle.hit("register", "192.0.2.1") for _ in range(int(sys.argv[1]))))
"""


@pytest.fixture(autouse=True)
def own_counters(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing counted before, and nothing left for the next test."""
    monkeypatch.delenv(limiting.NODE, raising=False)
    limiting.start_over()
    yield
    limiting.start_over()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with serving(tmp_path_factory.mktemp("valkey")) as valkey:
        yield valkey


@pytest.fixture
def valkey(running: Valkey, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Valkey:
    """A Valkey that this process counts in, however long it takes to answer on a busy machine."""
    monkeypatch.setattr("authsec.limiting.valkey.PATIENCE_S", 10)
    if not running.process:
        running.start()
    settings.VALKEY_URL = running.url.replace("valkey://", "redis://")
    return running


def elsewhere(times: int, **environment: str) -> int:
    """How many of so many calls another process lets through."""
    done = subprocess.run(
        [sys.executable, "-c", SPEND, str(times)],
        cwd=CHECKOUT,
        env={key: value for key, value in os.environ.items() if key != limiting.NODE} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return int(done.stdout)


def test_processes_of_one_node_share_a_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limiting.share(tmp_path / "counters" / "8000")
    file = os.environ[limiting.NODE]
    monkeypatch.setenv(limiting.NODE, file)  # taken back after the test
    assert elsewhere(40, **{limiting.NODE: file}) == 40
    assert sum(throttle.hit("register", "192.0.2.1") for _ in range(40)) == 20
    monkeypatch.delenv(limiting.NODE)
    limiting.start_over()
    assert throttle.hit("register", "192.0.2.1"), "a process without the node's memory counts for itself"


def test_no_count_is_lost_between_rivals(tmp_path: Path) -> None:
    file, each = tmp_path / "counters", 5_000
    SharedCounts.lay_out(file)
    rival = (
        "import sys; from pathlib import Path; from authsec.limiting.shared import SharedCounts\n"
        f"counts = SharedCounts(Path(sys.argv[1]))\nfor _ in range({each}): counts.incr('one', 60)"
    )
    rivals = [subprocess.Popen([sys.executable, "-c", rival, str(file)], cwd=CHECKOUT) for _ in range(3)]
    assert [one.wait(timeout=60) for one in rivals] == [0, 0, 0]
    assert SharedCounts(file).get("one") == 3 * each
    assert file.stat().st_mode & 0o777 == 0o600


def test_memory_is_bounded_and_the_window_that_ends_first_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "ALONE_SETS", 1)
    counts = SharedCounts()
    for number in range(WAYS):
        counts.incr(f"long {number}", 3_600)
    counts.incr("short", 60)  # takes the place of one
    counts.incr("next", 3_600)  # takes that of the short one
    assert counts.get("short") == 0
    assert counts.get("next") == 1
    assert sum(counts.get(f"long {number}") for number in range(WAYS)) == WAYS - 1
    counts.clear("next")
    assert counts.get("next") == 0


def test_nobody_knows_whose_counter_a_key_of_theirs_crowds_out(tmp_path: Path) -> None:
    def place(counts: SharedCounts) -> bytes:
        with counts._set_of("calls/chosen/1") as (digest, _places):
            return digest

    files = [tmp_path / "one", tmp_path / "other"]
    for file in files:
        SharedCounts.lay_out(file)
    ours, theirs = map(SharedCounts, files)
    assert place(ours) == place(SharedCounts(files[0]))
    assert len({place(ours), place(theirs), place(SharedCounts())}) == 3


def test_nodes_share_a_count_in_valkey(valkey: Valkey) -> None:
    assert elsewhere(40, VALKEY_URL=valkey.url) == 40
    assert sum(throttle.hit("register", "192.0.2.1") for _ in range(40)) == 20
    assert throttle.exhausted("register", "192.0.2.1")
    assert not throttle.exhausted("register", "192.0.2.2")


def test_a_window_in_valkey_says_what_remains_and_when_it_ends(valkey: Valkey) -> None:
    assert limiting.look("calls", "nobody yet", limit=3, window_s=60) == limiting.Tally(3, 0, 0)
    tally = limiting.spend("calls", "nobody yet", limit=3, window_s=60)
    assert (tally.remaining, tally.exceeded) == (2, False)
    assert 58 <= tally.reset_s <= 60
    assert limiting.look("calls", "nobody yet", limit=3, window_s=60).used == 1
    assert limiting.look("calls", "b", limit=3, window_s=60).used == 0


def test_while_valkey_is_gone_a_node_counts_for_itself_and_says_so(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("authsec.limiting.valkey.RETRY_S", 0.2)
    alone = limiting.COUNTED_ALONE.labels(process=str(os.getpid()))._value
    before = alone.get()

    def one() -> limiting.Tally:
        return limiting.spend("calls", "a", limit=2, window_s=60)

    one()
    used = limiting.look("calls", "a", limit=2, window_s=60).used
    valkey.stop()
    assert [one().exceeded for _ in range(3)] == [False, False, True]
    assert alone.get() == before + 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    valkey.start()  # empty: it keeps nothing on disk
    eventually(lambda: limiting.look("calls", "a", limit=2, window_s=60).used == 0, what="Valkey's return")
    assert used
    assert one().used == 1


@pytest.mark.django_db
def test_sign_in_goes_on_and_stays_limited_while_valkey_is_gone(
    valkey: Valkey, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("authsec.limiting.valkey_cache.STANDBY", Standby("the database counts"))
    kept = settings.CACHES["database"]
    backend = {"BACKEND": "authsec.limiting.valkey_cache.ValkeyCache", "LOCATION": settings.VALKEY_URL}
    settings.CACHES = {"default": kept | backend, "database": kept}
    olga = cast.person("olga@acme.example")
    olga.set_password("a long enough password")
    olga.save()

    def sign_in(password: str, who: str = olga.email) -> Any:
        return Client().post("/accounts/login/", {"login": who, "password": password})

    assert sign_in("a long enough password").status_code == 302
    assert not any("does not answer" in record.message for record in caplog.records)
    valkey.stop()
    assert sign_in("a long enough password").status_code == 302
    assert [record.message for record in caplog.records if record.levelname == "WARNING"].count(
        "Valkey does not answer: the database counts"
    ) == 1
    answers = [sign_in("wrong", "nobody@acme.example").text for _ in range(6)]
    assert "Too many tries" not in answers[0]
    assert "Too many tries" in answers[5]
