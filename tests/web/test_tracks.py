"""The track draws green while a scope passes, amber from the term that waits, and breaks where it is removed."""

import itertools

from authsec.web.tracks import ANSWERS, nodes


def classes(*answers: str) -> list[str]:
    return [node.classes for node in nodes((answers[0], answers[1], answers[2]))]


def test_a_scope_that_passes_is_green_all_along() -> None:
    assert classes("yes", "yes", "yes") == ["ok line-ok"] * 3


def test_the_line_turns_amber_at_the_term_that_waits_and_stays_so() -> None:
    assert classes("mfa", "yes", "yes") == ["wait line-wait"] * 3


def test_the_term_that_removes_it_breaks_the_line_and_later_terms_go_grey() -> None:
    assert classes("yes", "no", "yes") == ["ok line-ok", "breaks broken", "later"]
    assert classes("mfa", "no", "yes") == ["wait line-wait", "breaks broken", "later"]


def test_an_address_outside_is_amber_but_breaks_the_line() -> None:
    assert classes("address", "yes", "yes") == ["breaks wait", "later", "later"]


def test_later_terms_keep_their_own_answer() -> None:
    assert [str(node.word) for node in nodes(("no", "no", "unasked"))] == ["no", "no", "not asked for"]


def test_a_word_of_the_caller_replaces_the_usual_one() -> None:
    assert nodes(("expired", "yes", "yes"), ("expired 3 Nov", "", ""))[0].word == "expired 3 Nov"


def test_at_most_one_term_breaks_the_line_whatever_the_answers() -> None:
    for answers in itertools.product(ANSWERS, repeat=3):
        assert sum("breaks" in node for node in classes(*answers)) <= 1
