"""Contrast of the tokens, computed from tokens.css: WCAG 2.2 AA in both themes."""

import pytest

from authsec.web import colour

TEXT = [
    *(
        (ink, ground)
        for ink in ("ink", "ink-2", "ink-3")
        for ground in ("canvas", "surface", "sunken", "raised", "hover")
    ),
    *(
        (f"{tone}-text", ground)
        for tone in ("ok", "wait", "stop", "accent")
        for ground in ("surface", f"{tone}-wash")
    ),
    ("ink-2", "accent-wash"),
    ("ink-3", "accent-wash"),
    ("on-fill", "fill"),
    ("on-fill", "stop-solid"),
    ("on-inverse", "inverse"),
]
MARKS = [
    ("field", "surface"),
    ("accent", "surface"),
    *((f"{tone}-mark", "surface") for tone in ("ok", "wait", "stop")),
]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_reads_at_four_and_a_half_to_one(ink: str, ground: str, dark: bool) -> None:
    assert colour.contrast(ink, ground, dark) >= 4.5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_marks_and_field_borders_show_at_three_to_one(mark: str, ground: str, dark: bool) -> None:
    assert colour.contrast(mark, ground, dark) >= 3


def test_black_on_white_is_twenty_one() -> None:
    white, black = colour.luminance((1, 0, 0)), colour.luminance((0, 0, 0))
    assert (white + 0.05) / (black + 0.05) == pytest.approx(21, abs=0.01)
