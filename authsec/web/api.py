"""What every view of the management API is made of: its base class, its body and its lists.

Authentication, marks and the tenant are the roof's (``authsec.console.drf``); it enters the tenant's transaction
through :attr:`ApiView.scope` before a handler runs.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from authsec.audit.actor import Actor
from authsec.web.access import Mark
from authsec.web.problems import invalid


class ApiView(APIView):
    """A view of the management API. Each handler carries its own mark; one without is refused."""

    http_method_names = ["get", "head", "post", "patch", "delete"]
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
