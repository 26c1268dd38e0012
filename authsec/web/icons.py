"""Lucide icons as inline SVG, rendered once per process and kept."""

import functools

import lucide
from django.utils.safestring import SafeString, mark_safe

# Names that we say, where Lucide says something else.
ALIASES = {"fingerprint": "fingerprint-pattern", "help": "circle-question-mark"}
# Attributes of Lucide's root that our stylesheet sets instead.
DROPPED = (' width="24"', ' height="24"', ' stroke-width="2"', ' xmlns="http://www.w3.org/2000/svg"')


@functools.cache
def render(name: str, size: int = 16, classes: str = "") -> SafeString:
    """Inline SVG of a Lucide icon, hidden from screen readers: the word beside it speaks.

    size is 12, 16, 20 or 24 CSS px; raises lucide.IconDoesNotExist for an unknown name.
    """
    svg = lucide._render_icon(ALIASES.get(name, name), None)
    for attribute in DROPPED:
        svg = svg.replace(attribute, "", 1)
    names = " ".join(filter(None, ["icon", f"icon-{size}" if size != 16 else "", classes]))
    svg = svg.replace("<svg", f'<svg class="{names}" aria-hidden="true" focusable="false"', 1)
    return mark_safe("".join(line.strip() + " " for line in svg.splitlines()).replace("> <", "><").strip())  # noqa: S308 - the package's own file
