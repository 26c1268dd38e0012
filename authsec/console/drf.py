"""The management API's roof: bearer tokens, marks, the tenant, problem details."""

import logging
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.response import Response

from authsec.audit.actor import Actor
from authsec.console import matrix, metrics
from authsec.console.bearer import Bearer, InvalidBearer, not_in_token
from authsec.console.power import CallersPower
from authsec.console.standing import Standing, check_myself, name_of
from authsec.database.context import tenant_context
from authsec.jobs import operations as jobs
from authsec.jobs import results
from authsec.web import problems
from authsec.web.access import Mark
from authsec.web.pagination import BadCursor, BadLimit
from authsec.web.parameters import parse_uuid
from authsec.web.problems import Problem
from authz.console import Decision
from authz.refusals import Escalation, Refused
from endusers import operations as endusers
from oauth import client_changes, clients, credentials, keys
from oauth.api_token import READ, WRITE
from tenants import operations as tenants

log = logging.getLogger(__name__)
# A verb's refusal → status, problem type, and the body's member that it is about.
REFUSALS: dict[type[Exception], tuple[int, str, str]] = {
    tenants.LastOwner: (409, "last-owner", ""),
    tenants.SlugTaken: (409, "conflict", "slug"),
    tenants.BadSlug: (422, "invalid", "slug"),
    tenants.BadName: (422, "invalid", "name"),
    tenants.PlanLimit: (409, "plan-limit", ""),
    tenants.UnverifiedEmail: (403, "forbidden", ""),
    tenants.TenantClosed: (403, "tenant-closed", ""),
    tenants.NotAMember: (404, "not-found", ""),
    tenants.WrongStatus: (409, "conflict", ""),
    tenants.NoSuchInvitation: (404, "not-found", ""),
    tenants.InvitationExpired: (410, "invitation-expired", ""),
    tenants.InvitationUsed: (409, "invitation-used", ""),
    tenants.InvitationRevoked: (410, "invitation-revoked", ""),
    tenants.InvitationDeclined: (410, "invitation-declined", ""),
    tenants.InvitationVoid: (403, "invitation-void", ""),
    tenants.WrongAddress: (403, "email-mismatch", ""),
    tenants.AlreadyMember: (409, "already-member", ""),
    tenants.MemberSuspended: (403, "membership-suspended", ""),
    tenants.NotAnAddress: (422, "invalid", "email"),
    tenants.TooManyInvitations: (429, "throttled", ""),
    tenants.ReasonRequired: (422, "invalid", "reason"),
    endusers.NotAnEndUser: (404, "not-found", ""),
    endusers.ReasonRequired: (422, "invalid", "reason"),
    endusers.UnknownTier: (422, "invalid", "plan_tier"),
    endusers.WrongLimit: (422, "invalid", "rate_limit_override"),
    clients.Refused: (422, "invalid", ""),
    clients.NoSuchClient: (404, "not-found", ""),
    client_changes.NotOwn: (409, "conflict", ""),
    client_changes.Closed: (409, "conflict", ""),
    credentials.NoSuchApplication: (404, "not-found", ""),
    credentials.NoSuchCredential: (404, "not-found", ""),
    jobs.AlreadyOver: (409, "conflict", ""),
    jobs.TooManyJobs: (429, "throttled", ""),
    results.NotYet: (409, "conflict", ""),
    results.Expired: (410, "gone", ""),
}
REALM = f'Bearer realm="{settings.API_RESOURCE}"'


class BearerAuthentication(BaseAuthentication):
    """RFC 6750 §2.1 bearer tokens: JWTs (RFC 9068) of this server for ``{issuer}/api``. No session cookie counts."""

    def authenticate(self, request: Any) -> tuple[Bearer, dict[str, Any]] | None:
        scheme, _, token = get_authorization_header(request).decode("latin-1").strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims = keys.verify(token.strip(), settings.API_RESOURCE)
            UUID(claims["sub"])
        except keys.InvalidToken as error:
            raise InvalidBearer(str(error)) from error
        except (KeyError, ValueError, TypeError) as error:
            raise InvalidBearer("The token names no subject.") from error
        return Bearer(claims), claims

    def authenticate_header(self, request: Any) -> str:
        return REALM


class MarkPermission(BasePermission):
    """Enforces a handler's mark: the token's scope, the tenant it selects, standing, and Cedar's word.

    The signed claim is asked first and refuses without a query (Rule 10).
    """

    def has_permission(self, request: Any, view: Any) -> bool:
        mark = _mark_of(request, view)
        if mark is None:
            return False
        if mark.kind == "public":
            return True
        bearer = request.user
        if not isinstance(bearer, Bearer):
            raise exceptions.NotAuthenticated
        _check_scope(request.method, bearer)
        if mark.kind in ("requires", "member"):
            self._enter_tenant(request, view, mark, bearer)
        elif mark.kind == "bearer":
            check_myself(bearer)
            metrics.decided(matrix.CRITICAL)
            view.name_actor = lambda: _myself(request, bearer)
        return mark.kind in ("requires", "member", "bearer")

    def _enter_tenant(self, request: Any, view: Any, mark: Mark, bearer: Bearer) -> None:
        """Tenant, standing and power: from the claim on the fast path, else from the database in one statement."""
        tenant_id = view.tenant_id = selected_tenant(request, view, bearer)
        view.scope.enter_context(tenant_context(tenant_id, savepoint=False))
        fast = matrix.is_fast(mark.action)
        power = view.powers = CallersPower(bearer, tenant_id, ip=request.client_ip, now=timezone.now())
        if not fast:
            power.read()
        decision = _decision(power, view, mark)
        _count(power, fast)
        if not decision.allowed:
            raise Problem(403, "forbidden", " ".join(decision.reasons) or f"Nothing gives you {mark.action}.")
        view.standing = power.standing
        view.name_actor = lambda: _member(request, power, decision)


def problem_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Every error as problem details (RFC 9457), unexpected ones without a word of what went wrong inside."""
    problem = _as_problem(error)
    request = context["request"]
    if problem is None:
        log.exception("Unexpected error, request %s", getattr(request, "id", ""), exc_info=error)
        problem = Problem(500, "internal-error", "The request's id leads us to what happened.")
    answer = problems.body(
        problem.status_code, problem.kind, problem.text, getattr(request, "id", ""), problem.errors
    )
    return Response(answer, problem.status_code, headers=problem.headers, content_type=problems.CONTENT_TYPE)


def _mark_of(request: Any, view: Any) -> Mark | None:
    """The mark of the handler for this method. A method without handler is 405, for whoever may ask at all."""
    handler = getattr(view, request.method.lower(), None)
    if handler is None or request.method.lower() not in view.http_method_names:
        if not request.user:
            raise exceptions.NotAuthenticated
        raise exceptions.MethodNotAllowed(request.method)
    return getattr(handler, "mark", None)


def _check_scope(method: str, bearer: Bearer) -> None:
    needed = (READ, WRITE) if method in SAFE_METHODS else (WRITE,)
    if not bearer.scopes.intersection(needed):
        challenge = f'{REALM}, error="insufficient_scope", scope="{needed[0]}"'
        raise Problem(
            403,
            "insufficient-scope",
            f"This needs the scope {needed[0]}.",
            headers={"WWW-Authenticate": challenge},
        )


def selected_tenant(request: Any, view: Any, bearer: Bearer) -> UUID:
    """The tenant of the path or of ``X-Tenant-ID``; one in the body may repeat it.

    One that the claim does not hold is 403, whether it exists or not; one that it holds but that is not the
    selected one is 404.
    """
    in_path = view.kwargs.get("tenant_id")
    selected = _header_tenant(request) or in_path
    if selected is None:
        raise Problem(400, "tenant-required", "Name the tenant in the X-Tenant-ID header.")
    in_body = _body_tenant(request) if bearer.holds(selected) else None
    for named in (selected, in_path, in_body):
        if named is not None and not bearer.holds(named):
            raise not_in_token(named)
    if any(named is not None and named != selected for named in (in_path, in_body)):
        raise problems.not_found("The selected tenant has nothing there.")
    return selected


def _header_tenant(request: Any) -> UUID | None:
    given = request.headers.get("X-Tenant-ID")
    if given is None:
        return None
    try:
        return parse_uuid(given.strip())
    except ValueError as error:
        raise Problem(400, "tenant-malformed", "X-Tenant-ID is a tenant's id, a UUID.") from error


def _body_tenant(request: Any) -> UUID | None:
    if request.method in SAFE_METHODS or not isinstance(request.data, dict):
        return None
    if "tenant_id" not in request.data:
        return None
    try:
        return parse_uuid(request.data["tenant_id"])
    except (ValueError, TypeError, AttributeError) as error:
        raise Problem(400, "tenant-malformed", "tenant_id is a tenant's id, a UUID.") from error


def _decision(power: CallersPower, view: Any, mark: Mark) -> Decision:
    if mark.kind == "member":
        return Decision(True)
    instead = view.action_instead(power.standing.user_id)
    actions = [mark.action, instead] if instead else [mark.action]
    return power.decide(*actions, application_id=view.kwargs.get("application_id"))


def _count(power: CallersPower, fast: bool) -> None:
    if not fast:
        metrics.decided(matrix.CRITICAL)
    elif power.asked:
        metrics.decided("fallback", power.fell_back)
    else:
        metrics.decided(matrix.FAST)


def _member(request: Any, power: CallersPower, decision: Decision) -> Actor:
    """Who acts in the tenant, with the name that events record: on the fast path it is read now."""
    standing: Standing = power.standing
    return Actor(
        kind="service_account" if standing.kind == "service_account" else "member",
        id=standing.user_id,
        name=name_of(standing, power.tenant_id),
        capacity=standing.type,
        ip=request.client_ip,
        via="api",
        request_id=request.id,
        policies=decision.policies,
        mfa_at=power.bearer.mfa_at,
    )


def _myself(request: Any, bearer: Bearer) -> Actor:
    return Actor(
        kind="service_account" if bearer.is_service_account else "identity",
        id=bearer.subject,
        name="",
        ip=request.client_ip,
        via="api",
        request_id=request.id,
    )


def _as_problem(error: Exception) -> Problem | None:
    """The problem that an exception is; None for one that nobody foresaw."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Http404):
        return problems.not_found()
    if isinstance(error, InvalidBearer):
        text = str(error.detail)
        challenge = f'{REALM}, error="invalid_token", error_description="{text}"'
        return Problem(401, "invalid-token", text, headers={"WWW-Authenticate": challenge})
    if isinstance(error, exceptions.NotAuthenticated):
        detail = "Send an access token for this API: Authorization: Bearer …"
        return Problem(401, "unauthenticated", detail, headers={"WWW-Authenticate": REALM})
    if isinstance(error, exceptions.ValidationError):
        listed = [{"pointer": problems.pointer(path), "detail": text} for path, text in _flat(error.detail)]
        return Problem(422, "invalid", "; ".join(item["detail"] for item in listed[:5]), errors=listed)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if isinstance(error, RequestDataTooBig):
        return Problem(413, "too-large", "The request is too large.")
    if isinstance(error, SuspiciousOperation):
        return Problem(400, "malformed-request", "The request can't be read.")
    return _of_domain(error)


def _of_framework(error: exceptions.APIException) -> Problem:
    headers = {}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    kind = problems.BY_STATUS.get(error.status_code, "internal-error")
    return Problem(error.status_code, kind, str(error.detail), headers=headers)


def _of_domain(error: Exception) -> Problem | None:
    """What a verb refused."""
    if isinstance(error, Refused):
        return problems.invalid(str(error), error.errors)
    if isinstance(error, BadCursor | BadLimit):
        return problems.wrong_parameter("cursor" if isinstance(error, BadCursor) else "limit", str(error))
    if isinstance(error, PermissionDenied):
        return Problem(403, "escalation" if isinstance(error, Escalation) else "forbidden", str(error))
    for kind, (status, name, member) in REFUSALS.items():
        if isinstance(error, kind):
            errors = [{"pointer": f"#/{member}", "detail": str(error)}] if member else []
            wait = getattr(error, "retry_after", None)  # seconds (RFC 9110 §10.2.3)
            headers = {"Retry-After": str(wait)} if wait else {}
            detail = str(error) or problems.TITLES[name]
            return Problem(status, name, detail, errors=errors, headers=headers)
    return None


def _flat(detail: Any, path: str = "") -> list[tuple[str, str]]:
    """REST framework's nested errors as (dotted path, sentence)."""
    if isinstance(detail, dict):
        return [
            pair
            for name, inner in detail.items()
            for pair in _flat(
                inner, path if name == "non_field_errors" else f"{path}.{name}" if path else str(name)
            )
        ]
    if isinstance(detail, list):
        return [
            pair
            for index, inner in enumerate(detail)
            for pair in _flat(inner, f"{path}.{index}" if isinstance(inner, dict) else path)
        ]
    return [(path, str(detail))]
