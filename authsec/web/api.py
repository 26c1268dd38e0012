"""What every view of the management API is made of: its base class, its body and its lists.

Authentication, marks and the tenant are the roof's (``authsec.console.drf``); it enters the tenant's transaction
through :attr:`ApiView.scope` before a handler runs.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    BooleanField,
    CharField,
    DateTimeField,
    IntegerField,
    Serializer,
    ValidationError,
)
from rest_framework.views import APIView

from authsec.web.access import Mark
from authsec.web.pagination import paginate, parse_limit
from authsec.web.parameters import parameters
from authsec.web.problems import Problem

if TYPE_CHECKING:
    from authsec.audit.actor import Actor


class ApiView(APIView):
    """A view of the management API. Each handler carries its own mark; one without is refused."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    mark = Mark("bearer")
    tenant_id: UUID  # set by the roof before a handler that requires an action runs
    powers: Any  # what the caller may do (authsec.console.power), likewise
    standing: Any  # who the caller is in the tenant (authsec.console.standing), likewise
    quota: Mapping[str, str] = {}  # set by the roof: the header fields that say how much of it is left
    name_actor: Callable[[], "Actor"]  # who acts; may read the name, so it is asked only when somebody acts

    @cached_property
    def actor(self) -> "Actor":
        """Who acts, for the verbs and their events."""
        return self.name_actor()

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Run inside :attr:`scope`, which ends after the answer is made and before it is sent."""
        with ExitStack() as self.scope:
            return super().dispatch(request, *args, **kwargs)

    def action_instead(self, caller_id: UUID) -> str | None:
        """Another action that also opens the view, for what is the caller's own (a users.id); None without one."""
        return None

    def also_requires(self, action: str) -> None:
        """Ask for a second action, when what the body wants needs it. Raises a Problem (403)."""
        decision = self.powers.decide(action)
        if not decision.allowed:
            raise Problem(403, "forbidden", " ".join(decision.reasons))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After the roof let pass: a body where none is described is refused, not ignored."""
        super().initial(request, *args, **kwargs)
        if request.method not in SAFE_METHODS and not self._takes_body(str(request.method).lower()):
            read_input(Input, request)

    def _takes_body(self, method: str) -> bool:
        """Whether the method's description (``extend_schema``) names a body. DELETE has none (RFC 9110 §9.3.5)."""
        described = getattr(getattr(self, method), "kwargs", {}).get("schema")
        if method == "delete" or described is None:
            return False
        schema = described()
        schema.view = self
        return schema.get_request_serializer() is not None

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        response["Cache-Control"] = "no-store"
        return response

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response.setdefault("Cache-Control", "no-store")
        for name, value in self.quota.items():
            response[name] = value
        return super().finalize_response(request, response, *args, **kwargs)


class Input(Serializer[Any]):
    """The body of a write. Unknown members are refused: an ignored one might have been a condition.

    ``tenant_id`` may stand in any body; the roof has compared it with the tenant that is selected.
    """

    refuses_unknown = True
    nested = False

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = set(self.fields) if self.nested else {*self.fields, "tenant_id"}
            if unknown := sorted(set(data) - known):
                raise ValidationError({name: [f"There is no member {name}."] for name in unknown})
        return super().to_internal_value(data)


class Moment(DateTimeField):
    """A time with its zone (RFC 3339 §5.6): without one it would be another moment for every reader."""

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise ValidationError("A time with its zone, such as 2026-12-01T09:00:00Z.")
        return super().enforce_timezone(value)


class Listed(Serializer[Any]):
    """What every list has besides its items."""

    paged = True  # takes limit and cursor

    next = CharField(allow_null=True, help_text="Cursor of the next page.")
    count = IntegerField()
    count_is_estimate = BooleanField()


def read_input(serializer: type[Input], request: Request) -> dict[str, Any]:
    """The validated body; raises a Problem (422) that names each wrong member."""
    reader = serializer(data=request.data if request.data is not None else {})
    reader.is_valid(raise_exception=True)
    return dict(reader.validated_data)


def page_of(
    request: Request,
    rows: QuerySet[Any],
    show: Callable[[Sequence[Any]], list[dict[str, Any]]],
    *,
    column: str = "created_at",
    id_column: str = "id",
    ascending: bool | None = None,
) -> Response:
    """One keyset page of ``rows``, newest first unless ``ascending``; ``show`` makes the items of its rows at once."""
    given = parameters(request, "cursor", "limit")
    page = paginate(
        rows,
        column=column,
        id_column=id_column,
        cursor=given.get("cursor", ""),
        limit=parse_limit(given.get("limit", "")),
        ascending=ascending,
    )
    return listing(show(page.items), next=page.next, count=page.count.value, estimated=page.count.is_estimate)


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
