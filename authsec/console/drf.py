"""The management API's roof: bearer tokens, marks, the tenant. What refuses is answered in ``refusals``."""

import logging
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import SAFE_METHODS, BasePermission

from authsec.audit.actor import Actor
from authsec.console import matrix, metrics, quota
from authsec.console.bearer import Bearer, InvalidBearer, challenge, needed_scopes, not_in_token
from authsec.console.power import CallersPower
from authsec.console.standing import Standing, check_myself, name_of
from authsec.database.context import tenant_context
from authsec.web import problems
from authsec.web.access import Mark
from authsec.web.parameters import parse_uuid
from authsec.web.problems import Problem
from authz.console import Decision
from oauth import keys

log = logging.getLogger(__name__)


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
        return challenge(request.method)


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
        view.quota = quota.spend(bearer)
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


def _mark_of(request: Any, view: Any) -> Mark | None:
    """The mark of the handler for this method. A method without handler is 405, for whoever may ask at all."""
    handler = getattr(view, request.method.lower(), None)
    if handler is None or request.method.lower() not in view.http_method_names:
        if not request.user:
            raise exceptions.NotAuthenticated
        raise exceptions.MethodNotAllowed(request.method)
    return getattr(handler, "mark", None)


def _check_scope(method: str, bearer: Bearer) -> None:
    needed = needed_scopes(method)
    if not bearer.scopes.intersection(needed):
        raise Problem(
            403,
            "insufficient-scope",
            f"This needs the scope {needed[0]}.",
            headers={"WWW-Authenticate": challenge(method, error="insufficient_scope")},
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
