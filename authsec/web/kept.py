"""What a tag draws, kept: a page shows the same pill a hundred times."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from django.utils.translation import get_language

Draw = TypeVar("Draw", bound=Callable[..., Any])
MOST = 2_048


def kept(draw: Draw) -> Draw:
    """Draw once for the same arguments in the same language. For what follows from its arguments alone.

    Typed, because a text that is safe as it stands equals one that is not, and is drawn otherwise.
    """

    @functools.lru_cache(maxsize=MOST, typed=True)
    def in_language(_language: str | None, *given: Any, **named: Any) -> Any:
        return draw(*given, **named)

    @functools.wraps(draw)
    def drawn(*given: Any, **named: Any) -> Any:
        return in_language(get_language(), *given, **named)

    return drawn  # type: ignore[return-value]
