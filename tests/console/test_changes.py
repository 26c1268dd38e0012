"""What a process remembers of changes: by whom, since when, and for how long."""

import pytest

from authsec.console import changes
from authsec.console.changes import EVERYTHING, Changes

NOW, SKEW, LIFETIME = 1_800_000_000.0, 30.0, 600.0
ADAM = "user t adam"


@pytest.fixture
def heard() -> Changes:
    """A memory that began an hour ago."""
    memory = Changes(lifetime_s=LIFETIME, skew_s=SKEW)
    memory.listening_since(NOW - 3_600)
    return memory


def test_before_it_listens_everything_may_have_changed() -> None:
    assert Changes(lifetime_s=LIFETIME, skew_s=SKEW).concern([ADAM], NOW + 10_000)


def test_a_claim_from_before_it_listened_is_asked_about(heard: Changes) -> None:
    heard.listening_since(NOW)
    assert heard.concern([ADAM], NOW - 1)
    assert heard.concern([ADAM], NOW + SKEW)
    assert not heard.concern([ADAM], NOW + SKEW + 1)


@pytest.mark.parametrize("behind", [0, 10, 30], ids=lambda s: f"our clock is {s} s behind the issuer's")
def test_a_claim_that_misses_the_change_counts_as_older_however_the_clocks_stand(
    behind: int, heard: Changes
) -> None:
    committed = NOW
    read_just_before, issuers_clock = committed - 0.001, behind
    heard.note(ADAM, committed + 0.001)
    assert heard.concern([ADAM], int(read_just_before + issuers_clock))


def test_a_claim_from_well_after_the_change_is_trusted(heard: Changes) -> None:
    heard.note(ADAM, NOW)
    assert not heard.concern([ADAM], NOW + SKEW + 1)


def test_a_change_concerns_those_it_names_and_nobody_else(heard: Changes) -> None:
    heard.note(ADAM, NOW)
    assert heard.concern(["tenant t", ADAM], NOW)
    assert not heard.concern(["tenant t", "user t alice", "identity adam"], NOW)
    heard.note(EVERYTHING, NOW)
    assert heard.concern(["user t alice"], NOW)


def test_it_forgets_a_change_only_when_every_claim_of_before_is_over(heard: Changes) -> None:
    heard.note(ADAM, NOW)
    oldest_end = NOW + SKEW + LIFETIME  # of a claim that still counts as older
    heard.forget(oldest_end)
    assert len(heard) == 1
    heard.forget(oldest_end + SKEW + 1)
    assert len(heard) == 0


def test_a_flood_of_changes_costs_queries_and_not_memory(
    heard: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MOST_ENTRIES", 10)
    for number in range(25):
        heard.note(f"user t {number}", NOW)
    assert len(heard) <= 10
    assert all(heard.concern([f"user t {number}"], NOW) for number in range(25))
