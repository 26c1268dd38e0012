"""What a management API request is answered with when anything on its way raised: a problem (RFC 9457)."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from authsec.console.bearer import InvalidBearer, challenge
from authsec.database.collisions import AGAIN, AGAIN_IN_S, collided
from authsec.jobs import operations as jobs
from authsec.jobs import results
from authsec.web import problems
from authsec.web.pagination import BadCursor, BadLimit
from authsec.web.problems import Problem
from authz import group_members, tools
from authz.refusals import Escalation, Refused
from authz.what_if import simulate
from endusers import import_file, plan_tiers, tier_moves
from endusers import operations as endusers
from endusers.bulk import jobs as bulk
from endusers.bulk import undo
from oauth import credentials
from oauth.clients import approvals
from oauth.clients import changes as client_changes
from oauth.clients import creation as clients
from oauth.clients import key_changes as client_key_changes
from oauth.clients import keys as client_keys
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
    tenants.TooManyTenants: (429, "throttled", ""),
    tenants.TooManySlugs: (429, "throttled", "slug"),
    tenants.ReasonRequired: (422, "invalid", "reason"),
    endusers.NotAnEndUser: (404, "not-found", ""),
    endusers.ReasonRequired: (422, "invalid", "reason"),
    bulk.NobodyChosen: (422, "invalid", "filter"),
    undo.NoWayBack: (409, "conflict", ""),
    import_file.BadFile: (422, "invalid", "csv"),
    endusers.UnknownTier: (422, "invalid", "plan_tier"),
    plan_tiers.TierInUse: (409, "conflict", ""),
    plan_tiers.TierRetired: (409, "conflict", ""),
    tier_moves.ReferenceReused: (409, "conflict", "reference"),
    tier_moves.NotYetDue: (422, "invalid", "effective_at"),
    endusers.WrongLimit: (422, "invalid", "rate_limit_override"),
    group_members.KeptByDirectory: (409, "conflict", ""),
    tools.NoSuchTool: (404, "not-found", ""),
    simulate.Busy: (503, "unavailable", ""),
    clients.Refused: (422, "invalid", ""),
    clients.NoSuchClient: (404, "not-found", ""),
    clients.ProvesByKey: (409, "conflict", ""),
    client_key_changes.HasNoProof: (409, "conflict", ""),
    client_keys.BadKeys: (422, "invalid", "jwks"),
    approvals.BadLimit: (422, "invalid", ""),
    client_changes.NotOwn: (409, "conflict", ""),
    client_changes.Closed: (409, "conflict", ""),
    credentials.NoSuchApplication: (404, "not-found", ""),
    credentials.NoSuchCredential: (404, "not-found", ""),
    jobs.AlreadyOver: (409, "conflict", ""),
    jobs.TooManyJobs: (429, "throttled", ""),
    results.NotYet: (409, "conflict", ""),
    results.Expired: (410, "gone", ""),
}


def problem_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Every error as problem details (RFC 9457), unexpected ones without a word of what went wrong inside."""
    request = context["request"]
    problem = _as_problem(error, request.method)
    if problem is None:
        log.exception("Unexpected error, request %s", getattr(request, "id", ""), exc_info=error)
        problem = Problem(500, "internal-error", "The request's id leads us to what happened.")
    answer = problems.body(
        problem.status_code, problem.kind, problem.text, getattr(request, "id", ""), problem.errors
    )
    return Response(
        problem.members | answer,
        problem.status_code,
        headers=problem.headers,
        content_type=problems.CONTENT_TYPE,
    )


def _as_problem(error: Exception, method: str) -> Problem | None:
    """The problem that an exception is; None for one that nobody foresaw."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Http404):
        return problems.not_found()
    if isinstance(error, InvalidBearer):
        text = str(error.detail)
        said = challenge(method, error="invalid_token", text=text)
        return Problem(401, "invalid-token", text, headers={"WWW-Authenticate": said})
    if isinstance(error, exceptions.NotAuthenticated):
        detail = "Send an access token for this API: Authorization: Bearer …"
        return Problem(401, "unauthenticated", detail, headers={"WWW-Authenticate": challenge(method)})
    if isinstance(error, exceptions.ValidationError):
        listed = [{"pointer": problems.pointer(path), "detail": text} for path, text in _flat(error.detail)]
        return Problem(422, "invalid", "; ".join(item["detail"] for item in listed[:5]), errors=listed)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if isinstance(error, RequestDataTooBig):
        return Problem(413, "too-large", "The request is too large.")
    if isinstance(error, SuspiciousOperation):
        return Problem(400, "malformed-request", "The request can't be read.")
    if collided(error):
        return Problem(503, "unavailable", AGAIN, headers={"Retry-After": AGAIN_IN_S})
    return _of_domain(error)


def _of_framework(error: exceptions.APIException) -> Problem:
    headers = {}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    kind = problems.BY_STATUS.get(error.status_code, "internal-error")
    return Problem(error.status_code, kind, str(error.detail), headers=headers)


def _of_domain(error: Exception) -> Problem | None:
    """What a verb refused."""
    if isinstance(error, Refused | plan_tiers.WrongTier) and type(error) not in REFUSALS:
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
            more = getattr(error, "members", None)
            return Problem(status, name, detail, errors=errors, headers=headers, members=more)
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
