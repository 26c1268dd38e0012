"""Why somebody may do what they may."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView
from authsec.web.parameters import (
    address_parameter,
    moment_parameter,
    one_of,
    parameters,
    uuid_parameter,
)
from authsec.web.problems import not_found, wrong_parameter
from authz.api import schemas
from authz.api.rows import found, known_moment
from authz.effective.comparison import compare, in_order
from authz.effective.comparison_words import sentence
from authz.effective.explanation import Explanation, explain
from authz.effective.grants import Item
from authz.effective.reasons import removed, removing_term, why
from authz.effective.sentences import sentences
from authz.effective.terms import ApplicationAccess
from authz.models import Application
from authz.tool_access import ToolsAccess, tools_at, tools_of

MOST_WAYS = 50


class EffectiveAccess(ApiView):
    """The bindings that reach a user, with source, conditions and state, and what comes of them."""

    def action_instead(self, caller_id: UUID) -> str | None:
        """One's own access needs no right to see other people's."""
        return "effective_access:own" if self.kwargs["user_id"] == caller_id else None

    @requires("effective_access:read")
    @extend_schema(
        operation_id="effective_access",
        responses=schemas.EffectiveAccess,
        tags=["access"],
        parameters=[
            OpenApiParameter("application", description="Only this Application, by id."),
            OpenApiParameter(
                "at",
                description="As if asked then (RFC 3339), within the history that is kept. Now, when missing.",
            ),
            OpenApiParameter("mfa", enum=["true", "false"], description="As if with a fresh second factor."),
            OpenApiParameter(
                "mfa_at", description="As if with a second factor of then (RFC 3339); not with `mfa`."
            ),
            OpenApiParameter(
                "compare", description="What differs from the answer for then (RFC 3339), in `comparison`."
            ),
            OpenApiParameter("ip", description="As if asked from this address."),
            OpenApiParameter(
                "scope",
                description="As if a client asked for these, with blanks between. Everything, when missing.",
            ),
        ],
    )
    def get(self, request: Request, user_id: UUID) -> Response:
        """What tokens could carry, Application by Application, and every binding that says so.

        Without `ip` a binding limited to addresses is `missing_context`; without `mfa=true` one that asks for a
        second factor is `pending_step_up`.
        """
        given = parameters(request, "application", "at", "mfa", "mfa_at", "ip", "scope", "compare")
        now = timezone.now()
        at = known_moment(given, "at", now) or now
        other = known_moment(given, "compare", now)
        explanation = self._explained(user_id, given, at)
        if explanation is None:
            raise not_found("There is no such user here.")
        beside = self._explained(user_id, given, other) if other else None
        reached = [one for one in explanation.applications if one.reached]
        tools = tools_at(
            tenant_id=self.tenant_id, applications=[one.id for one in reached], at=explanation.at
        )
        told = {str(one.id): _tools(tools_of(one, explanation, tools)) for one in reached if one.id in tools}
        compared = _compared(*in_order(explanation, beside)) if beside else None
        return Response(_shown(explanation) | {"tools": told, "comparison": compared})

    def _explained(self, user_id: UUID, given: Mapping[str, str], at: datetime) -> Explanation | None:
        """The answer for one moment, in the circumstances that the query gives."""
        application_id, ip = uuid_parameter(given, "application"), address_parameter(given, "ip")
        mfa_at = _mfa_at(given, at)
        if application_id:
            found(Application, self.tenant_id, application_id)
        return explain(
            tenant_id=self.tenant_id,
            subject_kind="user",
            subject_id=user_id,
            at=at,
            mfa_at=mfa_at,
            ip=ip,
            application_id=application_id,
            requested=frozenset(given["scope"].split()) if "scope" in given else None,
        )


def _mfa_at(given: Mapping[str, str], at: datetime) -> datetime | None:
    """When the second factor was: at the moment asked about, at one of its own, or never."""
    mfa = one_of(given, "mfa", ["true", "false"])
    mfa_at = moment_parameter(given, "mfa_at")
    if mfa is not None and mfa_at is not None:
        raise wrong_parameter("mfa_at", "Give mfa or mfa_at, not both.")
    return at if mfa == "true" else mfa_at


def _shown(explanation: Explanation) -> dict[str, Any]:
    return {
        "user": explanation.subject.id,
        "standing": {
            "active": explanation.standing.active,
            "reasons": list(explanation.standing.reasons),
        },
        "as_if": {"at": explanation.at, "mfa_at": explanation.mfa_at, "ip": explanation.ip},
        "sentences": [
            {"application_id": said.application_id, "text": said.text} for said in sentences(explanation)
        ],
        "items": [_item(item, explanation) for item in explanation.items],
        "applications": [_application(one, explanation) for one in explanation.applications if one.reached],
        "effective": {str(key): list(names) for key, names in explanation.effective.items()},
        "effective_console": list(explanation.effective_console),
        "count": len(explanation.items),
    }


def _compared(before: Explanation, after: Explanation) -> dict[str, Any]:
    return {
        "before": before.at,
        "after": after.at,
        "changes": [
            {
                "application_id": change.application_id,
                "name": change.name,
                "kind": change.kind,
                "before": change.before,
                "after": change.after,
                "reasons": [sentence(reason) for reason in change.reasons],
            }
            for change in compare(before, after).changes
        ],
    }


def _tools(access: ToolsAccess) -> list[dict[str, Any]]:
    return [
        {
            "name": one.tool.name,
            "state": one.state,
            "reason": one.reason,
            "is_public": one.tool.is_public,
            "required_scopes": list(one.tool.required_scopes),
        }
        for one in access.items
    ]


def _application(one: ApplicationAccess, explanation: Explanation) -> dict[str, Any]:
    return {
        "application_id": one.id,
        "name": one.application.name,
        "resource_uri": one.application.resource_uri,
        "closed": one.closed or None,
        "scopes": [
            {
                "name": scope.name,
                "entitled": scope.entitled,
                "supported": scope.supported,
                "requested": scope.requested,
                "granted": scope.granted or None,
                "removed_by": removing_term(scope) or None,
                "reason": removed(scope, one, explanation),
                "binding_ids": list(dict.fromkeys(path.item.binding_id for path in scope.paths))[:MOST_WAYS],
            }
            for scope in one.scopes
        ],
    }


def _item(item: Item, explanation: Explanation) -> dict[str, Any]:
    return {
        "binding_id": item.binding_id,
        "role_id": item.role_id,
        "role_name": item.role_name,
        "source": item.source,
        "source_id": item.source_id,
        "source_name": item.source_name,
        "application_id": item.application_id,
        "scopes": list(item.scopes),
        "console_permissions": list(item.console_permissions),
        "conditions": item.conditions,
        "expires_at": item.expires_at,
        "state": item.state,
        "state_reason": why(item, item.state, explanation),
        "reason": item.reason,
        "created_at": item.created_at,
        "given_by": item.given_by,
    }
