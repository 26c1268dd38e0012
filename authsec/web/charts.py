"""Geometry of the small charts: numbers in, SVG coordinates out. Scales start at 0."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 240, 28


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    today: bool


def bars(values: Sequence[float]) -> list[Bar]:
    """One bar a day, the last one (today, not over yet) drawn hollow."""
    top, step = max([*values, 1]), WIDTH / max(len(values), 1)
    drawn = []
    for index, value in enumerate(values):
        height = round(HEIGHT * value / top, 2)
        drawn.append(
            Bar(
                round(index * step, 2),
                round(HEIGHT - height, 2),
                round(step * 0.76, 2),
                height,
                index == len(values) - 1,
            )
        )
    return drawn


def line(values: Sequence[float]) -> dict[str, str]:
    """Points of the line, of today's dashed end and of the area under it."""
    top, step = max([*values, 1]), WIDTH / max(len(values) - 1, 1)
    points = [f"{index * step:.1f},{HEIGHT - HEIGHT * value / top:.1f}" for index, value in enumerate(values)]
    over = points[:-1] or points
    last_x = over[-1].split(",")[0] if over else "0"
    return {
        "line": " ".join(over),
        "today": " ".join(points[-2:]),
        "area": f"0,{HEIGHT} {' '.join(over)} {last_x},{HEIGHT}",
    }


@dataclass(frozen=True)
class Part:
    label: str
    percent: str
    x: float
    width: float
    series: int


def split(shares: Sequence[tuple[str, float]]) -> list[Part]:
    """Parts of a whole in per cent, each with its legend; a part that exists is at least a hair wide."""
    total, x, drawn = sum(share for _, share in shares) or 1, 0.0, []
    for index, (label, share) in enumerate(shares):
        width = WIDTH * share / total
        percent = "<1" if 0 < share / total < 0.01 else f"{share / total:.0%}".rstrip("%")
        drawn.append(
            Part(
                label,
                percent,
                round(x, 2),
                round(max(width - 1.5, 1.5 if share else 0), 2),
                min(index + 1, 4),
            )
        )
        x += width
    return drawn
