"""Contrast of the tokens, read from tokens.css itself, so that the style guide's figures cannot go stale."""

import functools
import math
import re

from django.contrib.staticfiles import finders

DECLARATION = re.compile(r"--([a-z0-9-]+):\s*light-dark\(oklch\(([^)/]+)\),\s*oklch\(([^)/]+)\)\)")

Oklch = tuple[float, float, float]


@functools.cache
def tokens() -> dict[str, tuple[Oklch, Oklch]]:
    """Every opaque colour token: name → (light, dark) as lightness, chroma, hue."""
    path = finders.find("css/tokens.css")
    with open(str(path), encoding="utf-8") as sheet:
        return {
            name: (_numbers(light), _numbers(dark)) for name, light, dark in DECLARATION.findall(sheet.read())
        }


def contrast(name: str, ground: str, dark: bool) -> float:
    """WCAG 2 contrast ratio of two tokens in one theme, 1 to 21."""
    lights = sorted((luminance(tokens()[token][dark]) for token in (name, ground)), reverse=True)
    return (lights[0] + 0.05) / (lights[1] + 0.05)


def luminance(colour: Oklch) -> float:
    """Relative luminance of an OKLCH colour clipped to sRGB (matrices: Ottosson, "A perceptual color space", 2020)."""
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(max(part, 0.0), 1.0) for part in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _numbers(text: str) -> Oklch:
    lightness, chroma, hue = (float(part) for part in text.split())
    return lightness, chroma, hue
