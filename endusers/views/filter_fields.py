"""The fields behind *Filter*: the same for everybody who may choose among the same things and has chosen the same."""

import functools
from collections.abc import Sequence

from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from endusers.filters import Chosen, FilterForm
from endusers.queries import Choice

MOST = 256  # some ten kilobytes each


def filter_fields(chosen: Chosen, offered: Sequence[Choice]) -> SafeString:
    """The fields as the address fills them. Kept, for a dozen fields cost as much time as twenty rows of the list."""
    data = ((name, chosen.form.data.get(name, "")) for name in chosen.form.fields if name != "q")
    choices = (choice for choice in offered if choice.kind != "view")
    return _drawn(get_language(), tuple(choices), tuple(pair for pair in data if pair[1]))


@functools.lru_cache(maxsize=MOST)
def _drawn(
    _language: str | None, choices: tuple[Choice, ...], data: tuple[tuple[str, str], ...]
) -> SafeString:
    query = QueryDict(mutable=True)
    query.update(dict(data))
    return render_to_string("endusers/filter_fields.html", {"form": FilterForm(query, choices)})
