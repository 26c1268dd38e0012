"""System checks: the policy files hold, and every mark names an action that they know."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.urls import URLPattern, URLResolver, get_resolver

from authsec.web.access import Mark, mark_of
from authz.cedar import engine


@register
def policies_hold(**_: Any) -> list[CheckMessage]:
    """The Cedar policies parse, validate against the schema, and each has a sentence and an id."""
    return [Error(problem, id="authz.E001") for problem in engine.problems()]


@register("urls")
def marks_name_actions(**_: Any) -> list[CheckMessage]:
    """Every ``@requires(action)`` in the URL configuration is an action of the schema."""
    return [
        Error(f"{name} requires {mark.action!r}, which schema.cedarschema doesn't have.", id="authz.E002")
        for name, mark in marks(get_resolver().url_patterns)
        if mark.kind == "requires" and mark.action not in engine.actions()
    ]


def marks(patterns: list[URLPattern | URLResolver]) -> Iterator[tuple[str, Mark]]:
    """Every marked view below these patterns, with the name of the view."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from marks(pattern.url_patterns)
        elif mark := mark_of(pattern.callback):
            yield pattern.lookup_str, mark
