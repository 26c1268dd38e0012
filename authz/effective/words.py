"""Small pieces of sentences about access: ways, lists, verbs, spans of time."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from authz.effective.grants import Item

NAMED = 3


def how(items: Iterable[Item]) -> str:
    """By which ways: *directly*, *through on-call*, *directly and through a, b and 4 more*, *as an end user, through
    plan Pro*.
    """
    items = list(items)
    through = dict.fromkeys(
        item.source_name if item.source == "group" else f"service account {item.source_name}"
        for item in items
        if item.source in ("group", "service-account")
    )
    plans = dict.fromkeys(item.source_name for item in items if item.source == "plan")
    ways = ["directly"] if any(item.source == "direct" for item in items) else []
    if through:
        ways.append(f"through {listed(shortened(list(through), NAMED))}")
    if plans:
        ways.append(f"as an end user, through plan {listed(list(plans))}")
    return (
        ", and ".join(filter(None, [listed(ways[:-1]), ways[-1]]))
        if plans and len(ways) > 1
        else listed(ways)
    )


def listed(words: Sequence[str]) -> str:
    """*a*, *a and b*, *a, b and c*."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def shortened(words: Sequence[str], most: int) -> list[str]:
    """The first of these and how many more there are, *most* in all but for the count."""
    return list(words) if len(words) <= most + 1 else [*words[:most], f"{len(words) - most} more"]


def verb_of(description: str, name: str) -> str:
    """A scope's description as it stands in a sentence: *Start a deployment* → *start a deployment*."""
    text = description.rstrip(".") or name
    lowered = len(text) > 1 and text[0].isupper() and not text[1].isupper()
    return text[0].lower() + text[1:] if lowered else text


def span(age: timedelta) -> str:
    """*12 h*, *30 days*, *45 min*."""
    seconds = int(age.total_seconds())
    for size, word in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0 and not (word == "days" and seconds < 2 * size):
            return f"{seconds // size} {word}"
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min"


def many(count: int, one: str, several: str = "") -> str:
    """*1 scope*, *3 scopes*."""
    return f"{count} {one if count == 1 else several or one + 's'}"
