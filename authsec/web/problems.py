"""Errors of every JSON API as problem details (RFC 9457).

``type`` is one short word-with-hyphens, stable, meant to be compared; ``title`` says what it is in general, ``detail``
what happened this time, ``errors`` where.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, JsonResponse
from rest_framework.exceptions import APIException

CONTENT_TYPE = "application/problem+json"

TITLES = {
    "malformed-request": "The request can't be read",
    "invalid-parameter": "A query parameter is wrong",
    "tenant-required": "No tenant is named",
    "tenant-malformed": "The tenant's id is no UUID",
    "unauthenticated": "An access token is needed",
    "invalid-token": "The access token is not valid",
    "insufficient-scope": "The access token's scopes don't allow this",
    "tenant-not-in-token": "The access token holds no such tenant",
    "membership-suspended": "Your membership is suspended",
    "membership-left": "You have left this tenant",
    "membership-invited": "Your invitation is not accepted yet",
    "service-account-ended": "The service account has ended",
    "second-factor-required": "The tenant requires a second factor that you don't have",
    "client-denied": "The client may not act in this tenant",
    "tenant-closed": "The tenant is closed",
    "invitation-expired": "The invitation has expired",
    "invitation-used": "The invitation has been used",
    "invitation-revoked": "The invitation was taken back",
    "invitation-declined": "The invitation was declined",
    "invitation-void": "Whoever sent the invitation may not give this any more",
    "email-mismatch": "The invitation is for another e-mail address",
    "already-member": "They are a member already",
    "forbidden": "Not allowed",
    "escalation": "Nobody gives more than they hold",
    "not-found": "Not found",
    "method-not-allowed": "The method is not allowed here",
    "not-acceptable": "No such representation",
    "conflict": "The state of things forbids this",
    "last-owner": "The last owner stays",
    "plan-limit": "The tenant's plan has no room for more",
    "address-taken": "Another tenant has verified the address",
    "address-not-proved": "Nothing shows that the address is yours",
    "gone": "No longer there",
    "too-large": "The request is too large",
    "unsupported-media-type": "The request's media type is not JSON",
    "invalid": "The request's content is wrong",
    "throttled": "Too many requests",
    "internal-error": "Something went wrong on our side",
    "unavailable": "Not available at the moment",
}
# What a bare status means where nothing more is known.
BY_STATUS = {
    400: "malformed-request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    409: "conflict",
    410: "gone",
    413: "too-large",
    415: "unsupported-media-type",
    422: "invalid",
    429: "throttled",
    503: "unavailable",
}
# The status that each type is answered with, the same wherever it arises.
STATUS_OF = {kind: status for status, kind in BY_STATUS.items()} | {
    "tenant-required": 400,
    "tenant-malformed": 400,
    "invalid-parameter": 400,
    "invalid-token": 401,
    "insufficient-scope": 403,
    "tenant-not-in-token": 403,
    "tenant-closed": 403,
    "membership-suspended": 403,
    "second-factor-required": 403,
    "membership-left": 403,
    "membership-invited": 403,
    "service-account-ended": 403,
    "client-denied": 403,
    "escalation": 403,
    "email-mismatch": 403,
    "invitation-void": 403,
    "invitation-used": 409,
    "already-member": 409,
    "invitation-expired": 410,
    "invitation-revoked": 410,
    "invitation-declined": 410,
    "last-owner": 409,
    "address-taken": 409,
    "address-not-proved": 422,
    "plan-limit": 409,
    "internal-error": 500,
}

Errors = Iterable[Mapping[str, str]]


class Problem(APIException):
    """An error with its problem type. ``errors``: ``{"pointer" or "parameter", "detail"}`` each. ``members``: what
    this type says besides (RFC 9457 §3.2).
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        errors: Errors = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.members = dict(members or {})
        self.status_code, self.kind, self.text = status, kind, detail
        self.errors, self.headers = list(errors), dict(headers or {})


def invalid(detail: str, errors: Mapping[str, str] | None = None) -> Problem:
    """422: well-formed JSON that says something wrong. ``errors``: JSON pointer without ``#/`` → sentence."""
    listed = [{"pointer": pointer(name), "detail": text} for name, text in (errors or {}).items()]
    return Problem(422, "invalid", detail, errors=listed)


def wrong_parameter(name: str, detail: str) -> Problem:
    """400: a query parameter that cannot be used."""
    return Problem(
        400, "invalid-parameter", f"{name}: {detail}", errors=[{"parameter": name, "detail": detail}]
    )


def not_found(detail: str = "There is nothing here by that id.") -> Problem:
    """404: missing, or of another tenant; the answer is the same."""
    return Problem(404, "not-found", detail)


def pointer(path: str) -> str:
    """A JSON pointer (RFC 6901) as a fragment from a dotted path: ``scopes.0.name`` → ``#/scopes/0/name``."""
    return "#/" + path.replace("~", "~0").replace("/", "~1").replace(".", "/") if path else "#"


def body(status: int, kind: str, detail: str, request_id: str, errors: Errors = ()) -> dict[str, Any]:
    """The members of a problem. ``errors`` stands there always, so that a reader need not ask."""
    return {
        "type": kind,
        "title": TITLES.get(kind, TITLES["internal-error"]),
        "status": status,
        "detail": detail,
        "errors": list(errors),
        "request_id": request_id,
    }


def problem_response(request: HttpRequest, status: int, detail: str, kind: str = "") -> JsonResponse:
    """A problem outside of REST framework: an unknown path, a fault in a middleware."""
    kind = kind or BY_STATUS.get(status, "internal-error")
    answer = body(status, kind, detail, getattr(request, "id", ""))
    return JsonResponse(
        answer, status=status, content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"}
    )


def problem_answer(request: HttpRequest, problem: Problem) -> JsonResponse:
    """A Problem outside of REST framework, whole: with its places, members and headers."""
    answer = body(problem.status_code, problem.kind, problem.text, getattr(request, "id", ""), problem.errors)
    return JsonResponse(
        problem.members | answer,
        status=problem.status_code,
        content_type=CONTENT_TYPE,
        headers={"Cache-Control": "no-store", **problem.headers},
    )


def wants_problem(request: HttpRequest) -> bool:
    """Whether the path belongs to the JSON API, whose errors are never pages."""
    return request.path_info.startswith(("/api/", "/uflow/", "/authsec/"))
