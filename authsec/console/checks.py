"""System checks of the roof: every view has a mark, and the decision matrix knows every mark of the API."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.urls import URLPattern, URLResolver, get_resolver

from authsec.console import matrix
from authsec.console.middleware import LIBRARY_VIEWS
from authsec.web.access import mark_of
from authsec.web.api import ApiView
from authz.cedar import engine


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every route of the installation: its path as the resolver writes it, and its pattern."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        else:
            yield path, entry


@register(Tags.urls)
def check_marks(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """A view without a mark is refused at run time; this says so before anybody meets the closed door."""
    messages: list[CheckMessage] = []
    for path, pattern in routes():
        view = pattern.callback
        module = getattr(view, "__module__", "") or ""
        if mark_of(view) is None and not module.startswith(tuple(LIBRARY_VIEWS)):
            messages.append(
                Error(
                    f"The view {module}.{getattr(view, '__name__', view)} at /{path} has no mark.",
                    hint="Put @public, @protocol, @signed_in, @member or @requires(…) on it.",
                    id="authsec.E002",
                )
            )
        messages += [
            Error(f"{module}.{handler} at /{path} has no mark.", id="authsec.E003")
            for handler in unmarked_handlers(view)
        ]
    return messages


@register(Tags.urls)
def check_matrix(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """What the matrix does not list is critical; a line that is missing or left over is a mistake all the same."""
    wanted = {"IDENTITY": set(identity_routes()), "TENANT": set(engine.actions())}
    listed = {"IDENTITY": set(matrix.IDENTITY), "TENANT": set(matrix.TENANT)}
    return [
        Error(f"authsec.console.matrix.{table}: {what} {name}.", id="authsec.E004")
        for table in wanted
        for what, names in (
            ("no line for", wanted[table] - listed[table]),
            ("nothing is called", listed[table] - wanted[table]),
        )
        for name in sorted(names)
    ]


def identity_routes(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[str]:
    """URL names of the API's routes about the bearer."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from identity_routes(entry, inner)
            continue
        cls = getattr(entry.callback, "cls", None)
        if cls is not None and issubclass(cls, ApiView):
            handlers = (getattr(cls, name, None) for name in cls.http_method_names)
            if any((mark := mark_of(handler)) and mark.kind == "bearer" for handler in handlers if handler):
                yield f"{namespace}{entry.name}"


def unmarked_handlers(view: Any) -> list[str]:
    """The handlers of an API view that carry no mark of their own: GET may need another action than POST."""
    cls = getattr(view, "cls", None)
    if cls is None or not issubclass(cls, ApiView):
        return []
    handlers = {name: getattr(cls, name, None) for name in cls.http_method_names}
    return [
        f"{cls.__name__}.{name}" for name, handler in handlers.items() if handler and not mark_of(handler)
    ]
