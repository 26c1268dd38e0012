"""The management API's roof: bearer tokens, marks, problem details."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.views import exception_handler


class BearerAuthentication(BaseAuthentication):
    """RFC 6750 bearer access tokens (RFC 9068 JWTs) of this server."""

    def authenticate(self, request: Any) -> None:
        return None


class MarkPermission(BasePermission):
    """Refuses API views without a mark."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return False


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Errors as problem details (RFC 9457)."""
    return exception_handler(error, context)
