"""A past moment is answered as it was answered then, through whatever happened since."""

from random import Random

import pytest

from tests.authz.histories import DEEDS, History

pytestmark = pytest.mark.django_db


def replay(seed: int, deeds: int) -> History:
    it = History(Random(seed))
    it.live(deeds)
    for question, then in it.heard.items():
        assert it.answer(question) == then, (seed, question, it.done)
    return it


@pytest.mark.parametrize("seed", range(4))
def test_a_random_history_answers_each_of_its_moments_as_it_did(seed: int) -> None:
    assert replay(seed, 16).heard


@pytest.mark.long
def test_many_random_histories_in_which_everything_happens() -> None:
    done = {line.rsplit(" ", 1)[1] for seed in range(100, 109) for line in replay(seed, 60).done}
    assert {deed.__name__ for deed in DEEDS} <= done
