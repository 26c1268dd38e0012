"""What every view of the management API is made of: its base class, its input and its lists.

Authentication, marks and the tenant are the roof's (``authsec.console.drf``); it enters the tenant's transaction
through :attr:`ApiView.scope` before a handler runs.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes
from uuid import UUID

from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from authsec.audit.actor import Actor
from authsec.web.access import Mark
from authsec.web.problems import Problem, invalid, wrong_parameter

MAX_BODY = 1_048_576
MAX_PARAMETERS = 50
MAX_LIMIT = 200
DEFAULT_LIMIT = 50


class ApiView(APIView):
    """A view of the management API. Each handler carries its own mark; one without is refused."""

    mark = Mark("bearer")
    tenant_id: UUID  # set by the roof before a handler that requires an action runs
    actor: Actor

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Run inside :attr:`scope`, which ends after the answer is made and before it is sent."""
        with ExitStack() as self.scope:
            return super().dispatch(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        response["Cache-Control"] = "no-store"
        return response

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response.setdefault("Cache-Control", "no-store")
        return super().finalize_response(request, response, *args, **kwargs)


class StrictJSONParser(BaseParser):
    """JSON (RFC 8259) as UTF-8, at most MAX_BODY bytes, without duplicate names, NUL or lone surrogates."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the value; raise a Problem (400 or 413) that says what is wrong."""
        raw = stream.read(MAX_BODY + 1)
        if len(raw) > MAX_BODY:
            raise Problem(413, "too-large", f"A body has at most {MAX_BODY} bytes.")
        try:
            value = json.loads(
                raw.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_constant=_constant
            )
            _check_text(value)
        except UnicodeDecodeError as error:
            raise _malformed("The body is not UTF-8.") from error
        except RecursionError as error:
            raise _malformed("The body is nested too deeply.") from error
        except ValueError as error:
            raise _malformed(f"The body is not JSON that we take: {error}.") from error
        return value


class Input(Serializer[Any]):
    """The body of a write. Unknown members are refused: an ignored one might have been a condition.

    ``tenant_id`` may stand in any body; the roof has compared it with the tenant that is selected.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {*self.fields, "tenant_id"} if self.parent is None else set(self.fields)
            if unknown := sorted(set(data) - known):
                raise invalid(
                    f"Unknown: {', '.join(unknown)}.",
                    {self._path(name): "There is no such member." for name in unknown},
                )
        return super().to_internal_value(data)

    def _path(self, name: str) -> str:
        """The dotted path of a member from the body's root."""
        if self.parent is None or not self.field_name:
            return name
        return (
            self.parent._path(f"{self.field_name}.{name}")
            if isinstance(self.parent, Input)
            else f"{self.field_name}.{name}"
        )


def read_input(serializer: type[Input], request: Request) -> dict[str, Any]:
    """The validated body; raises a Problem (422) that names each wrong member."""
    reader = serializer(data=request.data if request.data is not None else {})
    reader.is_valid(raise_exception=True)
    return dict(reader.validated_data)


def parameters(request: Request, *names: str) -> dict[str, str]:
    """The query parameters of these names, trimmed; others are ignored, an absent or empty one is missing here.

    Raises a Problem (400) for one that is given twice, is not UTF-8 or holds NUL.
    """
    found: dict[str, str] = {}
    raw = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
    pairs = [pair for pair in raw.split(b"&") if pair]
    if len(pairs) > MAX_PARAMETERS:
        raise Problem(400, "invalid-parameter", f"At most {MAX_PARAMETERS} parameters.")
    for pair in pairs:
        name, _, value = (_text(part) for part in pair.partition(b"="))
        if name in found:
            raise wrong_parameter(name, "Given twice.")
        found[name] = value.strip()
    return {name: found[name] for name in names if found.get(name)}


def one_of(given: Mapping[str, str], name: str, allowed: Iterable[str]) -> str | None:
    """The parameter's value if it is one of ``allowed``, None when it is missing."""
    value, allowed = given.get(name), list(allowed)
    if value is not None and value not in allowed:
        raise wrong_parameter(name, f"One of {', '.join(allowed)}.")
    return value


def uuid_parameter(given: Mapping[str, str], name: str) -> UUID | None:
    """The parameter as an id, None when it is missing."""
    if name not in given:
        return None
    try:
        return parse_uuid(given[name])
    except ValueError as error:
        raise wrong_parameter(name, "An id is a UUID.") from error


def limit_parameter(given: Mapping[str, str]) -> int:
    """``limit``: 1 to MAX_LIMIT rows on a page, DEFAULT_LIMIT when missing."""
    value = given.get("limit", str(DEFAULT_LIMIT))
    if not value.isascii() or not value.isdigit() or len(value) > 4 or not 1 <= int(value) <= MAX_LIMIT:
        raise wrong_parameter("limit", f"A number from 1 to {MAX_LIMIT}.")
    return int(value)


def parse_uuid(text: str) -> UUID:
    """A UUID in its canonical form, in any case (RFC 9562 §4); ValueError for anything else."""
    value = UUID(text)
    if str(value) != text.lower():
        raise ValueError("Not the canonical form of a UUID.")
    return value


def listing(
    items: list[Any], *, next: str | None = None, count: int | None = None, estimated: bool = False
) -> Response:
    """A page of a list: ``next`` is the cursor of the following page or None."""
    return Response(
        {
            "items": items,
            "next": next,
            "count": len(items) if count is None else count,
            "count_is_estimate": estimated,
        }
    )


def _malformed(detail: str) -> Problem:
    return Problem(400, "malformed-request", detail)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _check_text(value: Any) -> None:
    """Refuse what PostgreSQL cannot store: NUL, and halves of surrogate pairs."""
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("a string holds NUL")
        value.encode("utf-8")  # UnicodeEncodeError, a ValueError, for half of a surrogate pair
    elif isinstance(value, dict):
        for name, member in value.items():
            _check_text(name)
            _check_text(member)
    elif isinstance(value, list):
        for member in value:
            _check_text(member)


def _text(raw: bytes) -> str:
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(400, "invalid-parameter", "The query string is not UTF-8.") from error
    if "\x00" in text:
        raise Problem(400, "invalid-parameter", "The query string holds NUL.")
    return text
